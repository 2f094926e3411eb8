// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/lower_bpf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "tests/unit/compiler/decoded_image.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct Lowered {
    explicit Lowered(const Model& model, const MapCapacities& capacities = {}, const DeviceNumbers& devices = {})
        : numberings(capacities), image(lower_bpf(*compile(model), capacities, numberings, devices)) {}
    Numberings numberings;
    Result<MapImage> image;
};

Model model_with(std::vector<SecurityGroupRule> inbound) {
    Model model = base_model();
    model.security_groups = {group("sg-1", std::move(inbound))};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1"})};
    return model;
}

// "protocol:port/length=decision" of every entry of pc_port_sets.
std::vector<std::string> port_entries(const MapImage& image) {
    std::vector<std::string> entries;
    for (const auto& [key, decision] : image.port_sets) {
        entries.push_back(std::to_string(key.protocol) + ":" + std::to_string(key.port) + "/" + std::to_string(key.length) + "=" +
                          std::to_string(decision));
    }
    std::ranges::sort(entries);
    return entries;
}

MATCHER_P(HasBytes, text, "") {
    *result_listener << "has " << hex(arg);
    return hex(arg) == text;
}

TEST(LowerPortSets, AnAlignedRangeIsOneEntry) {
    const Lowered lowered(model_with({from("192.0.2.0/24", tcp(1024, 2047))}));
    EXPECT_THAT(port_entries(*lowered.image), ElementsAre("6:1024/6=1"));
    EXPECT_EQ(lowered.image->set_heads[0].second.lengths[PC_LENGTHS_TCP], 1u << 6);
}

TEST(LowerPortSets, ARangeIsTheFewestAlignedBlocks) {
    const Lowered lowered(model_with({from("192.0.2.0/24", tcp(1, 6))}));
    EXPECT_THAT(port_entries(*lowered.image), ElementsAre("6:1/16=1", "6:2/15=1", "6:4/15=1", "6:6/16=1"));
    EXPECT_EQ(lowered.image->set_heads[0].second.lengths[PC_LENGTHS_TCP], 1u << 16 | 1u << 15);
}

TEST(LowerPortSets, TheWorstRangeIsThirtyEntries) {
    const Lowered lowered(model_with({from("192.0.2.0/24", tcp(1, 65534))}));
    EXPECT_EQ(lowered.image->port_sets.size(), 30u);
}

TEST(LowerPortSets, AllPortsAreOneEntryOfLengthZero) {
    const Lowered lowered(model_with({from("192.0.2.0/24", tcp(0, 65535))}));
    EXPECT_THAT(port_entries(*lowered.image), ElementsAre("6:0/0=1"));
    EXPECT_EQ(lowered.image->set_heads[0].second.lengths[PC_LENGTHS_TCP], 1u);
}

TEST(LowerPortSets, IcmpTypesAreBlocksOfTheirCodesAndOtherProtocolsOneEntry) {
    const Lowered lowered(model_with({from("192.0.2.0/24", icmp(3, -1)), from("192.0.2.0/24", {.protocol = 47})}));
    EXPECT_THAT(port_entries(*lowered.image), ElementsAre("1:768/8=2", "47:0/0=1"));
    EXPECT_EQ(lowered.image->set_heads[0].second.lengths[PC_LENGTHS_ICMP], 1u << 8);
    EXPECT_EQ(lowered.image->set_heads[0].second.has_others, 1u);
}

