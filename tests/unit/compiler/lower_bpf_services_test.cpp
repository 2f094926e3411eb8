// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "tests/unit/compiler/decoded_image.h"
#include "tests/unit/compiler/map_interpreter.h"
#include "tests/unit/compiler/model_builder.h"

namespace portcullis {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const DeviceNumbers kDevices = {{"up0", 7}, {"up1", 8}};

struct Lowered {
    explicit Lowered(const Model& model, const DeviceNumbers& devices = kDevices)
        : numberings(MapCapacities{}), image(*lower_bpf(*compile(model), {}, numberings, devices)) {}
    [[nodiscard]] const PortRow& view(std::size_t port = 0) const { return image.ports[port]; }
    Numberings numberings;
    MapImage image;
};

// One port in a subnet without blocks, so that nothing answers echo requests.
Model plain_model() {
    Model model = base_model();
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {}}};
    model.network_interfaces = {interface("eni-1", 1, {})};
    model.ports = {{.network_interface_id = "eni-1", .device = "tap1"}};
    return model;
}

Mac mac(std::uint8_t last) { return Mac{{2, 9, 0, 0, 0, last}}; }

// "kind protocol port address = where mac" of a set, the address and the MAC in hexadecimal.
std::vector<std::string> entries_of(const MapImage& image, std::uint32_t set) {
    std::vector<std::string> entries;
    for (const auto& [key, value] : image.services) {
        if (key.set == set) {
            entries.push_back(std::to_string(key.kind) + " " + std::to_string(key.protocol) + " " + std::to_string(key.port) + " " +
                              hex(key.address) + " = " + std::to_string(value.where) + " " + hex(value.mac));
        }
    }
    return entries;
}

constexpr const char* kMapped = "00000000000000000000ffff";
constexpr const char* kNoAddress = "00000000000000000000000000000000";
constexpr const char* kNoValue = " = 0 000000000000";

TEST(LowerServices, AServiceIsListedAndReserved) {
    Model model = plain_model();
    model.services.listed = {{.address = address("192.0.2.53"), .protocol = 17, .port = 53},
                             {.address = address("2001:db8::80"), .protocol = 6, .port = 80}};
    const Lowered lowered(model);
    EXPECT_THAT(
        entries_of(lowered.image, lowered.view().services[0]),
        ElementsAre(std::string("1 6 80 20010db8000000000000000000000080") + kNoValue,
                    std::string("1 17 53 ") + kMapped + "c0000235" + kNoValue, std::string("5 0 0 ") + kMapped + "c0000235" + kNoValue,
                    std::string("5 0 0 20010db8000000000000000000000080") + kNoValue));
    EXPECT_EQ(lowered.view().flags & PC_PORT_HAS_SERVICES, PC_PORT_HAS_SERVICES);
}

TEST(LowerServices, ARouterThatAnswersEchoRequestsIsListedByTheProtocolOfItsFamily) {
    Model model = plain_model();
    model.subnets[0].cidrs = {prefix("192.0.2.0/24"), prefix("2001:db8::/64")};
    const Lowered lowered(model);
    EXPECT_THAT(entries_of(lowered.image, lowered.view().services[0]),
                ElementsAre(std::string("1 1 0 ") + kMapped + "c0000201" + kNoValue,
                            std::string("1 58 0 20010db8000000000000000000000001") + kNoValue,
                            std::string("5 0 0 ") + kMapped + "c0000201" + kNoValue,
                            std::string("5 0 0 20010db8000000000000000000000001") + kNoValue));
}

// Where the server is believed.
std::uint32_t where(const Lowered& lowered, const char* server) {
    pc_service_key key{.set = lowered.view().services[0], .kind = PC_SERVICE_DHCP};
    const Address parsed = address(server);
    key.address[10] = key.address[11] = 0xff;
    std::memcpy(key.address + 12, parsed.bytes.data(), 4);
    return MapInterpreter(lowered.image).find_service(key).value().where;
}

