// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile/compile.h"
#include "tests/unit/compiler/model_builder.h"
#include "tests/unit/compiler/ruleset_text.h"

namespace portcullis {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Model model_with_port() {
    Model model = base_model();
    model.network_interfaces = {interface("eni-1", 5, {}), interface("eni-2", 6, {})};
    model.ports = {{.network_interface_id = "eni-1", .device = "tap1"}};
    return model;
}

std::string around(const Ruleset& ruleset, std::size_t port) { return text_of(ruleset.surroundings[ruleset.ports[port].surroundings]); }

Mac mac(std::uint8_t last) { return Mac{{2, 9, 0, 0, 0, last}}; }

TEST(Surroundings, WithoutServicesAreTheRoutersOfTheSubnet) {
    const auto ruleset = compile(model_with_port());
    EXPECT_EQ(around(*ruleset, 0), "echo 10.0.1.1\necho 2001:db8:0:1::1\n");
}

TEST(Surroundings, ARouterWhoseAddressAnInterfaceHasAnswersNoEcho) {
    Model model = model_with_port();
    model.network_interfaces[1].addresses.push_back(address("10.0.1.1"));
    model.network_interfaces[1].subnet_id = "subnet-2";
    EXPECT_EQ(around(*compile(model), 0), "echo 2001:db8:0:1::1\n");
    model.network_interfaces[1].vpc_id = "vpc-9";
    EXPECT_EQ(around(*compile(model), 0), "echo 10.0.1.1\necho 2001:db8:0:1::1\n") << "one of another VPC is none";
}

TEST(Surroundings, ARouterInsideAnAllowedPrefixAnswersNoEcho) {
    Model model = model_with_port();
    model.ports[0].allowed_addresses = {{.prefix = prefix("2001:db8:0:1::/126"), .mac = {}}};
    EXPECT_EQ(around(*compile(model), 0), "echo 10.0.1.1\n");
}

TEST(Surroundings, Ec2StandsForItsListInThePortsVpc) {
    Model model = model_with_port();
    model.subnets[0].cidrs.clear();
    model.services.is_ec2 = true;
    EXPECT_EQ(around(*compile(model), 0),
              "service 10.0.0.2 6 53\nservice 10.0.0.2 17 53\n"
              "service 169.254.169.123 17 123\n"
              "service 169.254.169.250 6 1688\nservice 169.254.169.251 6 1688\n"
              "service 169.254.169.253 6 53\nservice 169.254.169.253 17 53\n"
              "service 169.254.169.254 6 80\n"
              "service 169.254.170.2 6 80\n"
              "service fd00:ec2::123 17 123\n"
              "service fd00:ec2::253 6 53\nservice fd00:ec2::253 17 53\n"
              "service fd00:ec2::254 6 80\n");
}

TEST(Surroundings, JoinTheHostsListsAndThePorts) {
    Model model = model_with_port();
    model.subnets[0].cidrs.clear();
    model.services.listed = {{.address = address("192.0.2.53"), .protocol = 17, .port = 53}};
    model.services.routers = {{.mac = mac(1), .addresses = {address("192.0.2.1"), address("fe80::1")}}};
    model.ports[0].services.listed = {{.address = address("192.0.2.80"), .protocol = 6, .port = 80},
                                      {.address = address("192.0.2.53"), .protocol = 17, .port = 53}};
    model.ports[0].services.dhcp_servers = {{.address = address("192.0.2.67"), .device = "up0"}};
    model.ports[0].services.routers = {{.mac = mac(2), .addresses = {}}};
    model.ports[0].multicast = {address("ff05::7"), address("224.0.0.251")};
    model.ports[0].vlans = {9, 4};
    model.ports[0].allowed_addresses = {{.prefix = prefix("10.0.1.7/32"), .mac = mac(4)},
                                        {.prefix = prefix("10.0.1.8/32"), .mac = Mac{{2, 0, 0, 0, 0, 5}}}};
    const auto ruleset = compile(model);
    EXPECT_EQ(around(*ruleset, 0),
              "service 192.0.2.53 17 53\nservice 192.0.2.80 6 80\n"
              "dhcp 192.0.2.67 'up0'\n"
              "router 192.0.2.1 02:09:00:00:00:01\nrouter fe80::1 02:09:00:00:00:01\n"
              "router 02:09:00:00:00:01\nrouter 02:09:00:00:00:02\n"
              "multicast 224.0.0.251\nmulticast ff05::7\n"
              "vlan 4\nvlan 9\n"
              "mac 02:09:00:00:00:04\n");
    EXPECT_EQ(around(*ruleset, 1),
              "service 192.0.2.53 17 53\n"
              "router 192.0.2.1 02:09:00:00:00:01\nrouter fe80::1 02:09:00:00:00:01\n"
              "router 02:09:00:00:00:01\n");
}

TEST(Surroundings, ThatAreEqualAreOne) {
    Model model = model_with_port();
    model.network_interfaces.push_back(interface("eni-3", 7, {}));
    model.network_interfaces[2].subnet_id = "subnet-2";
    const auto ruleset = compile(model);
    EXPECT_EQ(ruleset->surroundings.size(), 2u);
    EXPECT_EQ(ruleset->ports[0].surroundings, ruleset->ports[1].surroundings);
}

TEST(BridgeSurroundings, AreByVpcWhereTheBridgeHasServices) {
    Model model = model_with_port();
    model.vpcs.push_back({.id = "vpc-2", .cidrs = {prefix("10.2.0.0/16")}});
    model.bridges = {{.device = "br1", .services = {.is_ec2 = true}},
                     {.device = "br0"},
                     {.device = "br2", .services = {.dhcp_servers = {{.address = address("192.0.2.67"), .device = {}}}}}};
    const auto ruleset = compile(model);
    ASSERT_EQ(ruleset->bridge_surroundings.size(), 3u);
    EXPECT_THAT(ruleset->bridge_surroundings[0], IsEmpty());
    ASSERT_EQ(ruleset->bridge_surroundings[1].size(), 2u);
    EXPECT_THAT(text_of(ruleset->surroundings[ruleset->bridge_surroundings[1][0]]), HasSubstr("service 10.0.0.2 17 53\n"));
    EXPECT_THAT(text_of(ruleset->surroundings[ruleset->bridge_surroundings[1][1]]), HasSubstr("service 10.2.0.2 17 53\n"));
    ASSERT_EQ(ruleset->bridge_surroundings[2].size(), 2u);
    EXPECT_EQ(ruleset->bridge_surroundings[2][0], ruleset->bridge_surroundings[2][1]);
    EXPECT_EQ(text_of(ruleset->surroundings[ruleset->bridge_surroundings[2][0]]), "dhcp 192.0.2.67 ''\n");
}

TEST(PortOptions, OfThePortOverrideThoseOfTheHost) {
    Model model = model_with_port();
    model.on_deny = {.reject = true, .log = true};
    model.on_revoke = OnRevoke::Cut;
    model.quotas.flows_per_port = 100;
    model.quotas.half_open_per_port = 10;
    model.network_interfaces[0].source_dest_check = false;
    PortClaim& claim = model.ports[0];
    claim.on_deny = OnDeny{};
    claim.on_revoke = OnRevoke::Keep;
    claim.flows_per_port = 200;
    claim.half_open_per_port = 20;
    claim.track_all = true;
    claim.claims_link_local = false;
    claim.relates_icmp_errors = false;
    claim.allowed_sources = {prefix("192.0.2.128/25"), prefix("192.0.2.0/25"), prefix("192.0.2.0/25")};
    const auto ruleset = compile(model);
    const Port& port = ruleset->ports[0];
    EXPECT_EQ(port.on_deny, OnDeny{});
    EXPECT_EQ(port.on_revoke, OnRevoke::Keep);
    EXPECT_EQ(port.flows, 200u);
    EXPECT_EQ(port.half_open, 20u);
    EXPECT_TRUE(port.track_all);
    EXPECT_FALSE(port.claims_link_local);
    EXPECT_FALSE(port.relates_icmp_errors);
    EXPECT_FALSE(port.checks_source_and_destination);
    EXPECT_THAT(port.allowed_sources, ElementsAre(prefix("192.0.2.0/25"), prefix("192.0.2.128/25")));
    const Port& other = ruleset->ports[1];
    EXPECT_EQ(other.on_deny, model.on_deny);
    EXPECT_EQ(other.on_revoke, OnRevoke::Cut);
    EXPECT_EQ(other.flows, 100u);
    EXPECT_EQ(other.half_open, 10u);
    EXPECT_FALSE(other.track_all);
    EXPECT_TRUE(other.claims_link_local);
    EXPECT_TRUE(other.relates_icmp_errors);
    EXPECT_TRUE(other.checks_source_and_destination);
}

std::vector<DenyCidr> denied(std::vector<DenyCidr> ranges) {
    Model model = base_model();
    model.deny_cidrs = std::move(ranges);
    return compile(model)->deny_cidrs;
}
DenyCidr all(const char* cidr) { return {.prefix = prefix(cidr), .new_only = false}; }
DenyCidr new_only(const char* cidr) { return {.prefix = prefix(cidr), .new_only = true}; }

TEST(DenyCidrs, AreSortedAndThoseInsideOneThatIsForAllAreLeftOut) {
    EXPECT_THAT(denied({all("198.51.100.0/24"), new_only("10.1.0.0/16"), all("10.0.0.0/8"), all("10.2.0.0/16"), new_only("10.0.0.0/8")}),
                ElementsAre(all("10.0.0.0/8"), all("198.51.100.0/24")));
}

TEST(DenyCidrs, ThatAreForAllStandInsideOneForNewFlows) {
    EXPECT_THAT(denied({new_only("10.0.0.0/8"), all("10.1.0.0/16"), new_only("10.1.2.0/24"), new_only("10.2.0.0/16")}),
                ElementsAre(new_only("10.0.0.0/8"), all("10.1.0.0/16")));
}

TEST(Isolation, IsFromTheAddressesOfAllInterfacesOfAllVpcs) {
    Model model = model_with_port();
    model.network_interfaces[1].vpc_id = "vpc-unknown";
    model.network_interfaces[1].delegated_prefixes = {prefix("192.0.2.0/28")};
    model.network_interfaces[1].addresses.push_back(address("10.0.1.5"));
    model.ports[0].allowed_addresses = {{.prefix = prefix("198.51.100.7/32"), .mac = {}}};
    EXPECT_THAT(compile(model)->instance_addresses, IsEmpty()) << "not isolated";
    model.isolates_instances = true;
    const auto ruleset = compile(model);
    EXPECT_TRUE(ruleset->isolates_instances);
    EXPECT_THAT(ruleset->instance_addresses,
                ElementsAre(std::pair(prefix("10.0.1.5/32"), 0u), std::pair(prefix("10.0.1.6/32"), 1u),
                            std::pair(prefix("192.0.2.0/28"), 1u), std::pair(prefix("198.51.100.7/32"), 0u),
                            std::pair(prefix("fe80::ff:fe00:5/128"), 0u), std::pair(prefix("fe80::ff:fe00:6/128"), 1u)));
}

TEST(HostServices, AreNoneOrSorted) {
    Model model = base_model();
    EXPECT_EQ(compile(model)->host_services, std::nullopt);
    model.host_services.emplace();
    EXPECT_THAT(compile(model)->host_services, testing::Optional(IsEmpty()));
    model.host_services = {{.protocol = 17, .port = 53}, {.protocol = 6, .port = 22}, {.protocol = 17, .port = 53}};
    EXPECT_THAT(compile(model)->host_services,
                testing::Optional(ElementsAre(HostService{.protocol = 6, .port = 22}, HostService{.protocol = 17, .port = 53})));
}

}  // namespace
}  // namespace portcullis