TEST(LowerBpf, GivesTheBytesOfTheLayout) {
    Model model = model_with(
        {from("192.0.2.0/24", tcp(80)), from("2001:db8:1::/48", everything()), from_group("sg-1", udp(53)), from("0.0.0.0/0", icmp(8, 0))});
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {}}};
    const Lowered lowered(model);
    const MapImage& image = *lowered.image;
    // Rules by label: 1 "all from 2001:db8:1::/48", 2 "icmp 8/0 from 0.0.0.0/0", 3 "tcp 80 from 192.0.2.0/24", 4 "udp 53 from sg-1".
    // Sets: 1 icmp (the default and the literal one), 2 icmp and tcp, 3 all, 4 udp.
    EXPECT_THAT(image.port_sets, ElementsAre(Pair(HasBytes("0100000000080110"), 2u), Pair(HasBytes("0200000000080110"), 2u),
                                             Pair(HasBytes("0200000050000610"), 3u), Pair(HasBytes("0400000035001110"), 4u)));
    EXPECT_THAT(
        image.set_heads,
        ElementsAre(
            Pair(1u, HasBytes("010000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000")),
            Pair(2u, HasBytes("020000000000000000000100000000000000010000000000000000000000000000000000000000000000000000000000")),
            Pair(3u, HasBytes("030000000100000000000000000000000000000000000000000000000000000001000000010000000100000001000000")),
            Pair(4u, HasBytes("040000000000000000000000000001000000000000000000000000000000000000000000000000000000000000000000"))));
    EXPECT_THAT(image.policies, ElementsAre(Pair(1u, HasBytes("0100000007000000010000000000000001000000000000000000000000000000"))));
    EXPECT_THAT(image.cidrs4, ElementsAre(Pair(HasBytes("3800000001000000c0000200"), 2u)));
    EXPECT_THAT(image.cidrs6, ElementsAre(Pair(HasBytes("500000000100000020010db8000100000000000000000000"), 3u)));
    EXPECT_THAT(image.group_sets, ElementsAre(Pair(HasBytes("0100000001000000"), 4u)));
    EXPECT_THAT(image.addresses4, ElementsAre(Pair(HasBytes("40000000010000000a000101"), 1u)));
    EXPECT_THAT(image.addresses6, ElementsAre(Pair(HasBytes("a000000001000000fe80000000000000000000fffe000001"), 1u)));
    EXPECT_THAT(image.members4, ElementsAre(Pair(HasBytes("40000000010000000a000101"), 1u)));
    EXPECT_THAT(image.members6, ElementsAre(Pair(HasBytes("a000000001000000fe80000000000000000000fffe000001"), 2u)));
    EXPECT_THAT(image.owners,
                ElementsAre(Pair(1u, OwnerRow{.interface = 1, .subnet = 1}), Pair(2u, OwnerRow{.interface = 0, .subnet = 1})));
    EXPECT_THAT(image.interfaces, ElementsAre(Pair(1u, InterfaceRow{.groups = {1}})));
}

TEST(LowerBpf, AViewSaysWhatItsPortRefersTo) {
    Model model = model_with({from("192.0.2.0/24", tcp(80))});
    model.network_interfaces[0].tracking = {.tcp_established_s = 350, .udp_s = 45};
    const Lowered lowered(model);
    const PortRow& view = lowered.image->ports.at(0);
    EXPECT_EQ(view.flags, PC_PORT_NO_ACL | PC_PORT_CLAIMS | PC_PORT_HAS_SERVICES);
    EXPECT_EQ(view.epoch, 0u);
    EXPECT_EQ(lowered.numberings.zones.key_of(view.zone), "vpc-1");
    EXPECT_EQ(lowered.numberings.subnets.key_of(view.subnet), "subnet-1");
    EXPECT_EQ(view.group_policy[PC_OUTBOUND], 0u) << "without a rule nothing may start";
    EXPECT_EQ(view.group_policy[PC_INBOUND], 1u);
    EXPECT_THAT(view.mac, ElementsAre(2, 0, 0, 0, 0, 1));
    const std::uint32_t expected[PC_FLOW_STATES] = {0,  // dead
                                                    ticks_of(120),
                                                    ticks_of(120),
                                                    ticks_of(60),
                                                    ticks_of(350),
                                                    ticks_of(120),  // FIN wait
                                                    ticks_of(60),
                                                    ticks_of(30),
                                                    ticks_of(120),  // time wait
                                                    ticks_of(10),
                                                    ticks_of(45),
                                                    ticks_of(180),
                                                    ticks_of(30),
                                                    ticks_of(600)};
    EXPECT_THAT(view.timeout_ticks, testing::ElementsAreArray(expected));
}

