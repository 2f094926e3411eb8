// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_model.h"

#include <algorithm>

namespace portcullis::bench {
namespace {

using test::ip;
using test::mac;
using test::prefix;

constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr std::size_t kEthertypeOffset = 12;
constexpr std::uint8_t kIpv6FirstByte = 0x86;  // of its ethertype, 0x86dd
constexpr std::size_t kAddressesPerMember = 10;
constexpr std::uint32_t kAsManyFlowsAsFit = 100'000'000;  // of the whole host, reserves of other ports included

Mac sender_mac() { return mac("02:00:00:00:00:0a"); }
Mac receiver_mac() { return mac("02:00:00:00:00:0b"); }
Mac third_mac() { return mac("02:00:00:00:00:0c"); }

std::uint8_t byte(std::size_t value) { return static_cast<std::uint8_t>(value); }

SecurityGroupRule rule(std::int16_t protocol, std::uint16_t port, const RuleSource& source) {
    return {.id = {}, .traffic = {.protocol = protocol, .from_port = port, .to_port = port}, .source = source, .position = {}};
}

// What every packet here is allowed by.
SecurityGroupRule allowing(std::int16_t protocol, const RuleSource& source) {
    SecurityGroupRule one = rule(protocol, kAllowedPort, source);
    one.traffic.to_port = kAllowedPort + kAllowedPorts - 1;
    return one;
}

NetworkInterface interface(const std::string& id, const Mac& own, std::vector<Address> addresses) {
    return {.id = id, .vpc_id = "vpc-1", .subnet_id = "subnet-1", .mac = own, .addresses = std::move(addresses), .group_ids = {"sg-1"}};
}

void add_rules(std::vector<SecurityGroupRule>& rules, const PolicyShape& shape) {
    for (const std::uint8_t protocol : {kTcp, kUdp}) {
        if (shape.members > 0) {
            rules.push_back(allowing(protocol, GroupReference{"sg-members"}));
            continue;
        }
        for (const char* source : {"198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24", "2001:db8::/32"}) {
            rules.push_back(allowing(protocol, prefix(source)));
        }
        for (std::size_t length = 0; length < shape.nested; ++length) {
            rules.push_back(allowing(protocol, Prefix::of(ip("198.51.100.0"), byte(length))));
        }
    }
    for (std::size_t i = 0; i < shape.prefixes; ++i) {
        rules.push_back(rule(kTcp, static_cast<std::uint16_t>(1 + i % 1000), bystander(i)));
    }
    if (shape.is_untracked) {
        for (const char* everything : {"0.0.0.0/0", "::/0"}) {
            rules.push_back({.id = {}, .traffic = {}, .source = prefix(everything), .position = {}});
        }
    }
}

void add_members(Model& model, std::size_t addresses) {
    for (std::size_t at = 0; at < addresses; at += kAddressesPerMember) {
        std::vector<Address> own;
        for (std::size_t i = at; i < std::min(at + kAddressesPerMember, addresses); ++i) {
            own.push_back(Address::ipv4(10, byte(128 + (i >> 16)), byte(i >> 8), byte(i)));
        }
        NetworkInterface member =
            interface("eni-" + std::to_string(at), {{2, 1, 0, byte(at >> 16), byte(at >> 8), byte(at)}}, std::move(own));
        member.group_ids = {"sg-members"};
        model.network_interfaces.push_back(std::move(member));
    }
}

NetworkAcl acl_of(std::size_t entries) {
    NetworkAcl acl{.id = "acl-1", .vpc_id = "vpc-1", .is_default = true, .entries = {}, .subnet_ids = {"subnet-1"}, .position = {}};
    for (std::vector<NetworkAclEntry>& list : acl.entries) {
        for (std::size_t i = 0; i < entries; ++i) {
            const auto number = static_cast<std::uint16_t>(1 + i);
            list.push_back({.number = number, .allow = false, .traffic = {}, .cidr = bystander(i), .position = {}});
        }
        for (const char* everything : {"0.0.0.0/0", "::/0"}) {
            const auto number = static_cast<std::uint16_t>(32'000 + (everything[0] == ':' ? 1 : 0));
            list.push_back({.number = number, .allow = true, .traffic = {}, .cidr = prefix(everything), .position = {}});
        }
    }
    return acl;
}

test::Packet ipv4_headers() {
    return test::Ethernet{.source = sender_mac(), .destination = receiver_mac(), .type = {}} /
           test::Ipv4{.source = ip("203.0.113.1"), .destination = ip("198.51.100.1")};
}

test::Packet ipv6_headers() {
    return test::Ethernet{.source = sender_mac(), .destination = receiver_mac(), .type = {}} /
           test::Ipv6{.source = ip("2001:db8::1"), .destination = ip("2001:db8:1::1")};
}

test::Tcp tcp(std::uint16_t destination_port, std::uint8_t flags) {
    return {.source_port = 1024, .destination_port = destination_port, .flags = flags};
}

// The bytes at `offset` and those behind them.
void swap_neighbours(test::Bytes& frame, std::size_t offset, std::size_t bytes) {
    const auto first = frame.begin() + static_cast<std::ptrdiff_t>(offset);
    std::swap_ranges(first, first + static_cast<std::ptrdiff_t>(bytes), first + static_cast<std::ptrdiff_t>(bytes));
}

}  // namespace

Prefix bystander(std::size_t number) {
    return Prefix::of(Address::ipv4(byte(100 + (number >> 16)), byte(number >> 8), byte(number), 0), 24);
}

Model make_model(const PolicyShape& shape, std::size_t ports) {
    Model model;
    model.vpcs = {{.id = "vpc-1",
                   .cidrs = {prefix("203.0.113.0/24"), prefix("198.51.100.0/24"), prefix("10.128.0.0/9"), prefix("2001:db8::/32")},
                   .position = {}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs, .position = {}}};
    SecurityGroup group{.id = "sg-1", .name = "bench", .vpc_id = "vpc-1", .rules = {}, .position = {}};
    for (std::vector<SecurityGroupRule>& rules : group.rules) {
        add_rules(rules, shape);
    }
    model.security_groups = {group, {.id = "sg-members", .name = "members", .vpc_id = "vpc-1", .rules = {}, .position = {}}};
    model.network_interfaces = {interface("eni-a", sender_mac(), {ip("203.0.113.1"), ip("2001:db8::1")}),
                                interface("eni-b", receiver_mac(), {ip("198.51.100.1"), ip("2001:db8:1::1")}),
                                interface("eni-c", third_mac(), {ip("203.0.113.3"), ip("2001:db8::3")})};
    for (NetworkInterface& one : model.network_interfaces) {
        one.group_ids.emplace_back("sg-members");
    }
    add_members(model, shape.members);
    for (std::size_t port = 0; port < ports; ++port) {
        model.ports.push_back({.network_interface_id = model.network_interfaces[port].id, .device = test::TestHost::port_device(port)});
    }
    if (shape.acl_entries > 0) {
        model.has_network_acls = true;
        model.network_acls = {acl_of(shape.acl_entries)};
    }
    model.on_deny.log = shape.logs_denials;
    model.quotas.flows = kAsManyFlowsAsFit;
    model.quotas.flows_per_port = shape.flows;
    model.quotas.half_open_per_port = kMostHalfOpen;
    return model;
}

test::TestHostOptions bench_host(std::size_t ports) {
    std::vector<Mac> macs{sender_mac(), receiver_mac(), third_mac()};
    macs.resize(ports);
    return {.ports = ports, .instance_macs = macs};
}

void add_addresses(const test::TestHost& host) {
    host.instance(0).ip("addr add 203.0.113.1/24 dev eth0\nroute add 198.51.100.0/24 dev eth0\n");
    host.instance(1).ip("addr add 198.51.100.1/24 dev eth0\nroute add 203.0.113.0/24 dev eth0\n");
}

test::Bytes udp_frame(std::uint16_t destination_port) {
    return (ipv4_headers() / test::Udp{.source_port = 1024, .destination_port = destination_port, .length = {}, .checksum = 0} /
            test::Payload{test::Bytes(18)})
        .bytes();
}
test::Bytes tcp_frame(std::uint16_t destination_port, std::uint8_t flags) {
    return (ipv4_headers() / tcp(destination_port, flags) / test::Payload{test::Bytes(6)}).bytes();
}
test::Bytes udp6_frame(std::uint16_t destination_port) {
    return (ipv6_headers() / test::Udp{.source_port = 1024, .destination_port = destination_port, .length = {}, .checksum = {}}).bytes();
}
test::Bytes tcp6_frame(std::uint16_t destination_port, std::uint8_t flags) {
    return (ipv6_headers() / tcp(destination_port, flags)).bytes();
}
Family family_of(std::span<const std::uint8_t> frame) { return frame[kEthertypeOffset] == kIpv6FirstByte ? Family::Ipv6 : Family::Ipv4; }
test::Bytes answer_to(test::Bytes frame) {
    const bool is_ipv6 = family_of(frame) == Family::Ipv6;
    swap_neighbours(frame, 0, 6);
    swap_neighbours(frame, is_ipv6 ? 22 : 26, is_ipv6 ? 16 : 4);
    swap_neighbours(frame, is_ipv6 ? 54 : 34, 2);
    return frame;  // checksums are sums, whatever the order
}

test::Bytes bystander_frame() {
    return (test::Ethernet{.source = third_mac(), .destination = receiver_mac(), .type = {}} /
            test::Ipv4{.source = ip("203.0.113.3"), .destination = ip("198.51.100.1")} /
            test::Udp{.source_port = 1024, .destination_port = kAllowedPort, .length = {}, .checksum = 0} / test::Payload{test::Bytes(18)})
        .bytes();
}
test::Bytes flood_frame(std::uint16_t destination_port) {
    return (test::Ethernet{.source = mac("02:00:00:00:00:0f"), .destination = receiver_mac(), .type = {}} /
            test::Ipv4{.source = ip("192.0.2.1"), .destination = ip("198.51.100.1")} / tcp(destination_port, test::kSyn) /
            test::Payload{test::Bytes(6)})
        .bytes();
}

}  // namespace portcullis::bench
