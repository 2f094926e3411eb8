// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/rule_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

using testing::ElementsAre;

// sg-1 with TCP ports in, each its own rule, and acl-1 with one entry out.
Model model_with_ports(std::initializer_list<std::uint16_t> ports) {
    SecurityGroup group{.id = "sg-1"};
    for (const std::uint16_t port : ports) {
        group.rules[1].push_back(
            {.traffic = {.protocol = 6, .from_port = port, .to_port = port}, .source = Prefix::parse("192.0.2.0/24")->prefix});
    }
    NetworkAcl acl{.id = "acl-1"};
    acl.entries[0].push_back({.number = 100, .allow = true, .cidr = Prefix::parse("0.0.0.0/0")->prefix});
    Model model;
    model.security_groups.push_back(std::move(group));
    model.network_acls.push_back(std::move(acl));
    return model;
}

std::vector<std::string> told(const RuleCounts& counts) {
    std::vector<std::string> lines;
    for (const RuleCount& rule : counts.rules) {
        lines.push_back(rule.owner_id + " " + std::string(to_string(rule.direction)) + " " + rule.text + ": " +
                        std::to_string(rule.decisions));
    }
    return lines;
}

TEST(RuleCounts, ListEveryRuleTheBusiestFirst) {
    const std::vector<RuleHits> hits{{.label = "sg-1 ingress tcp 443 from 192.0.2.0/24", .decisions = 7},
                                     {.label = "acl-1 egress 100 ipv4", .decisions = 9}};
    const RuleCounts counts = count_rules(model_with_ports({22, 443}), hits, 10);
    EXPECT_THAT(told(counts), ElementsAre("acl-1 outbound 100 allow all to 0.0.0.0/0: 9", "sg-1 inbound tcp 443 from 192.0.2.0/24: 7",
                                          "sg-1 inbound tcp 22 from 192.0.2.0/24: 0"));
    EXPECT_FALSE(counts.is_truncated);
    EXPECT_EQ(counts.rules[0].rule_id, "100");
}

TEST(RuleCounts, RuleThatIsGivenTwiceIsListedOnce) { EXPECT_EQ(count_rules(model_with_ports({22, 22}), {}, 10).rules.size(), 2U); }

TEST(RuleCounts, WhatIsCutOffIsSaidAndTheBusiestStay) {
    const std::vector<RuleHits> hits{{.label = "sg-1 ingress tcp 9 from 192.0.2.0/24", .decisions = 1}};
    const RuleCounts counts = count_rules(model_with_ports({1, 2, 3, 4, 5, 6, 7, 8, 9}), hits, 2);
    EXPECT_THAT(told(counts), ElementsAre("sg-1 inbound tcp 9 from 192.0.2.0/24: 1", "acl-1 outbound 100 allow all to 0.0.0.0/0: 0"));
    EXPECT_TRUE(counts.is_truncated);
}

}  // namespace
}  // namespace portcullis