TEST(LowerServices, ADhcpServerIsBelievedByItsDevice) {
    Model model = plain_model();
    model.services.dhcp_servers = {{.address = address("192.0.2.1"), .device = ""},
                                   {.address = address("192.0.2.2"), .device = "host"},
                                   {.address = address("192.0.2.3"), .device = "up1"},
                                   {.address = address("192.0.2.4"), .device = "gone"}};
    const Lowered lowered(model);
    EXPECT_EQ(where(lowered, "192.0.2.1"), PC_WHERE_ANY);
    EXPECT_EQ(where(lowered, "192.0.2.2"), PC_WHERE_HOST);
    EXPECT_EQ(where(lowered, "192.0.2.3"), 8u);
    EXPECT_EQ(where(lowered, "192.0.2.4"), PC_WHERE_NOWHERE);
    EXPECT_EQ(lowered.view().flags & (PC_PORT_HAS_DHCP4 | PC_PORT_HAS_DHCP6), PC_PORT_HAS_DHCP4);
}

TEST(LowerServices, ADhcpServerWithADeviceIsBelievedByThatAloneAndWithTwoByNone) {
    Model model = plain_model();
    model.services.dhcp_servers = {{.address = address("192.0.2.1"), .device = ""}, {.address = address("192.0.2.2"), .device = "up0"}};
    model.ports[0].services.dhcp_servers = {{.address = address("192.0.2.1"), .device = "up0"},
                                            {.address = address("192.0.2.2"), .device = "up1"}};
    const Lowered lowered(model);
    EXPECT_EQ(where(lowered, "192.0.2.1"), 7u);
    EXPECT_EQ(where(lowered, "192.0.2.2"), PC_WHERE_NOWHERE);
}

TEST(LowerServices, ADeviceThatComesOrGoesMakesAnotherSet) {
    Model model = plain_model();
    model.services.dhcp_servers = {{.address = address("192.0.2.3"), .device = "up1"}};
    Lowered lowered(model, {});
    lowered.numberings.retire_unused();
    const MapImage after = *lower_bpf(*compile(model), {}, lowered.numberings, kDevices);
    EXPECT_NE(after.ports[0].services[0], lowered.view().services[0]);
}

TEST(LowerServices, ARoutersAddressLeadsToItsMacAndOneOfTwoRoutersToNone) {
    Model model = plain_model();
    model.services.routers = {{.mac = mac(1), .addresses = {address("192.0.2.1"), address("192.0.2.2")}},
                              {.mac = mac(2), .addresses = {address("192.0.2.2")}}};
    const Lowered lowered(model);
    EXPECT_THAT(
        entries_of(lowered.image, lowered.view().services[0]),
        ElementsAre(std::string("3 0 0 ") + kMapped + "c0000201 = 0 020900000001",
                    std::string("3 0 0 ") + kMapped + "c0000202 = 0 000000000000",
                    std::string("4 0 0 02090000000100000000000000000000") + kNoValue,
                    std::string("4 0 0 02090000000200000000000000000000") + kNoValue,
                    std::string("5 0 0 ") + kMapped + "c0000201" + kNoValue, std::string("5 0 0 ") + kMapped + "c0000202" + kNoValue));
    EXPECT_EQ(lowered.view().flags & PC_PORT_HAS_ROUTERS, PC_PORT_HAS_ROUTERS);
}

TEST(LowerServices, WhatIsListedForAPortAloneIsThere) {
    Model model = plain_model();
    model.ports[0].multicast = {address("224.0.0.251")};
    model.ports[0].vlans = {0, 4094};
    model.ports[0].allowed_addresses = {{.prefix = prefix("192.0.2.7/32"), .mac = mac(4)}};
    const Lowered lowered(model);
    EXPECT_THAT(
        entries_of(lowered.image, lowered.view().services[0]),
        ElementsAre(std::string("6 0 0 ") + kMapped + "e00000fb" + kNoValue, std::string("7 0 0 ") + kNoAddress + kNoValue,
                    std::string("7 0 4094 ") + kNoAddress + kNoValue, std::string("8 0 0 02090000000400000000000000000000") + kNoValue));
    constexpr std::uint32_t kHas = PC_PORT_HAS_MACS | PC_PORT_HAS_MULTICAST | PC_PORT_HAS_VLANS;
    EXPECT_EQ(lowered.view().flags & kHas, kHas);
}

TEST(LowerServices, APortWithNothingAroundItHasNoSet) {
    const Lowered lowered(plain_model());
    EXPECT_EQ(lowered.view().services[0], 0u);
    EXPECT_EQ(lowered.view().services[1], 0u);
    EXPECT_EQ(lowered.view().flags, PC_PORT_NO_ACL | PC_PORT_CLAIMS);
    EXPECT_THAT(lowered.image.services, IsEmpty());
}

