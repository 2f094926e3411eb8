// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/guards.h"

#include "compiler/evaluate/host.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kNeighbourSolicitation = 135;
constexpr std::uint8_t kNeighbourAdvertisement = 136;
constexpr std::uint8_t kRedirect = 137;

struct ArpMessage {
    std::uint16_t operation = 0;
    Mac sender_mac;
    Address sender;
    Mac target_mac;
    Address target;
};

// Of ARP and RARP, for IPv4 over Ethernet; of a frame of 42 bytes or more.
std::optional<ArpMessage> read_message(const EthernetFrame& frame) {
    constexpr std::size_t kArpBytes = 28;
    const FrameBytes body = frame.body;
    if (body.size() < kArpBytes) {
        return std::nullopt;
    }
    if (read_be16(body, 0) != 1 || read_be16(body, 2) != kEtherTypeIpv4 || body[4] != 6 || body[5] != 4) {
        return std::nullopt;
    }
    return ArpMessage{.operation = read_be16(body, 6),
                      .sender_mac = read_mac(body, 8),
                      .sender = read_address(body, 14, Family::Ipv4),
                      .target_mac = read_mac(body, 18),
                      .target = read_address(body, 24, Family::Ipv4)};
}

bool admits_arp_out(const Port& port, const ArpMessage& message, const EthernetFrame& frame) {
    if (message.sender_mac != frame.source || !port.has(message.sender_mac)) {
        return false;
    }
    const bool is_probe = message.operation == 1 && is_unspecified(message.sender);
    return is_probe || port.has(message.sender);
}

bool admits_arp_in(const Port& port, const ArpMessage& message, const EthernetFrame& frame) {
    if (message.sender_mac != frame.source || port.has(message.sender)) {
        return false;
    }
    if (port.is_router(message.sender) && !port.is_router(message.sender, message.sender_mac)) {
        return false;
    }
    const bool is_request_for_own = message.operation == 1 && port.has(message.target);
    const bool is_announcement = message.sender == message.target;
    const bool is_reply_to_own = message.operation == 2 && port.has(frame.destination);
    return is_request_for_own || is_announcement || is_reply_to_own;
}

// A message of ND that has a target, or none (RS).
struct NdMessage {
    const Passage& passage;
    const EthernetFrame& frame;
    Address target{.family = Family::Ipv6};

    [[nodiscard]] const IpPacket& packet() const { return *passage.packet; }
    [[nodiscard]] const Port& port() const { return *passage.port; }
};

// Whose MAC a link-layer option must hold: outbound one of the port's own, inbound the router's if it speaks of one.
bool admits_link_layer(const NdMessage& message, const Mac& mac) {
    if (message.passage.is_outbound()) {
        return message.port().has(mac);
    }
    const Address& spoken_of = message.packet().icmp_type == kNeighbourAdvertisement ? message.target : message.packet().source;
    return !message.port().is_router(spoken_of) || message.port().is_router(spoken_of, mac);
}

// Whether 2.3 says which MAC link-layer options hold.
bool has_known_mac(const NdMessage& message) {
    const Address& spoken_of = message.packet().icmp_type == kNeighbourAdvertisement ? message.target : message.packet().source;
    return message.passage.is_outbound() || message.port().is_router(spoken_of);
}

// 2.3.2 and, of options, 2.3.4; `options` is the rest of the payload.
bool admits_options(const NdMessage& message, FrameBytes options) {
    constexpr std::size_t kOptionsMax = 64;
    if (options.size() > kOptionsMax) {
        return false;
    }
    while (!options.empty()) {
        if (options.size() < 2) {
            return false;
        }
        const std::uint8_t type = options[0];
        const std::size_t length = std::size_t{options[1]} * 8;
        if (length == 0 || length > options.size() || (type != 1 && type != 2 && type != 14)) {
            return false;
        }
        if (type == 1 && is_unspecified(message.packet().source)) {
            return false;
        }
        const bool is_link_layer = type != 14;
        if (is_link_layer && has_known_mac(message) && (length != 8 || !admits_link_layer(message, read_mac(options, 2)))) {
            return false;
        }
        options = options.subspan(length);
    }
    return true;
}

// 2.3.3
bool admits_nd_out(const NdMessage& message) {
    const Port& port = message.port();
    const Address& source = message.packet().source;
    switch (message.packet().icmp_type) {
        case kRouterSolicitation:
            return port.has(source) || is_unspecified(source);
        case kNeighbourSolicitation:
            if (is_unspecified(source)) {
                return port.has(message.target) || port.can_claim(message.target);
            }
            return port.has(source) && !is_multicast(message.target) && !is_unspecified(message.target);
        default:
            return port.has(source) && port.has(message.target);
    }
}

