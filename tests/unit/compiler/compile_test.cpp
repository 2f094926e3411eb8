// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/compiler/model_builder.h"
#include "tests/unit/compiler/ruleset_text.h"

namespace portcullis {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> owners_of(const Ruleset& ruleset) {
    std::vector<std::string> lines;
    for (const AddressOwner& owner : ruleset.owners) {
        lines.push_back(text_of(ruleset, owner));
    }
    return lines;
}

TEST(Ports, AreTheInterfacesWithAMacAKnownVpcAndAKnownSubnet) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-4", 4, {}), interface("eni-3", 3, {}), interface("eni-2", 2, {}), interface("eni-1", 1, {})};
    model.network_interfaces[1].mac.reset();
    model.network_interfaces[2].subnet_id = "subnet-9";
    model.network_interfaces[3].vpc_id = "vpc-9";
    model.ports = {{.network_interface_id = "eni-4", .device = "tap4"}};
    const auto ruleset = compile(model);
    ASSERT_EQ(ruleset->ports.size(), 1u);
    EXPECT_EQ(text_of(*ruleset, ruleset->ports[0]),
              "eni-4 'tap4' eni-4 vpc-1 subnet-1 02:00:00:00:00:04 10.0.1.4/32 fe80::ff:fe00:4/128 432000/30/180 groups 0,0 no acl");
}

// What is elsewhere takes no port and no policy, and still is somebody whom rules may mean.
TEST(Ports, OfAHostAreWhatIsClaimedAndWhatDevicesHaveForTheirAlias) {
    Model model = base_model();
    model.security_groups = {group("sg-1", {from("192.0.2.0/24", tcp(22))}), group("sg-2", {from("192.0.2.0/24", udp(53))})};
    model.network_interfaces = {interface("eni-4", 4, {"sg-2"}), interface("eni-3", 3, {"sg-1"}), interface("eni-2", 2, {"sg-1"}),
                                interface("eni-1", 1, {"sg-2"})};
    model.network_interfaces[0].mac.reset();
    model.ports = {{.network_interface_id = "eni-3", .device = "tap3"}};
    const auto ids = [](const Ruleset& ruleset) {
        std::vector<std::string> found;
        for (const Port& port : ruleset.ports) {
            found.push_back(port.interface_id);
        }
        found.emplace_back("elsewhere:");
        for (const Index interface : ruleset.elsewhere) {
            found.push_back(ruleset.interfaces[interface].id);
        }
        return found;
    };
    const auto here = compile(model, Aliases{"eni-2", "eni-4", "a word"});
    EXPECT_THAT(ids(*here), ElementsAre("eni-2", "eni-3", "elsewhere:", "eni-1"));
    EXPECT_EQ(here->rules.size(), 1u);
    EXPECT_EQ(here->interfaces.size(), 4u);
    EXPECT_THAT(ids(*compile(model, Aliases())), ElementsAre("eni-3", "elsewhere:", "eni-1", "eni-2"));
    const auto all = compile(model);
    EXPECT_THAT(ids(*all), ElementsAre("eni-1", "eni-2", "eni-3", "elsewhere:"));
    EXPECT_EQ(owners_of(*here), owners_of(*all));
}

TEST(Ports, OwnTheirDelegatedPrefixesAndKeepTheirOwnTimeouts) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.network_interfaces[0].delegated_prefixes = {prefix("10.0.1.16/28")};
    model.network_interfaces[0].tracking = {.tcp_established_s = 60, .udp_stream_s = 90};
    const auto ruleset = compile(model);
    EXPECT_THAT(ruleset->ports[0].addresses, ElementsAre(prefix("10.0.1.1/32"), prefix("10.0.1.16/28"), prefix("fe80::ff:fe00:1/128")));
    EXPECT_EQ(ruleset->ports[0].tracking.tcp_established_s, 60u);
    EXPECT_EQ(ruleset->ports[0].tracking.udp_s, 30u);
    EXPECT_EQ(ruleset->ports[0].tracking.udp_stream_s, 90u);
}

TEST(Ports, ShareThePoliciesOfTheSameGroupsInAnyOrder) {
    Model model = base_model();
    model.security_groups = {group("sg-1", {from("192.0.2.0/24", tcp(22))}), group("sg-2", {from("192.0.2.0/24", udp(53))})};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1", "sg-2"}), interface("eni-2", 2, {"sg-2", "sg-1", "sg-2", "sg-9"})};
    const auto ruleset = compile(model);
    EXPECT_EQ(ruleset->ports[0].group_policy, ruleset->ports[1].group_policy);
}

