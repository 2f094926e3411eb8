// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "tests/unit/compiler/model_builder.h"
#include "tests/unit/compiler/ruleset_text.h"

namespace portcullis {
namespace {

using namespace test;

// The inbound group policy of an interface that carries all of `groups`.
std::string inbound_policy(std::vector<SecurityGroup> groups, std::vector<PrefixList> lists = {}) {
    Model model = base_model();
    std::vector<std::string> ids;
    for (const SecurityGroup& group : groups) {
        ids.push_back(group.id);
    }
    model.security_groups = std::move(groups);
    model.prefix_lists = std::move(lists);
    model.network_interfaces = {interface("eni-1", 1, ids)};
    const auto ruleset = compile(model);
    return text_of(*ruleset, ruleset->policies[ruleset->ports[0].group_policy[1]]);
}

std::string inbound_acl(std::vector<NetworkAclEntry> entries) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.has_network_acls = true;
    model.network_acls = {{.id = "acl-1", .vpc_id = "vpc-1", .entries = {{}, std::move(entries)}, .subnet_ids = {"subnet-1"}}};
    const auto ruleset = compile(model);
    return text_of(*ruleset, ruleset->policies[(*ruleset->ports[0].acl_policy)[1]]);
}

TEST(GroupPolicy, ANestedPrefixHoldsWhatTheOneAroundItAllows) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("10.0.0.0/8", tcp(22)), from("10.1.0.0/16", tcp(80))})}),
              "10.0.0.0/8 6:22-22 allow sg-1 ingress tcp 22 from 10.0.0.0/8\n"
              "10.1.0.0/16 6:22-22 allow sg-1 ingress tcp 22 from 10.0.0.0/8; 6:80-80 allow sg-1 ingress tcp 80 from 10.1.0.0/16\n");
}

TEST(GroupPolicy, ASiblingHoldsNothingOfItsNeighbour) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("10.0.0.0/9", tcp(22)), from("10.128.0.0/9", tcp(80))})}),
              "10.0.0.0/9 6:22-22 allow sg-1 ingress tcp 22 from 10.0.0.0/9\n"
              "10.128.0.0/9 6:80-80 allow sg-1 ingress tcp 80 from 10.128.0.0/9\n");
}

TEST(GroupPolicy, AnywhereIsTheDefaultOfItsFamilyAlone) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("0.0.0.0/0", tcp(22)), from("2001:db8::/32", tcp(80))})}),
              "0.0.0.0/0 6:22-22 allow sg-1 ingress tcp 22 from 0.0.0.0/0\n"
              "2001:db8::/32 6:80-80 allow sg-1 ingress tcp 80 from 2001:db8::/32\n");
}

TEST(GroupPolicy, APrefixThatAllowsNoMoreThanTheOneAroundItIsLeftOut) {
    EXPECT_EQ(
        inbound_policy({group("sg-1", {from("10.1.0.0/16", tcp(22)), from("10.0.0.0/8", tcp(20, 30)), from("10.1.2.0/24", tcp(25))})}),
        "10.0.0.0/8 6:20-30 allow sg-1 ingress tcp 20-30 from 10.0.0.0/8\n");
}

TEST(GroupPolicy, EveryProtocolAbsorbsTheRest) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("10.0.0.0/8", tcp(22)), from("10.0.0.0/8", everything())})}),
              "10.0.0.0/8 any allow sg-1 ingress all from 10.0.0.0/8\n");
}

TEST(GroupPolicy, IsTheUnionOfItsGroups) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("192.0.2.0/24", tcp(22))}), group("sg-2", {from("192.0.2.0/24", udp(53))})}),
              "192.0.2.0/24 6:22-22 allow sg-1 ingress tcp 22 from 192.0.2.0/24; 17:53-53 allow sg-2 ingress udp 53 from 192.0.2.0/24\n");
}

TEST(GroupPolicy, APrefixListStandsForItsPrefixesWithOneSet) {
    const std::vector<PrefixList> lists = {
        {.id = "pl-1", .is_known = true, .cidrs = {prefix("198.51.100.0/24"), prefix("192.0.2.0/24"), prefix("2001:db8::/32")}}};
    EXPECT_EQ(inbound_policy({group("sg-1", {from_list("pl-1", tcp(443))})}, lists),
              "192.0.2.0/24 6:443-443 allow sg-1 ingress tcp 443 from pl-1\n"
              "198.51.100.0/24 6:443-443 allow sg-1 ingress tcp 443 from pl-1\n"
              "2001:db8::/32 6:443-443 allow sg-1 ingress tcp 443 from pl-1\n");
}