// 2.3.4
bool admits_nd_in(const NdMessage& message) {
    const Port& port = message.port();
    const IpPacket& packet = message.packet();
    if (packet.icmp_type == kRouterSolicitation || port.has(packet.source)) {
        return false;
    }
    const bool is_solicitation = packet.icmp_type == kNeighbourSolicitation;
    const Address& spoken_of = is_solicitation ? packet.source : message.target;
    if (port.is_router(spoken_of) && !port.is_router(spoken_of, message.frame.source)) {
        return false;
    }
    return port.has(message.target) == is_solicitation;
}

bool admits_nd(const Passage& passage, const EthernetFrame& frame) {
    const IpPacket& packet = *passage.packet;
    const bool has_target = packet.icmp_type != kRouterSolicitation;
    const std::size_t fixed = has_target ? 24 : 8;
    if (packet.hop_limit != 255 || packet.icmp_code != 0 || packet.payload.size() < fixed) {
        return false;
    }
    NdMessage message{.passage = passage, .frame = frame};
    if (has_target) {
        message.target = read_address(packet.payload, 8, Family::Ipv6);
    }
    if (!admits_options(message, packet.payload.subspan(fixed))) {
        return false;
    }
    return passage.is_outbound() ? admits_nd_out(message) : admits_nd_in(message);
}

// 2.3.1 and 2.3.5
bool admits_router_advertisement(const Passage& passage) {
    const IpPacket& packet = *passage.packet;
    if (passage.is_outbound() || packet.hop_limit != 255 || packet.icmp_code != 0 || packet.payload.size() < 16) {
        return false;
    }
    return is_link_local(packet.source) && (passage.port->has_routers() ? passage.way.is_router : passage.way.is_host());
}

bool is_solicitation_out(const Passage& passage) {
    return passage.is_outbound() && passage.packet->is_message(kProtocolIcmpv6, kNeighbourSolicitation);
}

}  // namespace

bool is_announcement(const Port& port, const EthernetFrame& frame) {
    constexpr Mac kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const Mac& own = *port.interface().mac;
    const std::optional<ArpMessage> message = read_message(frame);
    return message && message->operation == 3 && frame.source == own && frame.destination == kBroadcast && message->sender_mac == own &&
           message->target_mac == own && is_unspecified(message->sender) && is_unspecified(message->target);
}

Reason judge_arp(const Port& port, Direction direction, const Way& way, const EthernetFrame& frame) {
    constexpr std::size_t kBodyMax = 50;  // of frames of 64 bytes
    const std::optional<ArpMessage> message = read_message(frame);
    if (!port.has_any_address() || !message || frame.body.size() > kBodyMax || (message->operation != 1 && message->operation != 2)) {
        return PC_REASON_arp;
    }
    const bool is_outbound = direction == Direction::Outbound;
    if (!(is_outbound ? admits_arp_out(port, *message, frame) : admits_arp_in(port, *message, frame))) {
        return PC_REASON_arp;
    }
    const bool drops = is_outbound ? is_isolated_target(port, message->target) : is_isolated(port, direction, way);
    return drops ? PC_REASON_isolated : PC_REASON_passed;
}

bool is_neighbour_discovery(const IpPacket& packet) {
    return packet.protocol == kProtocolIcmpv6 && !packet.is_later() && packet.icmp_type >= kRouterSolicitation &&
           packet.icmp_type <= kRedirect;
}

Reason judge_neighbour_discovery(const Passage& passage, const EthernetFrame& frame) {
    const IpPacket& packet = *passage.packet;
    if (packet.has_extension_headers) {
        return PC_REASON_nd;
    }
    if (packet.icmp_type == kRedirect) {
        return PC_REASON_redirect;
    }
    if (packet.icmp_type == kRouterAdvertisement) {
        return admits_router_advertisement(passage) ? PC_REASON_passed : PC_REASON_router_advertisement;
    }
    if (!admits_nd(passage, frame)) {
        return PC_REASON_nd;
    }
    const bool is_for_other =
        is_solicitation_out(passage) && is_isolated_target(*passage.port, read_address(packet.payload, 8, Family::Ipv6));
    return is_for_other ? PC_REASON_isolated : PC_REASON_passed;
}

std::optional<Address> claimed_by(const Passage& passage) {
    if (!is_solicitation_out(passage) || !is_unspecified(passage.packet->source)) {
        return std::nullopt;
    }
    const Address target = read_address(passage.packet->payload, 8, Family::Ipv6);
    return passage.port->has(target) ? std::nullopt : std::optional(target);
}

}  // namespace portcullis
