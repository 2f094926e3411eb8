// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate_guards.h"

#include <algorithm>

#include "compiler/evaluate_model.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kNeighbourSolicitation = 135;
constexpr std::uint8_t kNeighbourAdvertisement = 136;
constexpr std::uint8_t kRedirect = 137;

bool is_unspecified(const Address& address) { return address == Address{.family = address.family}; }
bool is_multicast6(const Address& address) { return address.bytes[0] == 0xff; }

struct ArpMessage {
    std::uint16_t operation = 0;
    Mac sender_mac;
    Address sender;
    Address target;
};

std::optional<ArpMessage> read_arp(const EthernetFrame& frame) {
    const FrameBytes body = frame.body;
    if (body.size() < 28 || body.size() > 50) {  // frames of 42 to 64 bytes
        return std::nullopt;
    }
    if (read_be16(body, 0) != 1 || read_be16(body, 2) != kEtherTypeIpv4 || body[4] != 6 || body[5] != 4) {
        return std::nullopt;
    }
    const ArpMessage message{.operation = read_be16(body, 6),
                             .sender_mac = read_mac(body, 8),
                             .sender = read_address(body, 14, Family::Ipv4),
                             .target = read_address(body, 24, Family::Ipv4)};
    if (message.operation != 1 && message.operation != 2) {
        return std::nullopt;
    }
    return message;
}

bool admits_arp_out(const NetworkInterface& port, const ArpMessage& message) {
    if (message.sender_mac != *port.mac) {
        return false;
    }
    const bool is_probe = message.operation == 1 && is_unspecified(message.sender);
    return is_probe || is_own_address(port, message.sender);
}

bool admits_arp_in(const NetworkInterface& port, const ArpMessage& message, const EthernetFrame& frame) {
    if (message.sender_mac != frame.source || is_own_address(port, message.sender)) {
        return false;
    }
    const bool is_request_for_own = message.operation == 1 && is_own_address(port, message.target);
    const bool is_announcement = message.sender == message.target;
    const bool is_reply_to_own = message.operation == 2 && frame.destination == *port.mac;
    return is_request_for_own || is_announcement || is_reply_to_own;
}

// 2.3.2; `options` is the rest of the payload.
bool admits_options(const NetworkInterface& port, Direction direction, const IpPacket& packet, FrameBytes options) {
    if (options.size() > 64) {
        return false;
    }
    while (!options.empty()) {
        if (options.size() < 2) {
            return false;
        }
        const std::uint8_t type = options[0];
        const std::size_t length = std::size_t{options[1]} * 8;
        if (length == 0 || length > options.size()) {
            return false;
        }
        if (type != 1 && type != 2 && type != 14) {
            return false;
        }
        if (type == 1 && is_unspecified(packet.source)) {
            return false;
        }
        const bool is_link_layer = type != 14;
        if (direction == Direction::Outbound && is_link_layer && (length != 8 || read_mac(options, 2) != *port.mac)) {
            return false;
        }
        options = options.subspan(length);
    }
    return true;
}

// 2.3.3
bool admits_nd_out(const NetworkInterface& port, const IpPacket& packet, const Address& target) {
    const bool is_source_own = is_own_address(port, packet.source);
    switch (packet.icmp_type) {
        case kRouterSolicitation:
            return is_source_own || is_unspecified(packet.source);
        case kNeighbourSolicitation:
            if (is_unspecified(packet.source)) {
                return is_own_address(port, target);
            }
            return is_source_own && !is_multicast6(target) && !is_unspecified(target);
        default:
            return is_source_own && is_own_address(port, target);
    }
}

// 2.3.4
bool admits_nd_in(const NetworkInterface& port, const IpPacket& packet, const Address& target) {
    if (packet.icmp_type == kRouterSolicitation || is_own_address(port, packet.source)) {
        return false;
    }
    return is_own_address(port, target) == (packet.icmp_type == kNeighbourSolicitation);
}

bool admits_nd(const NetworkInterface& port, Direction direction, const IpPacket& packet) {
    const bool has_target = packet.icmp_type != kRouterSolicitation;
    const std::size_t fixed = has_target ? 24 : 8;
    if (packet.hop_limit != 255 || packet.icmp_code != 0 || packet.payload.size() < fixed) {
        return false;
    }
    if (!admits_options(port, direction, packet, packet.payload.subspan(fixed))) {
        return false;
    }
    const Address target = has_target ? read_address(packet.payload, 8, Family::Ipv6) : Address{.family = Family::Ipv6};
    return direction == Direction::Outbound ? admits_nd_out(port, packet, target) : admits_nd_in(port, packet, target);
}

std::optional<Reason> judge_icmpv6(const NetworkInterface& port, Direction direction, const IpPacket& packet) {
    switch (packet.icmp_type) {
        case kRedirect:
            return PC_REASON_redirect;
        case kRouterAdvertisement:
            return PC_REASON_router_advertisement;
        case kRouterSolicitation:
        case kNeighbourSolicitation:
        case kNeighbourAdvertisement:
            return admits_nd(port, direction, packet) ? PC_REASON_passed : PC_REASON_nd;
        case 130:
        case 131:
        case 132:
        case 143:
            return PC_REASON_multicast_listener;
        default:
            return std::nullopt;
    }
}

bool is_dhcp(Direction direction, const IpPacket& packet) {
    const auto ports = std::minmax(packet.source_port, packet.destination_port);
    if ((ports.first == 67 && ports.second == 68) || (ports.first == 546 && ports.second == 547)) {
        return true;
    }
    return direction == Direction::Outbound && (packet.source_port == 67 || packet.source_port == 547);
}

}  // namespace

Reason judge_arp(const NetworkInterface& port, Direction direction, const EthernetFrame& frame) {
    const std::optional<ArpMessage> message = read_arp(frame);
    if (!message) {
        return PC_REASON_arp;
    }
    const bool admitted = direction == Direction::Outbound ? admits_arp_out(port, *message) : admits_arp_in(port, *message, frame);
    return admitted ? PC_REASON_passed : PC_REASON_arp;
}

std::optional<Reason> judge_link_scope(const NetworkInterface& port, Direction direction, const IpPacket& packet) {
    switch (packet.protocol) {
        case kProtocolIcmpv6:
            return judge_icmpv6(port, direction, packet);
        case kProtocolIcmp:
            return packet.icmp_type == 5 ? std::optional(PC_REASON_redirect) : std::nullopt;
        case kProtocolUdp:
            return is_dhcp(direction, packet) ? std::optional(PC_REASON_dhcp) : std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace portcullis
