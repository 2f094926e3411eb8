// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/conversation.h"

namespace portcullis::test {
namespace {

const Mac kGateway = mac("02:00:00:00:00:fe");

Address address_of(std::size_t port, Family family) {
    return ip((family == Family::Ipv4 ? "192.0.2." : "2001:db8::") + std::to_string(port + 11));
}

Conversation udp_between(std::size_t port, Family family, std::uint16_t number, bool is_open) {
    const std::uint16_t own = is_open ? kOpen : number, peer = is_open ? number : kRemote;
    Conversation talk{.port = port};
    talk.frame[kOut] = (headers_of(port, Direction::Outbound, family) / Udp{.source_port = own, .destination_port = peer}).bytes();
    talk.frame[kIn] = (headers_of(port, Direction::Inbound, family) / Udp{.source_port = peer, .destination_port = own}).bytes();
    talk.alone[kIn] = is_open ? PC_REASON_passed : PC_REASON_security_group;
    return talk;
}

}  // namespace

std::string talker(std::size_t port) { return "eni-" + std::to_string(port); }
Address peer(Family family) { return ip(family == Family::Ipv4 ? "203.0.113.1" : "2001:db8:9::1"); }
Mac mac_of_talker(std::size_t port) { return {{0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(port + 1)}}; }
Model talking_model(const std::vector<Prefix>& anywhere) {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("192.0.2.0/24"), prefix("2001:db8::/64")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    SecurityGroup group{.id = "sg-1", .name = "asking", .vpc_id = "vpc-1"};
    for (const Prefix& peers : anywhere) {
        group.rules[kOut].push_back({.traffic = {.protocol = -1}, .source = peers});
        for (const std::int16_t protocol : {std::int16_t{6}, std::int16_t{17}}) {
            group.rules[kIn].push_back({.traffic = {.protocol = protocol, .from_port = kOpen, .to_port = kOpen}, .source = peers});
        }
    }
    model.security_groups = {group};
    for (std::size_t port = 0; port < kTalkers; ++port) {
        model.network_interfaces.push_back({.id = talker(port),
                                            .vpc_id = "vpc-1",
                                            .subnet_id = "subnet-1",
                                            .mac = mac_of_talker(port),
                                            .addresses = {address_of(port, Family::Ipv4), address_of(port, Family::Ipv6)},
                                            .group_ids = {"sg-1"}});
        model.ports.push_back({.network_interface_id = talker(port), .device = "p" + std::to_string(port + 1)});
    }
    return model;
}

Packet headers_of(std::size_t port, Direction direction, Family family) {
    const bool is_out = direction == Direction::Outbound;
    const Address own = address_of(port, family), remote = peer(family);
    const Ethernet link{.source = is_out ? mac_of_talker(port) : kGateway, .destination = is_out ? kGateway : mac_of_talker(port)};
    if (family == Family::Ipv4) {
        return link / Ipv4{.source = is_out ? own : remote, .destination = is_out ? remote : own};
    }
    return link / Ipv6{.source = is_out ? own : remote, .destination = is_out ? remote : own};
}

Conversation udp_talk(std::size_t port, Family family, std::uint16_t number) { return udp_between(port, family, number, false); }
Conversation udp_at_open_port(std::size_t port, Family family, std::uint16_t number) { return udp_between(port, family, number, true); }

Conversation tcp_talk(std::size_t port, Family family, std::uint16_t number, Direction asker) {
    const bool is_out = asker == Direction::Outbound;
    const std::uint16_t own = is_out ? number : kOpen, peer = is_out ? kRemote : number;
    const auto flags = [&](Direction side) { return static_cast<std::uint8_t>(side == asker ? kSyn : kSyn | kAck); };
    Conversation talk{.port = port};
    talk.frame[kOut] = (headers_of(port, Direction::Outbound, family) /
                        Tcp{.source_port = own, .destination_port = peer, .flags = flags(Direction::Outbound)})
                           .bytes();
    talk.frame[kIn] = (headers_of(port, Direction::Inbound, family) /
                       Tcp{.source_port = peer, .destination_port = own, .flags = flags(Direction::Inbound)})
                          .bytes();
    talk.alone[is_out ? kIn : kOut] = PC_REASON_no_flow;
    return talk;
}

Conversation ping_talk(std::size_t port, Family family, std::uint16_t number) {
    Conversation talk{.port = port};
    for (const std::size_t side : {kOut, kIn}) {
        const Packet headers = headers_of(port, static_cast<Direction>(side), family);
        const bool asks = side == kOut;
        talk.frame[side] = family == Family::Ipv4
                               ? (headers / Icmp{.type = static_cast<std::uint8_t>(asks ? 8 : 0), .identifier = number}).bytes()
                               : (headers / Icmpv6{.type = static_cast<std::uint8_t>(asks ? 128 : 129), .identifier = number}).bytes();
    }
    talk.alone[kIn] = PC_REASON_no_flow;
    return talk;
}

}  // namespace portcullis::test
