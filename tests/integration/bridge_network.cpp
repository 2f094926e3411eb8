// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/bridge_network.h"

#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

constexpr int kHosts[] = {10, 20, 30};
constexpr auto kOutbound = static_cast<std::size_t>(Direction::Outbound);
constexpr auto kInbound = static_cast<std::size_t>(Direction::Inbound);

Mac mac_of(std::size_t instance) { return {{0x02, 0, 0, 0, 0x10, static_cast<std::uint8_t>(instance + 1)}}; }
int subnet_of(std::size_t instance) { return instance == kFar ? 1 : 0; }

std::string text4(int subnet, int host) { return "10.0." + std::to_string(subnet) + "." + std::to_string(host); }
std::string text6(int subnet, int host) { return "2001:db8:1:" + std::to_string(subnet) + "::" + std::to_string(host); }

SecurityGroupRule from_clients(const Traffic& traffic) {
    return {.id = {}, .traffic = traffic, .source = GroupReference{"sg-client"}, .position = {}};
}

std::string addresses(const std::string& device, int subnet, int host) {
    return "addr add " + text4(subnet, host) + "/24 dev " + device + "\naddr add " + text6(subnet, host) + "/64 dev " + device + " nodad\n";
}

}  // namespace

Model bridge_network_model() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("10.0.0.0/16"), prefix("2001:db8:1::/56")}, .position = {}}};
    SecurityGroup client{.id = "sg-client", .name = "client", .vpc_id = "vpc-1", .rules = {}, .position = {}};
    client.rules[kOutbound] = {{.id = {}, .traffic = {}, .source = prefix("0.0.0.0/0"), .position = {}},
                               {.id = {}, .traffic = {}, .source = prefix("::/0"), .position = {}}};
    SecurityGroup server{.id = "sg-server", .name = "server", .vpc_id = "vpc-1", .rules = {}, .position = {}};
    server.rules[kInbound] = {from_clients({.protocol = 6, .from_port = kOpenTcp, .to_port = kOpenTcp}),
                              from_clients({.protocol = 17, .from_port = kOpenUdp, .to_port = kOpenUdp}),
                              from_clients({.protocol = 1, .icmp_type = 8, .icmp_code = 0}),
                              from_clients({.protocol = 58, .icmp_type = 128, .icmp_code = 0})};
    model.security_groups = {client, server};
    for (int subnet = 0; subnet < 2; ++subnet) {
        model.subnets.push_back({.id = "subnet-" + std::to_string(subnet),
                                 .vpc_id = "vpc-1",
                                 .cidrs = {Prefix::of(ip(text4(subnet, 0)), 24), Prefix::of(ip(text6(subnet, 0)), 64)},
                                 .position = {}});
    }
    for (std::size_t i = kClient; i <= kFar; ++i) {
        NetworkInterface interface {
            .id = "eni-" + std::to_string(i), .vpc_id = "vpc-1", .subnet_id = "subnet-" + std::to_string(subnet_of(i))
        };
        interface.mac = mac_of(i);
        interface.addresses = {address_of(i, Family::Ipv4), address_of(i, Family::Ipv6)};
        interface.group_ids = {i == kClient ? "sg-client" : "sg-server"};
        model.ports.push_back({.network_interface_id = interface.id, .device = TestHost::port_device(i), .position = {}});
        model.network_interfaces.push_back(std::move(interface));
    }
    return model;
}

Address address_of(std::size_t instance, Family family) {
    const int subnet = subnet_of(instance);
    return ip(family == Family::Ipv4 ? text4(subnet, kHosts[instance]) : text6(subnet, kHosts[instance]));
}

std::string name_of(const BridgeNetworkOptions& options) {
    const std::string hooks = options.attach_mode == AttachMode::Tcx ? "Tcx" : options.attach_mode == AttachMode::Clsact ? "Clsact" : "";
    return hooks + (options.calls_netfilter ? "WithNetfilter" : "") + (options.xdp == XdpMode::Off ? "" : "EarlyDrop");
}

std::vector<BridgeNetworkOptions> usual_networks() { return {{.calls_netfilter = false}, {.calls_netfilter = true}}; }

std::vector<BridgeNetworkOptions> all_networks() {
    std::vector<BridgeNetworkOptions> all;
    for (const AttachMode attach_mode : {AttachMode::Tcx, AttachMode::Clsact}) {
        for (const bool calls_netfilter : {false, true}) {
            for (const XdpMode xdp : {XdpMode::Off, XdpMode::Everywhere}) {
                all.push_back({.calls_netfilter = calls_netfilter, .xdp = xdp, .attach_mode = attach_mode});
            }
        }
    }
    return all;
}

std::string name_of(const StackSetting& setting) { return (setting.family == Family::Ipv4 ? "Ipv4" : "Ipv6") + name_of(setting.network); }

std::vector<StackSetting> in_both_families(const std::vector<BridgeNetworkOptions>& networks) {
    std::vector<StackSetting> settings;
    for (const BridgeNetworkOptions& network : networks) {
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            settings.push_back({.network = network, .family = family});
        }
    }
    return settings;
}

BridgeNetwork::BridgeNetwork(const BridgeNetworkOptions& options)
    : host_(
          {.ports = 3, .calls_netfilter = options.calls_netfilter, .has_stacks = true, .instance_macs = {mac_of(0), mac_of(1), mac_of(2)}},
          {.xdp = options.xdp, .attach_mode = options.attach_mode}) {
    host_.apply(bridge_network_model());
    const NetNamespace& router = host_.test_host().host();
    router.set_sysctl("net/ipv4/ip_forward", "1");
    router.set_sysctl("net/ipv6/conf/all/forwarding", "1");
    // Both subnets are on the one bridge: without this the router would tell the client of a shorter way.
    router.set_sysctl("net/ipv4/conf/all/send_redirects", "0");
    router.set_sysctl("net/ipv4/conf/br0/send_redirects", "0");
    router.ip(addresses("br0", 0, 1) + addresses("br0", 1, 1));
    for (std::size_t i = kClient; i <= kFar; ++i) {
        const int subnet = subnet_of(i);
        instance(i).ip(addresses("eth0", subnet, kHosts[i]) + "route add default via " + text4(subnet, 1) + "\nroute add default via " +
                       text6(subnet, 1) + "\n");
    }
}

}  // namespace portcullis::test