TEST(GroupPolicy, UnknownListsAndGroupsMatchNothing) {
    const std::vector<PrefixList> lists = {{.id = "pl-1", .is_known = false, .cidrs = {prefix("192.0.2.0/24")}}};
    EXPECT_EQ(
        inbound_policy(
            {group("sg-1", {from_list("pl-1", everything()), from_list("pl-2", everything()), from_group("sg-9", everything())})}, lists),
        "");
}

TEST(GroupPolicy, AGroupReferenceIsASetOfTheGroup) {
    EXPECT_EQ(inbound_policy(
                  {group("sg-1", {from_group("sg-1", tcp(1)), from_group("sg-2", tcp(2)), from_group("sg-1", udp(3))}), group("sg-2", {})}),
              "sg-1 6:1-1 allow sg-1 ingress tcp 1 from sg-1; 17:3-3 allow sg-1 ingress udp 3 from sg-1\n"
              "sg-2 6:2-2 allow sg-1 ingress tcp 2 from sg-2\n");
}

TEST(GroupPolicy, WhatMatchesNothingLeavesNothing) {
    EXPECT_EQ(inbound_policy({group("sg-1", {from("10.0.0.0/8", icmp(-1, 0)), from_group("sg-1", icmp(-1, 0))})}), "");
}

// The outbound policy's literal sets and the unknown ports of its default sets.
struct Literal {
    std::string literal;
    std::string unknown;
};
Literal literal_of(std::vector<SecurityGroupRule> rules, std::vector<PrefixList> lists = {}) {
    Model model = base_model();
    model.security_groups = {group("sg-1", {}, std::move(rules))};
    model.prefix_lists = std::move(lists);
    model.network_interfaces = {interface("eni-1", 1, {"sg-1"})};
    const auto ruleset = compile(model);
    const Policy& policy = ruleset->policies[ruleset->ports[0].group_policy[0]];
    Literal literal{.literal = literal_text(*ruleset, policy), .unknown = {}};
    for (const auto& set : policy.default_set) {
        literal.unknown += set ? unknown_ports_text(*ruleset, ruleset->port_sets[*set]) + "\n" : "";
    }
    return literal;
}

TEST(LiteralRules, AreThoseFromAnywhereInTheirOwnFamily) {
    EXPECT_EQ(literal_of({from("0.0.0.0/0", tcp(80)), from("::/0", udp(53)), from("192.0.2.0/24", everything())}).literal,
              "0.0.0.0/0 wide 0 0 6:80-80 allow sg-1 egress tcp 80 to 0.0.0.0/0\n"
              "::/0 wide 0 0 17:53-53 allow sg-1 egress udp 53 to ::/0\n");
}

TEST(LiteralRules, AreNotTwoHalvesNorListsNorReferences) {
    EXPECT_EQ(literal_of({from("0.0.0.0/1", everything()), from("128.0.0.0/1", everything()), from_list("pl-1", everything()),
                          from_group("sg-1", everything())},
                         {{.id = "pl-1", .is_known = true, .cidrs = {prefix("0.0.0.0/0")}}})
                  .literal,
              "");
}

TEST(LiteralRules, AreWideByOneRuleForAllPortsAlone) {
    EXPECT_THAT(literal_of({from("0.0.0.0/0", everything())}).literal, testing::StartsWith("0.0.0.0/0 wide 1 1 "));
    EXPECT_THAT(literal_of({from("0.0.0.0/0", tcp(0, 65535))}).literal, testing::StartsWith("0.0.0.0/0 wide 1 0 "));
    EXPECT_THAT(literal_of({from("::/0", {.protocol = 17})}).literal, testing::StartsWith("::/0 wide 0 1 "));
    EXPECT_THAT(literal_of({from("0.0.0.0/0", tcp(0, 1)), from("0.0.0.0/0", tcp(2, 65535))}).literal,
                testing::StartsWith("0.0.0.0/0 wide 0 0 "));
}

