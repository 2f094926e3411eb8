// SPDX-License-Identifier: Apache-2.0
#include "core/rule_label.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

const SecurityGroup kGroup{.id = "sg-1"};

Prefix prefix(const char* text) { return Prefix::parse(text)->prefix; }

std::string label(Direction direction, const Traffic& traffic, const RuleSource& source) {
    return rule_label(kGroup, direction, SecurityGroupRule{.traffic = traffic, .source = source});
}

TEST(RuleLabel, IsTheRulesIdWhereItHasOne) {
    const SecurityGroupRule rule{.id = "sgr-0a1", .traffic = {.protocol = 6}, .source = prefix("192.0.2.0/24")};
    EXPECT_EQ(rule_label(kGroup, Direction::Inbound, rule), "sgr-0a1");
}

TEST(RuleLabel, NamesGroupDirectionProtocolPortsAndSource) {
    EXPECT_EQ(label(Direction::Inbound, {.protocol = 6, .from_port = 22, .to_port = 22}, prefix("192.0.2.0/24")),
              "sg-1 ingress tcp 22 from 192.0.2.0/24");
    EXPECT_EQ(label(Direction::Outbound, {.protocol = 17, .from_port = 1, .to_port = 9}, GroupReference{"sg-2"}),
              "sg-1 egress udp 1-9 to sg-2");
}

TEST(RuleLabel, SpellsAllPortsAsARange) {
    EXPECT_EQ(label(Direction::Inbound, {.protocol = 6}, prefix("2001:db8::/32")), "sg-1 ingress tcp 0-65535 from 2001:db8::/32");
}

TEST(RuleLabel, NamesIcmpTypeAndCodeWithAStarForAny) {
    EXPECT_EQ(label(Direction::Inbound, {.protocol = 1, .icmp_type = 8}, PrefixListReference{"pl-1"}), "sg-1 ingress icmp 8/* from pl-1");
    EXPECT_EQ(label(Direction::Outbound, {.protocol = 58, .icmp_type = 128, .icmp_code = 0}, prefix("::/0")),
              "sg-1 egress icmpv6 128/0 to ::/0");
}

TEST(RuleLabel, NamesProtocolsWithoutPortsByNumberAlone) {
    EXPECT_EQ(label(Direction::Inbound, {.protocol = 47}, prefix("192.0.2.1/32")), "sg-1 ingress 47 from 192.0.2.1/32");
    EXPECT_EQ(label(Direction::Outbound, {}, prefix("0.0.0.0/0")), "sg-1 egress all to 0.0.0.0/0");
}

TEST(RuleLabel, OfAnAclEntryIsItsNumberDirectionAndFamily) {
    const NetworkAcl acl{.id = "acl-1"};
    EXPECT_EQ(rule_label(acl, Direction::Outbound, {.number = 100, .cidr = prefix("0.0.0.0/0")}), "acl-1 egress 100 ipv4");
    EXPECT_EQ(rule_label(acl, Direction::Inbound, {.number = 100, .cidr = prefix("::/0")}), "acl-1 ingress 100 ipv6");
}

TEST(RuleText, SaysWhatTheRuleDoesWhateverItIsCalled) {
    const SecurityGroupRule rule{
        .id = "sgr-0a1", .traffic = {.protocol = 6, .from_port = 22, .to_port = 22}, .source = prefix("192.0.2.0/24")};
    EXPECT_EQ(rule_text(Direction::Inbound, rule), "tcp 22 from 192.0.2.0/24");
    EXPECT_EQ(rule_text(Direction::Outbound, rule), "tcp 22 to 192.0.2.0/24");
    EXPECT_EQ(rule_text(Direction::Outbound, NetworkAclEntry{.number = 7, .allow = false, .cidr = prefix("::/0")}), "7 deny all to ::/0");
}

}  // namespace
}  // namespace portcullis