TEST(Ports, WithoutAnAclThoughAclsAreUsedDenyEverything) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.has_network_acls = true;
    const auto ruleset = compile(model);
    ASSERT_TRUE(ruleset->ports[0].acl_policy.has_value());
    EXPECT_EQ(ruleset->policies[(*ruleset->ports[0].acl_policy)[0]], Policy{});
    EXPECT_EQ(ruleset->policies[(*ruleset->ports[0].acl_policy)[1]], Policy{});
}

TEST(Ports, HaveTheirSubnetsAclElseTheDefaultOfTheVpc) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {}), interface("eni-2", 2, {})};
    model.network_interfaces[1].subnet_id = "subnet-2";
    model.has_network_acls = true;
    model.network_acls = {{.id = "acl-1", .vpc_id = "vpc-1", .entries = {{}, {allow(1, "0.0.0.0/0", tcp(1))}}, .subnet_ids = {"subnet-2"}},
                          {.id = "acl-2", .vpc_id = "vpc-1", .is_default = true, .entries = {{}, {allow(1, "0.0.0.0/0", tcp(2))}}},
                          {.id = "acl-3", .vpc_id = "vpc-2", .is_default = true}};
    const auto ruleset = compile(model);
    const auto inbound = [&](std::size_t port) { return text_of(*ruleset, ruleset->policies[(*ruleset->ports[port].acl_policy)[1]]); };
    EXPECT_EQ(inbound(0), "0.0.0.0/0 6:2-2 allow acl-2 ingress 1 ipv4\n");
    EXPECT_EQ(inbound(1), "0.0.0.0/0 6:1-1 allow acl-1 ingress 1 ipv4\n");
}

TEST(Owners, AreInterfacesTheirLinkLocalAddressesAndSubnets) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.network_interfaces[0].delegated_prefixes = {prefix("10.0.1.16/28")};
    EXPECT_THAT(owners_of(*compile(model)),
                ElementsAre("vpc-1 10.0.1.0/24 - subnet-1", "vpc-1 10.0.1.1/32 eni-1 subnet-1", "vpc-1 10.0.1.16/28 eni-1 subnet-1",
                            "vpc-1 10.0.2.0/24 - subnet-2", "vpc-1 2001:db8:0:1::/64 - subnet-1", "vpc-1 fe80::ff:fe00:1/128 - subnet-1"));
}

TEST(Owners, ALinkLocalAddressOfTwoSubnetsIsInNeither) {
    Model model = base_model();
    model.subnets.clear();
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {}}, {.id = "subnet-2", .vpc_id = "vpc-1", .cidrs = {}}};
    model.network_interfaces = {interface("eni-1", 1, {}), interface("eni-2", 1, {})};
    model.network_interfaces[0].addresses.clear();
    model.network_interfaces[1].addresses.clear();
    model.network_interfaces[1].subnet_id = "subnet-2";
    EXPECT_THAT(owners_of(*compile(model)), ElementsAre("vpc-1 fe80::ff:fe00:1/128 - -"));
}

TEST(Owners, AnInterfaceIsBelievedBeforeABlockOfTheSameLength) {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.network_interfaces[0].addresses.clear();
    model.network_interfaces[0].delegated_prefixes = {prefix("10.0.2.0/24")};
    EXPECT_THAT(owners_of(*compile(model)), testing::Contains("vpc-1 10.0.2.0/24 eni-1 subnet-1"));
}

Model sharing_model() {
    Model model = base_model();
    model.subnets[0].cidrs = {prefix("10.0.1.0/24")};
    model.security_groups = {group("sg-1", {}), group("sg-2", {})};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1", "sg-2"}), interface("eni-2", 2, {"sg-2"})};
    model.ports = {
        {.network_interface_id = "eni-1", .device = "tap1", .allowed_addresses = {{.prefix = prefix("10.0.1.64/28"), .mac = {}}}},
        {.network_interface_id = "eni-2", .device = "tap2", .allowed_addresses = {{.prefix = prefix("10.0.1.64/28"), .mac = {}}}}};
    return model;
}