TEST(GroupPolicy, AllowsFragmentsWithoutPortsByRulesThatNeedNone) {
    EXPECT_EQ(literal_of({from("0.0.0.0/0", tcp(22)), from("0.0.0.0/0", {.protocol = 17}), from("::/0", everything())}).unknown,
              "udp allow sg-1 egress udp 0-65535 to 0.0.0.0/0\n"
              "tcp allow sg-1 egress all to ::/0; udp allow sg-1 egress all to ::/0; icmp allow sg-1 egress all to ::/0; "
              "icmpv6 allow sg-1 egress all to ::/0\n");
}

TEST(AclPolicy, DeniesFragmentsWithoutPortsByAnyDenialOfPorts) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.has_network_acls = true;
    model.network_acls = {
        {.id = "acl-1",
         .vpc_id = "vpc-1",
         .is_default = true,
         .entries = {{}, {allow(1, "0.0.0.0/0", udp(53)), deny(2, "0.0.0.0/0", tcp(22)), allow(3, "0.0.0.0/0", everything())}}}};
    const auto ruleset = compile(model);
    const Policy& policy = ruleset->policies[(*ruleset->ports[0].acl_policy)[1]];
    EXPECT_EQ(unknown_ports_text(*ruleset, ruleset->port_sets[*policy.default_set[0]]),
              "tcp deny acl-1 ingress 2 ipv4; udp allow acl-1 ingress 3 ipv4; icmp allow acl-1 ingress 3 ipv4; icmpv6 allow acl-1 ingress "
              "3 ipv4");
    EXPECT_EQ(literal_text(*ruleset, policy), "") << "of groups alone";
}

TEST(AclPolicy, TheLowestNumberDecidesAndTheRestStands) {
    EXPECT_EQ(inbound_acl({allow(200, "0.0.0.0/0", tcp(0, 65535)), deny(100, "0.0.0.0/0", tcp(22))}),
              "0.0.0.0/0 6:0-21 allow acl-1 ingress 200 ipv4; 6:22-22 deny acl-1 ingress 100 ipv4; "
              "6:23-65535 allow acl-1 ingress 200 ipv4\n");
}

TEST(AclPolicy, EveryProtocolHidesWhatComesAfterIt) {
    EXPECT_EQ(inbound_acl({deny(100, "0.0.0.0/0", everything()), allow(200, "0.0.0.0/0", tcp(22))}),
              "0.0.0.0/0 any deny acl-1 ingress 100 ipv4\n");
}

TEST(AclPolicy, ANarrowDenialLaterIsHiddenByABroadPermission) {
    EXPECT_EQ(inbound_acl({allow(100, "10.0.0.0/8", everything()), deny(200, "10.1.0.0/16", tcp(22))}),
              "10.0.0.0/8 any allow acl-1 ingress 100 ipv4\n");
}

TEST(AclPolicy, ANarrowDenialFirstBreaksABroadPermission) {
    EXPECT_EQ(inbound_acl({allow(200, "10.0.0.0/8", everything()), deny(100, "10.1.0.0/16", tcp(22))}),
              "10.0.0.0/8 any allow acl-1 ingress 200 ipv4\n"
              "10.1.0.0/16 6:22-22 deny acl-1 ingress 100 ipv4; any allow acl-1 ingress 200 ipv4\n");
}

TEST(AclPolicy, ABroadDenialLaterStillDecidesTheRestOfANarrowPermission) {
    EXPECT_EQ(inbound_acl({allow(100, "10.1.0.0/16", tcp(22)), deny(200, "10.0.0.0/8", tcp(0, 65535))}),
              "10.0.0.0/8 6:0-65535 deny acl-1 ingress 200 ipv4\n"
              "10.1.0.0/16 6:0-21 deny acl-1 ingress 200 ipv4; 6:22-22 allow acl-1 ingress 100 ipv4; "
              "6:23-65535 deny acl-1 ingress 200 ipv4\n");
}

TEST(AclPolicy, FamiliesAreApart) {
    EXPECT_EQ(inbound_acl({allow(100, "0.0.0.0/0", everything()), deny(100, "::/0", everything())}),
              "0.0.0.0/0 any allow acl-1 ingress 100 ipv4\n::/0 any deny acl-1 ingress 100 ipv6\n");
}

}  // namespace
}  // namespace portcullis
