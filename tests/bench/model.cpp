// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/model.h"

#include <algorithm>

namespace portcullis::bench {
namespace {

using test::ip;
using test::mac;
using test::prefix;

SecurityGroupRule rule(std::int16_t protocol, std::uint16_t port, const Prefix& source) {
    return {.traffic = {.protocol = protocol, .from_port = port, .to_port = port}, .source = source};
}

// Prefixes that no packet here comes from, so that a look-up walks among them and matches its own rule.
Prefix bystander(std::size_t number) {
    return Prefix::of(Address::ipv4(10, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number), 0), 24);
}

NetworkInterface interface(const std::string& id, const Mac& own, std::vector<Address> addresses) {
    return {.id = id, .vpc_id = "vpc-1", .subnet_id = "subnet-1", .mac = own, .addresses = std::move(addresses), .group_ids = {"sg-1"}};
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

constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr std::size_t kEthertypeOffset = 12;
constexpr std::uint8_t kIpv6FirstByte = 0x86;  // of its ethertype, 0x86dd

}  // namespace

Mac sender_mac() { return mac("02:00:00:00:00:0a"); }
Mac receiver_mac() { return mac("02:00:00:00:00:0b"); }

Model make_model(std::size_t prefixes) {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("203.0.113.0/24"), prefix("198.51.100.0/24"), prefix("2001:db8::/32")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    SecurityGroup group{.id = "sg-1", .name = "bench", .vpc_id = "vpc-1"};
    for (std::vector<SecurityGroupRule>& rules : group.rules) {
        for (const std::uint8_t protocol : {kTcp, kUdp}) {
            for (const char* source : {"198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"}) {
                rules.push_back(rule(protocol, kAllowedPort, prefix(source)));
            }
        }
        for (std::size_t i = 0; i < prefixes; ++i) {
            rules.push_back(rule(kTcp, static_cast<std::uint16_t>(1 + i % 1000), bystander(i)));
        }
    }
    model.security_groups = {group};
    model.network_interfaces = {interface("eni-a", sender_mac(), {ip("203.0.113.1"), ip("2001:db8::1")}),
                                interface("eni-b", receiver_mac(), {ip("198.51.100.1"), ip("2001:db8:1::1")})};
    model.ports = {{.network_interface_id = "eni-a", .device = "p1"}, {.network_interface_id = "eni-b", .device = "p2"}};
    model.quotas.half_open_per_port = kMostHalfOpen;
    return model;
}

test::Bytes udp_frame(std::uint16_t destination_port) {
    return (ipv4_headers() / test::Udp{.source_port = 1024, .destination_port = destination_port} / test::Payload{test::Bytes(18)}).bytes();
}
test::Bytes tcp_frame(std::uint16_t destination_port, std::uint8_t flags) {
    return (ipv4_headers() / tcp(destination_port, flags) / test::Payload{test::Bytes(6)}).bytes();
}
test::Bytes udp6_frame(std::uint16_t destination_port) {
    return (ipv6_headers() / test::Udp{.source_port = 1024, .destination_port = destination_port}).bytes();
}
test::Bytes tcp6_frame(std::uint16_t destination_port, std::uint8_t flags) {
    return (ipv6_headers() / tcp(destination_port, flags)).bytes();
}
test::Bytes answer_to(test::Bytes frame) {
    const bool is_ipv6 = frame.at(kEthertypeOffset) == kIpv6FirstByte;
    swap_neighbours(frame, 0, 6);
    swap_neighbours(frame, is_ipv6 ? 22 : 26, is_ipv6 ? 16 : 4);
    swap_neighbours(frame, is_ipv6 ? 54 : 34, 2);
    return frame;  // checksums are sums, whatever the order
}

}  // namespace portcullis::bench