TEST(AllowedAddresses, AreTheInterfacesOwn) {
    Model model = sharing_model();
    model.ports.pop_back();
    const auto ruleset = compile(model);
    EXPECT_THAT(ruleset->ports[0].addresses, ElementsAre(prefix("10.0.1.1/32"), prefix("10.0.1.64/28"), prefix("fe80::ff:fe00:1/128")));
    EXPECT_THAT(owners_of(*ruleset), testing::Contains("vpc-1 10.0.1.64/28 eni-1 subnet-1"));
}

TEST(AllowedAddresses, ThatSeveralHaveBelongToTheGroupsOfAll) {
    Model model = sharing_model();
    const auto ruleset = compile(model);
    EXPECT_THAT(owners_of(*ruleset), testing::Contains("vpc-1 10.0.1.64/28 eni-1+eni-2 subnet-1"));
    ASSERT_EQ(ruleset->interfaces.size(), 3u);
    EXPECT_EQ(text_of(*ruleset, ruleset->interfaces[2]), "eni-1+eni-2 sg-1 sg-2 =eni-1 =eni-2");
    model.network_interfaces[1].subnet_id = "subnet-2";
    EXPECT_THAT(owners_of(*compile(model)), testing::Contains("vpc-1 10.0.1.64/28 eni-1+eni-2 -"));
}

TEST(AllowedAddresses, HoldTheBlocksAndYieldToTheInterfacesInsideThem) {
    Model model = sharing_model();
    model.ports.pop_back();
    model.ports[0].allowed_addresses = {{.prefix = prefix("10.0.0.0/8"), .mac = {}}};
    EXPECT_THAT(owners_of(*compile(model)),
                ElementsAre("vpc-1 10.0.0.0/8 eni-1 subnet-1", "vpc-1 10.0.1.1/32 eni-1 subnet-1", "vpc-1 10.0.1.2/32 eni-2 subnet-1",
                            "vpc-1 fe80::ff:fe00:1/128 - subnet-1", "vpc-1 fe80::ff:fe00:2/128 - subnet-1"));
}

TEST(AllowedAddresses, NeverHoldLinkLocalOnes) {
    Model model = sharing_model();
    model.ports.pop_back();
    model.ports[0].allowed_addresses = {{.prefix = prefix("::/0"), .mac = {}}, {.prefix = prefix("fe80::1/128"), .mac = {}}};
    const auto owners = owners_of(*compile(model));
    EXPECT_THAT(owners,
                testing::IsSupersetOf({"vpc-1 ::/0 eni-1 subnet-1", "vpc-1 fe80::/10 - -", "vpc-1 fe80::ff:fe00:1/128 - subnet-1"}));
    EXPECT_THAT(owners, testing::Not(testing::Contains(HasSubstr("fe80::1/128"))));
}

TEST(AllowedAddresses, WithMoreGroupsTogetherThanARowHoldsAreRefused) {
    Model model = sharing_model();
    for (int i = 0; i < 16; ++i) {
        model.security_groups.push_back(group("sg-x" + std::to_string(i), {}));
        model.network_interfaces[static_cast<std::size_t>(i) % 2].group_ids.push_back(model.security_groups.back().id);
    }
    const auto ruleset = compile(model);
    ASSERT_FALSE(ruleset.has_value());
    EXPECT_THAT(ruleset.error().message, testing::AllOf(HasSubstr("eni-1+eni-2"), HasSubstr("18"), HasSubstr("limit is 16")));
}

TEST(AllowedAddresses, AloneMakeAnInterfaceOneThatHasAddresses) {
    Model model = sharing_model();
    for (NetworkInterface& interface : model.network_interfaces) {
        interface.addresses.clear();
    }
    model.ports.pop_back();
    const auto ruleset = compile(model);
    EXPECT_TRUE(ruleset->ports[0].has_addresses);
    EXPECT_FALSE(ruleset->ports[1].has_addresses);
    EXPECT_THAT(ruleset->ports[1].addresses, ElementsAre(prefix("fe80::ff:fe00:2/128")));
}

// vpc-1 refers to sg-b of vpc-2 and sg-c of vpc-3.
Model peered_model() {
    Model model = base_model();
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {prefix("10.2.0.0/16")}});
    model.vpcs.push_back({.id = "vpc-3", .cidrs = {prefix("10.2.0.0/16")}});
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {}}};
    model.security_groups = {group("sg-a", {from_group("sg-b", tcp(1)), from_group("sg-c", tcp(2))}), group("sg-b", {}), group("sg-c", {})};
    model.security_groups[1].vpc_id = "vpc-2";
    model.security_groups[2].vpc_id = "vpc-3";
    const auto member = [](const char* id, const char* vpc, const char* group, std::vector<Address> addresses) {
        return NetworkInterface{.id = id, .vpc_id = vpc, .addresses = std::move(addresses), .group_ids = {group}};
    };
    model.network_interfaces = {interface("eni-a", 1, {"sg-a"}),
                                member("eni-b", "vpc-2", "sg-b", {address("10.2.0.1"), address("10.2.0.2"), address("10.0.9.9")}),
                                member("eni-c", "vpc-3", "sg-c", {address("10.2.0.2")})};
    return model;
}