TEST(LowerBpf, ADenialCarriesItsBitAndAMissingAclIsNoPolicy) {
    Model model = model_with({});
    model.has_network_acls = true;
    Lowered without(model);
    EXPECT_EQ(without.image->ports[0].flags & PC_PORT_NO_ACL, 0u);
    EXPECT_EQ(without.image->ports[0].acl_policy[PC_INBOUND], 0u);
    EXPECT_THAT(without.image->policies, IsEmpty());

    model.network_acls = {{.id = "acl-1",
                           .vpc_id = "vpc-1",
                           .is_default = true,
                           .entries = {{}, {deny(1, "0.0.0.0/0", tcp(22)), allow(2, "0.0.0.0/0", everything())}}}};
    const Lowered with(model);
    EXPECT_EQ(with.image->ports[0].acl_policy[PC_INBOUND], 1u);
    EXPECT_THAT(port_entries(*with.image), ElementsAre("6:22/16=" + std::to_string(PC_DENY | 1u)));
    EXPECT_EQ(with.image->set_heads[0].second.any, 2u);
}

TEST(LowerBpf, PortsWithTheSameAddressesShareASet) {
    Model model = model_with({});
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {}});
    model.subnets.push_back({.id = "subnet-9", .vpc_id = "vpc-2", .cidrs = {}});
    model.network_interfaces.push_back(interface("eni-2", 1, {}));
    model.network_interfaces[1].vpc_id = "vpc-2";
    model.network_interfaces[1].subnet_id = "subnet-9";
    const Lowered lowered(model);
    EXPECT_EQ(lowered.image->ports[0].address_set, lowered.image->ports[1].address_set);
    EXPECT_EQ(lowered.image->addresses4.size(), 1u);
}

TEST(LowerBpf, RulesThatAreOneByTheirLabelLeaveNoRepeatedEntries) {
    Model model = model_with({});
    SecurityGroupRule rule = from("192.0.2.0/24", tcp(80));
    rule.id = "sgr-1";
    model.security_groups = {group("sg-1", {rule}), group("sg-2", {rule})};
    model.network_interfaces = {interface("eni-1", 1, {"sg-1"}), interface("eni-2", 2, {"sg-2"})};
    const Lowered lowered(model);
    EXPECT_EQ(lowered.image->port_sets.size(), 1u);
    EXPECT_EQ(lowered.image->policies.size(), 1u);
    EXPECT_EQ(lowered.image->cidrs4.size(), 1u);
}

TEST(LowerBpf, ARuleThatChangesUnderItsIdMakesANewPolicy) {
    SecurityGroupRule rule = from_group("sg-1", tcp(80));
    rule.id = "sgr-1";
    Model model = model_with({rule});
    model.security_groups.push_back(group("sg-2", {}));
    Lowered lowered(model);
    lowered.numberings.retire_unused();
    model.security_groups[0].rules[1][0].source = GroupReference{"sg-2"};
    const auto changed = lower_bpf(*compile(model), {}, lowered.numberings);
    EXPECT_EQ(changed->set_heads[0].first, lowered.image->set_heads[0].first);
    EXPECT_NE(changed->policies[0].first, lowered.image->policies[0].first);
}

TEST(LowerBpf, APolicyThatDiffersInItsLiteralRulesAloneIsAnother) {
    SecurityGroupRule literal = from("0.0.0.0/0", tcp(80));
    SecurityGroupRule listed = from_list("pl-1", tcp(80));
    literal.id = listed.id = "sgr-1";
    Model model = model_with({literal});
    model.security_groups.push_back(group("sg-2", {listed}));
    model.prefix_lists = {{.id = "pl-1", .is_known = true, .cidrs = {prefix("0.0.0.0/0")}}};
    model.network_interfaces.push_back(interface("eni-2", 2, {"sg-2"}));
    const Lowered lowered(model);
    ASSERT_EQ(lowered.image->policies.size(), 2u);
    const pc_policy& first = lowered.image->policies[0].second;
    EXPECT_EQ(first.literal_set[PC_IPV4], first.default_set[PC_IPV4]);
    EXPECT_EQ(lowered.image->policies[1].second.default_set[PC_IPV4], first.default_set[PC_IPV4]);
    EXPECT_EQ(lowered.image->policies[1].second.literal_set[PC_IPV4], 0u);
}

TEST(LowerBpf, ACombinedEntryIsNotTheInterfaceOfThatName) {
    Model model = model_with({from_group("sg-2", tcp(1)), from_group("sg-3", tcp(1))});
    model.security_groups.push_back({.id = "sg-2", .vpc_id = "vpc-2"});
    model.security_groups.push_back({.id = "sg-3", .vpc_id = "vpc-3"});
    for (const char* const last : {"2", "3"}) {
        model.network_interfaces.push_back({.id = std::string("eni-") + last,
                                            .vpc_id = std::string("vpc-") + last,
                                            .addresses = {address("192.0.2.1")},
                                            .group_ids = {std::string("sg-") + last}});
    }
    model.network_interfaces.push_back({.id = "eni-2+eni-3", .vpc_id = "vpc-1"});
    const Lowered lowered(model);
    EXPECT_EQ(lowered.image->interfaces.size(), 5u);
}