TEST(BridgeServices, AreGivenByTheBridgeAndTheVpcOfThePort) {
    Model model = plain_model();
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {prefix("10.2.0.0/16")}});
    model.subnets.push_back({.id = "subnet-9", .vpc_id = "vpc-2", .cidrs = {}});
    model.network_interfaces.push_back(interface("eni-2", 2, {}));
    model.network_interfaces[1].vpc_id = "vpc-2";
    model.network_interfaces[1].subnet_id = "subnet-9";
    model.bridges = {{.device = "br0"},
                     {.device = "br1", .services = {.is_ec2 = true, .dhcp_servers = {{.address = address("2001:db8::67"), .device = {}}}}}};
    const Lowered lowered(model);
    for (std::size_t port = 0; port < 2; ++port) {
        EXPECT_EQ(bridge_services_of(lowered.image, 0, port), ServiceSet{});
        const ServiceSet set = bridge_services_of(lowered.image, 1, port);
        EXPECT_EQ(set.flags, PC_PORT_HAS_SERVICES | PC_PORT_HAS_DHCP6);
        pc_service_key resolver{.set = set.number, .kind = PC_SERVICE_LISTED, .protocol = 17, .port = 53};
        const std::uint8_t expected[] = {0xff, 0xff, 10, static_cast<std::uint8_t>(port == 0 ? 0 : 2), 0, 2};
        std::ranges::copy(expected, resolver.address + 10);
        EXPECT_TRUE(MapInterpreter(lowered.image).find_service(resolver).has_value());
        EXPECT_EQ(lowered.view(port).services[1], 0u) << "the loader's";
    }
    EXPECT_NE(bridge_services_of(lowered.image, 1, 0).number, bridge_services_of(lowered.image, 1, 1).number);
}

TEST(LowerHostPolicies, HostServicesAreASetThatMayBeEmpty) {
    Model model = plain_model();
    EXPECT_EQ(Lowered(model).view().flags & PC_PORT_HOST_SERVICES, 0u);
    model.host_services.emplace();
    const Lowered closed(model);
    EXPECT_EQ(closed.view().flags & PC_PORT_HOST_SERVICES, PC_PORT_HOST_SERVICES);
    EXPECT_EQ(closed.view().host_set, 0u);
    model.host_services = {{.protocol = 6, .port = 22}, {.protocol = 47, .port = {}}};
    const Lowered open(model);
    EXPECT_THAT(entries_of(open.image, open.view().host_set),
                ElementsAre(std::string("9 6 22 ") + kNoAddress + kNoValue, std::string("9 47 0 ") + kNoAddress + kNoValue));
}

TEST(LowerHostPolicies, DeniedRangesAreOneSetOfAllPorts) {
    Model model = plain_model();
    model.network_interfaces.push_back(interface("eni-2", 2, {}));
    model.deny_cidrs = {{.prefix = prefix("192.0.2.0/24"), .new_only = true}, {.prefix = prefix("2001:db8:9::/48"), .new_only = false}};
    const Lowered lowered(model);
    EXPECT_EQ(lowered.view(0).deny_set, lowered.view(1).deny_set);
    const MapInterpreter maps(lowered.image);
    EXPECT_EQ(maps.find_address(lowered.view().deny_set, address("192.0.2.9")), PC_DENIED_NEW_ONLY);
    EXPECT_EQ(maps.find_address(lowered.view().deny_set, address("2001:db8:9::1")), PC_DENIED);
    EXPECT_EQ(maps.find_address(lowered.view().deny_set, address("198.51.100.9")), 0u);
}

TEST(LowerHostPolicies, TheSamePrefixesUnderAnotherValueAreAnotherSet) {
    Model model = plain_model();
    model.network_interfaces[0].source_dest_check = false;
    model.ports[0].allowed_sources = {prefix("192.0.2.0/24")};
    model.deny_cidrs = {{.prefix = prefix("192.0.2.0/24"), .new_only = true}};
    const Lowered lowered(model);
    EXPECT_NE(lowered.view().source_set, lowered.view().deny_set);
    model.deny_cidrs[0].new_only = false;
    const Lowered same(model);
    EXPECT_EQ(same.view().source_set, same.view().deny_set) << "content is what counts";
}