std::vector<std::string> owners_in_vpc_1(const Ruleset& ruleset) {
    auto lines = owners_of(ruleset);
    std::erase_if(lines, [](const std::string& line) { return !line.starts_with("vpc-1 10."); });
    return lines;
}

TEST(Peering, MembersOutsideTheZonesBlocksAreKnownThere) {
    const auto ruleset = compile(peered_model());
    EXPECT_THAT(owners_in_vpc_1(*ruleset),
                ElementsAre("vpc-1 10.0.1.1/32 eni-a subnet-1", "vpc-1 10.2.0.1/32 eni-b -", "vpc-1 10.2.0.2/32 eni-b+eni-c -"));
    ASSERT_EQ(ruleset->interfaces.size(), 4u);
    EXPECT_EQ(text_of(*ruleset, ruleset->interfaces[3]), "eni-b+eni-c sg-b sg-c =eni-b =eni-c");
}

TEST(Peering, WithoutAReferenceThereAreNoMembersOfOtherVpcs) {
    Model model = peered_model();
    model.security_groups[0].rules[1].clear();
    EXPECT_THAT(owners_in_vpc_1(*compile(model)), ElementsAre("vpc-1 10.0.1.1/32 eni-a subnet-1"));
}

TEST(Peering, APrefixInsideAnotherVpcsPrefixBelongsToBoth) {
    Model model = peered_model();
    model.network_interfaces[1].addresses.clear();
    model.network_interfaces[1].delegated_prefixes = {prefix("10.2.0.0/28")};
    EXPECT_THAT(owners_in_vpc_1(*compile(model)),
                ElementsAre("vpc-1 10.0.1.1/32 eni-a subnet-1", "vpc-1 10.2.0.0/28 eni-b -", "vpc-1 10.2.0.2/32 eni-b+eni-c -"));
}

// eni-d of vpc-2 carries no group that vpc-1 refers to.
Model shadowed_model() {
    Model model = peered_model();
    model.network_interfaces[1].addresses = {address("10.2.0.1")};
    model.network_interfaces[2].addresses.clear();
    model.network_interfaces.push_back({.id = "eni-d", .vpc_id = "vpc-2", .addresses = {address("10.2.0.5"), address("10.2.9.9")}});
    model.ports = {
        {.network_interface_id = "eni-b", .device = "tap2", .allowed_addresses = {{.prefix = prefix("10.2.0.0/24"), .mac = {}}}}};
    return model;
}

TEST(Peering, AnAddressInsideAMembersPrefixThatAnotherInterfaceHasIsNotTheMembers) {
    EXPECT_THAT(owners_in_vpc_1(*compile(shadowed_model())), ElementsAre("vpc-1 10.0.1.1/32 eni-a subnet-1", "vpc-1 10.2.0.0/24 eni-b -",
                                                                         "vpc-1 10.2.0.1/32 eni-b -", "vpc-1 10.2.0.5/32 eni-d -"));
}

TEST(Peering, AMembersPrefixAroundTheZonesBlocksEndsThere) {
    Model model = shadowed_model();
    model.ports[0].allowed_addresses[0].prefix = prefix("10.0.0.0/14");
    EXPECT_THAT(owners_in_vpc_1(*compile(model)),
                testing::IsSupersetOf({"vpc-1 10.0.0.0/14 eni-b -", "vpc-1 10.0.0.0/16 - -", "vpc-1 10.0.1.1/32 eni-a subnet-1"}));
}

TEST(Peering, AnAddressOutsideTheZonesBlocksMayBeAnInterfacesAndAMembers) {
    Model model = shadowed_model();
    model.ports.push_back(
        {.network_interface_id = "eni-a", .device = "tap1", .allowed_addresses = {{.prefix = prefix("10.2.0.0/30"), .mac = {}}}});
    EXPECT_THAT(owners_in_vpc_1(*compile(model)),
                testing::IsSupersetOf({"vpc-1 10.2.0.0/24 eni-b -", "vpc-1 10.2.0.0/30 eni-a+eni-b subnet-1",
                                       "vpc-1 10.2.0.1/32 eni-a+eni-b subnet-1", "vpc-1 10.2.0.5/32 eni-d -"}));
}