struct Shortage {
    const char* map;
    std::uint32_t MapCapacities::*limit;
};
class Capacity : public testing::TestWithParam<Shortage> {};

TEST_P(Capacity, ThatDoesNotSufficeIsNamedWithItsLimitAndTheNeed) {
    Model model = model_with({from("192.0.2.0/24", tcp(80)), from("198.51.100.0/24", tcp(81)), from("2001:db8::/32", tcp(82)),
                              from("2001:db8::/33", tcp(83)), from_group("sg-1", tcp(84)), from_group("sg-2", tcp(85))});
    model.security_groups.push_back(group("sg-2", {from("192.0.2.0/24", tcp(80))}));
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {}});
    model.network_interfaces.push_back(interface("eni-2", 2, {"sg-2"}));
    model.ports = {{.network_interface_id = "eni-2", .device = "tap2", .vlans = {7}}};
    MapCapacities capacities;
    capacities.*GetParam().limit = 1;
    const Lowered lowered(model, capacities);
    ASSERT_FALSE(lowered.image.has_value());
    EXPECT_THAT(lowered.image.error().message, AllOf(HasSubstr(GetParam().map), HasSubstr("limit is 1")));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryMap, Capacity,
    testing::Values(Shortage{"pc_rule_hits", &MapCapacities::rules}, Shortage{"pc_set_heads", &MapCapacities::port_sets},
                    Shortage{"pc_port_sets", &MapCapacities::port_set_entries}, Shortage{"pc_policies", &MapCapacities::policies},
                    Shortage{"pc_cidrs4", &MapCapacities::cidrs4}, Shortage{"pc_cidrs6", &MapCapacities::cidrs6},
                    Shortage{"pc_group_sets", &MapCapacities::group_sets}, Shortage{"security groups", &MapCapacities::groups},
                    Shortage{"pc_interfaces", &MapCapacities::interfaces}, Shortage{"VPCs", &MapCapacities::zones},
                    Shortage{"subnets", &MapCapacities::subnets}, Shortage{"pc_owners", &MapCapacities::owners},
                    Shortage{"sets of addresses", &MapCapacities::address_sets}, Shortage{"pc_services", &MapCapacities::services},
                    Shortage{"sets of services", &MapCapacities::service_sets}, Shortage{"pc_addresses4", &MapCapacities::addresses4},
                    Shortage{"pc_addresses6", &MapCapacities::addresses6}, Shortage{"pc_members4", &MapCapacities::members4},
                    Shortage{"pc_members6", &MapCapacities::members6}),
    [](const auto& shortage) {
        std::string name = shortage.param.map;
        std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
        return name;
    });

TEST(Ticks, LastAtLeastTheSecondsTheyStandFor) {
    EXPECT_EQ(ticks_of(0), 0u);
    EXPECT_EQ(ticks_of(1), 8u);  // 7.45
    EXPECT_EQ(ticks_of(30), 224u);
    EXPECT_EQ(ticks_of(432'000), 3'218'651u);
    EXPECT_EQ(ticks_of(4'294'967'295u), 2'147'483'647u) << "ticks are compared modulo 2^32";
}

TEST(Slots, CountWhatAnImageUses) {
    const Lowered lowered(model_with({from("192.0.2.0/24", tcp(1, 6))}));
    MapCapacities capacities;
    capacities.port_set_entries = 77;
    for (const SlotUse& use : slots_of(*lowered.image, capacities)) {
        if (use.map == "pc_port_sets") {
            EXPECT_EQ(use.used, 4u);
            EXPECT_EQ(use.capacity, 77u);
        }
        if (use.map == "pc_services") {
            EXPECT_EQ(use.used, 2u) << "the router of the IPv6 block, listed and reserved";
        }
        if (use.map == "pc_rule_hits") {
            EXPECT_EQ(use.used, 1u);
        }
    }
}

}  // namespace
}  // namespace portcullis
