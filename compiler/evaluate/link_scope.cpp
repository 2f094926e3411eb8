// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.4: redirects, MLD, IGMP and DHCP.
#include <algorithm>
#include <array>

#include "compiler/evaluate/guards.h"
#include "compiler/evaluate/host.h"

namespace portcullis {
namespace {

constexpr std::size_t kUdpBytes = 8;
constexpr std::uint16_t kDhcpv4Server = 67, kDhcpv4Client = 68;
constexpr std::uint16_t kDhcpv6Client = 546, kDhcpv6Server = 547;

// What a DHCP message goes between.
struct DhcpPorts {
    std::uint16_t client;
    std::uint16_t server;
};
constexpr DhcpPorts kDhcpv4{.client = kDhcpv4Client, .server = kDhcpv4Server};
constexpr DhcpPorts kDhcpv6{.client = kDhcpv6Client, .server = kDhcpv6Server};

bool is_between(const Passage& passage, const DhcpPorts& ports) {
    const IpPacket& packet = *passage.packet;
    const bool is_to_server = packet.source_port == ports.client && packet.destination_port == ports.server;
    const bool is_to_client = packet.source_port == ports.server && packet.destination_port == ports.client;
    return is_to_server || is_to_client || (passage.is_outbound() && packet.source_port == ports.server);
}

// From client to server outbound, the other way inbound.
bool goes_right_way(const Passage& passage, const DhcpPorts& ports) {
    const IpPacket& packet = *passage.packet;
    return packet.source_port == (passage.is_outbound() ? ports.client : ports.server) &&
           packet.destination_port == (passage.is_outbound() ? ports.server : ports.client);
}

bool is_dhcp(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    return packet.protocol == kProtocolUdp && !packet.is_later() && (is_between(passage, kDhcpv4) || is_between(passage, kDhcpv6));
}

bool is_listener_message(const IpPacket& packet) {
    constexpr std::array<std::uint8_t, 4> kTypes = {130, 131, 132, 143};
    return std::ranges::any_of(kTypes, [&](std::uint8_t type) { return packet.is_message(kProtocolIcmpv6, type); });
}

bool is_igmp(const IpPacket& packet) { return packet.protocol == kProtocolIgmp && packet.family() == Family::Ipv4; }

bool is_from_own_or_none(const Passage& passage) {
    return passage.port->has(passage.packet->source) || is_unspecified(passage.packet->source);
}

bool is_by_router_or_host(const Way& way) { return way.is_router || way.is_host(); }

// 2.4.2
bool admits_listener_message(const Passage& passage) {
    constexpr std::uint8_t kQuery = 130;
    const IpPacket& packet = *passage.packet;
    if (packet.fragment != FragmentKind::None || packet.hop_limit != 1 || (packet.icmp_type == kQuery) == passage.is_outbound()) {
        return false;
    }
    if (passage.is_outbound()) {
        return is_from_own_or_none(passage) && is_multicast(packet.destination);
    }
    return is_link_local(packet.source) && is_by_router_or_host(passage.way);
}

// 2.4.3
bool admits_igmp(const Passage& passage) {
    constexpr std::array<std::uint8_t, 4> kReports = {0x12, 0x16, 0x22, 0x17};
    constexpr std::uint8_t kQuery = 0x11;
    const IpPacket& packet = *passage.packet;
    const bool is_whole = packet.fragment == FragmentKind::None && packet.payload.size() >= 8;
    if (!passage.port->has_any_address() || !is_whole || packet.hop_limit != 1) {
        return false;
    }
    const std::uint8_t type = packet.payload[0];
    if (passage.is_outbound()) {
        return std::ranges::count(kReports, type) != 0 && is_from_own_or_none(passage) && is_multicast(packet.destination);
    }
    return type == kQuery && is_by_router_or_host(passage.way);
}

bool is_server_or_host(const Port& port, const Address& address) {
    return port.is_dhcp_server(address) || port.index().is_of_host(address);
}

// 2.4.4 and 2.4.5: whether what came from there is a server's.
bool is_believed(const Passage& passage) {
    const Address& source = passage.packet->source;
    return passage.port->has_dhcp_server(source.family) ? passage.port->is_dhcp_server(source, passage.way) : passage.way.is_host();
}

// What stands behind the UDP header, by the UDP length.
FrameBytes dhcp_message(const IpPacket& packet) {
    return packet.payload.subspan(kUdpBytes, std::size_t{read_be16(packet.payload, 4)} - kUdpBytes);
}

// 2.4.4
bool admits_dhcpv4(const Passage& passage) {
    constexpr std::size_t kMessageMin = 44;
    const IpPacket& packet = *passage.packet;
    const FrameBytes message = dhcp_message(packet);
    if (message.size() < kMessageMin || message[1] != 1 || message[2] != 6 || !passage.port->has(read_mac(message, 28))) {
        return false;
    }
    if (!passage.is_outbound()) {
        const bool is_for_us = passage.port->has(packet.destination) || is_broadcast(packet.destination);
        return message[0] == 2 && is_for_us && is_believed(passage);
    }
    if (message[0] != 1 || read_be32(message, 24) != 0) {
        return false;
    }
    if (is_unspecified(packet.source)) {
        return is_broadcast(packet.destination);
    }
    return passage.port->has(packet.source) && (is_broadcast(packet.destination) || is_server_or_host(*passage.port, packet.destination));
}

// 2.4.5
bool admits_dhcpv6(const Passage& passage) {
    constexpr std::array<std::uint8_t, 7> kOfClients = {1, 3, 4, 5, 6, 8, 9};
    constexpr std::uint8_t kInformationRequest = 11;
    constexpr std::array<std::uint8_t, 3> kOfServers = {2, 7, 10};
    constexpr Address kAllServers{.family = Family::Ipv6, .bytes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};
    const IpPacket& packet = *passage.packet;
    const FrameBytes message = dhcp_message(packet);
    if (message.size() < 4) {
        return false;
    }
    const std::uint8_t type = message[0];
    if (!passage.is_outbound()) {
        return std::ranges::count(kOfServers, type) != 0 && passage.port->has(packet.destination) && is_believed(passage);
    }
    return (std::ranges::count(kOfClients, type) != 0 || type == kInformationRequest) && passage.port->has(packet.source) &&
           (packet.destination == kAllServers || is_server_or_host(*passage.port, packet.destination));
}

bool admits_dhcp(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    const bool is_ipv4 = packet.family() == Family::Ipv4;
    if (packet.fragment != FragmentKind::None || !goes_right_way(passage, is_ipv4 ? kDhcpv4 : kDhcpv6)) {
        return false;
    }
    return is_ipv4 ? admits_dhcpv4(passage) : admits_dhcpv6(passage);
}

std::optional<Reason> judge_message(const Passage& passage, const EthernetFrame& frame) {
    const IpPacket& packet = *passage.packet;
    if (is_neighbour_discovery(packet)) {
        return judge_neighbour_discovery(passage, frame);
    }
    if (packet.is_message(kProtocolIcmp, 5) || (passage.is_outbound() && packet.is_message(kProtocolIcmpv6, 138))) {
        return PC_REASON_redirect;
    }
    if (is_listener_message(packet)) {
        return admits_listener_message(passage) ? PC_REASON_passed : PC_REASON_multicast_listener;
    }
    if (is_igmp(packet)) {
        return admits_igmp(passage) ? PC_REASON_passed : PC_REASON_multicast_listener;
    }
    if (is_dhcp(passage)) {
        return admits_dhcp(passage) ? PC_REASON_passed : PC_REASON_dhcp;
    }
    return std::nullopt;
}

}  // namespace

bool is_of_link_scope(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    return is_neighbour_discovery(packet) || is_listener_message(packet) || is_igmp(packet) || is_dhcp(passage);
}

std::optional<Reason> judge_link_scope(const Passage& passage, const EthernetFrame& frame) {
    const std::optional<Reason> reason = judge_message(passage, frame);
    return reason == PC_REASON_passed && is_isolated(passage) ? PC_REASON_isolated : reason;
}

}  // namespace portcullis