TEST(LowerHostPolicies, IsolatedInstancesAreKnownWhateverTheirVpc) {
    Model model = plain_model();
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {}});
    model.network_interfaces.push_back({.id = "eni-2", .vpc_id = "vpc-2", .addresses = {address("192.0.2.9")}});
    EXPECT_EQ(MapInterpreter(Lowered(model).image).find_owner(PC_ZONE_ALL, address("192.0.2.9")), OwnerRow{});
    model.isolates_instances = true;
    const Lowered lowered(model);
    EXPECT_EQ(lowered.view().flags & PC_PORT_ISOLATED, PC_PORT_ISOLATED);
    const MapInterpreter maps(lowered.image);
    EXPECT_NE(maps.find_owner(PC_ZONE_ALL, address("192.0.2.9")).interface, 0u);
    EXPECT_NE(maps.find_owner(PC_ZONE_ALL, address("10.0.1.1")).interface, 0u);
    EXPECT_EQ(maps.find_owner(PC_ZONE_ALL, address("10.0.1.9")), OwnerRow{});
    EXPECT_EQ(maps.find_owner(lowered.view().zone, address("192.0.2.9")), OwnerRow{}) << "not a member of this VPC";
}

TEST(LowerPorts, SourcesAreBoundWhereTheyAreNotChecked) {
    Model model = plain_model();
    model.ports[0].allowed_sources = {prefix("192.0.2.0/24")};
    const Lowered checked(model);
    EXPECT_EQ(checked.view().flags & (PC_PORT_ANY_ADDRESS | PC_PORT_BOUND_SOURCES), 0u);
    EXPECT_EQ(checked.view().source_set, 0u);
    model.network_interfaces[0].source_dest_check = false;
    const Lowered bound(model);
    EXPECT_EQ(bound.view().flags & (PC_PORT_ANY_ADDRESS | PC_PORT_BOUND_SOURCES), PC_PORT_ANY_ADDRESS | PC_PORT_BOUND_SOURCES);
    EXPECT_TRUE(MapInterpreter(bound.image).is_own(bound.view().source_set, address("192.0.2.200")));
    model.ports[0].allowed_sources.clear();
    const Lowered unbound(model);
    EXPECT_EQ(unbound.view().flags & (PC_PORT_ANY_ADDRESS | PC_PORT_BOUND_SOURCES), PC_PORT_ANY_ADDRESS);
}

TEST(LowerPorts, EveryOptionIsItsFlag) {
    Model model = plain_model();
    PortClaim& claim = model.ports[0];
    const auto flags = [&] { return Lowered(model).view().flags; };
    claim.claims_link_local = false;
    EXPECT_EQ(flags(), PC_PORT_NO_ACL);
    claim.track_all = true;
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL);
    claim.relates_icmp_errors = false;
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP);
    model.on_revoke = OnRevoke::Cut;
    model.on_deny.log = true;
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP | PC_PORT_CUT | PC_PORT_LOG);
    model.on_deny.reject = true;
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP | PC_PORT_CUT | PC_PORT_LOG | PC_PORT_REJECT);
    claim.on_deny = OnDeny{.reject = true, .log = false};
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP | PC_PORT_CUT | PC_PORT_REJECT);
    claim.on_deny = OnDeny{};
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP | PC_PORT_CUT);
    model.network_interfaces[0].addresses.clear();
    EXPECT_EQ(flags(), PC_PORT_NO_ACL | PC_PORT_TRACK_ALL | PC_PORT_STRICT_ICMP | PC_PORT_CUT | PC_PORT_NO_ADDRESSES);
}

TEST(LowerPorts, QuotasAndWideRulesAreInTheView) {
    Model model = plain_model();
    model.security_groups = {group("sg-1", {from("0.0.0.0/0", tcp(0, 65535))}, {from("::/0", everything())})};
    model.network_interfaces[0].group_ids = {"sg-1"};
    model.ports[0].flows_per_port = 111;
    model.ports[0].half_open_per_port = 22;
    const Lowered lowered(model);
    EXPECT_EQ(lowered.view().flow_quota, 111u);
    EXPECT_EQ(lowered.view().half_open_quota, 22u);
    EXPECT_EQ(lowered.view().wide,
              PC_WIDE(PC_INBOUND, PC_IPV4, 0u) | PC_WIDE(PC_OUTBOUND, PC_IPV6, 0u) | PC_WIDE(PC_OUTBOUND, PC_IPV6, 1u));
}

}  // namespace
}  // namespace portcullis