TEST(Peering, MoreGroupsOnASharedAddressThanARowHoldsAreRefused) {
    Model model = peered_model();
    for (int i = 0; i < 9; ++i) {
        for (const std::size_t member : {1u, 2u}) {
            const std::string id = "sg-" + std::to_string(member) + std::to_string(i);
            model.security_groups.push_back(group(id, {}));
            model.security_groups.back().vpc_id = model.network_interfaces[member].vpc_id;
            model.network_interfaces[member].group_ids.push_back(id);
        }
    }
    const auto ruleset = compile(model);
    ASSERT_FALSE(ruleset.has_value());
    EXPECT_THAT(ruleset.error().message, testing::AllOf(HasSubstr("eni-b+eni-c"), HasSubstr("limit is 16")));
}

TEST(Interfaces, CarryTheExistingGroupsOfTheirVpc) {
    Model model = peered_model();
    model.network_interfaces[0].group_ids = {"sg-c", "sg-a", "sg-9", "sg-a"};
    const auto ruleset = compile(model);
    EXPECT_EQ(text_of(*ruleset, ruleset->interfaces[0]), "eni-a sg-a");
}

TEST(Interfaces, WithMoreGroupsThanARowHoldsAreRefused) {
    Model model = base_model();
    std::vector<std::string> ids;
    for (int i = 0; i < 17; ++i) {
        ids.push_back("sg-" + std::to_string(i));
        model.security_groups.push_back(group(ids.back(), {}));
    }
    model.network_interfaces = {interface("eni-1", 1, ids)};
    const auto ruleset = compile(model);
    ASSERT_FALSE(ruleset.has_value());
    EXPECT_THAT(ruleset.error().message, testing::AllOf(HasSubstr("eni-1"), HasSubstr("17"), HasSubstr("limit is 16")));
}

TEST(Compile, TheOrderOfTheDocumentsDoesNotMatter) {
    Model model = peered_model();
    model.security_groups[0].rules[1].push_back(from("192.0.2.0/24", tcp(22)));
    model.security_groups[0].rules[1].push_back(from("192.0.2.128/25", tcp(80)));
    model.has_network_acls = true;
    model.network_acls = {{.id = "acl-1",
                           .vpc_id = "vpc-1",
                           .is_default = true,
                           .entries = {{}, {allow(1, "0.0.0.0/0", tcp(1)), deny(2, "10.0.0.0/8", everything()), allow(3, "::/0", tcp(2))}}},
                          {.id = "acl-2", .vpc_id = "vpc-2", .is_default = true}};
    model.bridges = {{.device = "br1", .uplinks = {"b", "a"}, .services = {.is_ec2 = true}}, {.device = "br0", .uplinks = {}}};
    model.ports = {{.network_interface_id = "eni-a", .device = "tap1", .allowed_addresses = {{.prefix = prefix("10.2.0.0/30"), .mac = {}}}},
                   {.network_interface_id = "eni-b", .device = "tap2", .vlans = {7, 3}}};
    model.deny_cidrs = {{.prefix = prefix("192.0.2.0/24"), .new_only = true}, {.prefix = prefix("192.0.2.8/29")}};
    model.isolates_instances = true;
    const std::string expected = text_of(*compile(model));
    std::mt19937 random(1);
    for (int i = 0; i < 20; ++i) {
        std::ranges::shuffle(model.vpcs, random);
        std::ranges::shuffle(model.subnets, random);
        std::ranges::shuffle(model.security_groups, random);
        std::ranges::shuffle(model.network_acls, random);
        std::ranges::shuffle(model.network_interfaces, random);
        std::ranges::shuffle(model.bridges, random);
        std::ranges::shuffle(model.ports, random);
        std::ranges::shuffle(model.deny_cidrs, random);
        for (SecurityGroup& group : model.security_groups) {
            std::ranges::shuffle(group.rules[1], random);
        }
        for (NetworkAcl& acl : model.network_acls) {
            std::ranges::shuffle(acl.entries[1], random);
        }
        ASSERT_EQ(text_of(*compile(model)), expected);
    }
}

}  // namespace
}  // namespace portcullis
