// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/packet.h"

#include <algorithm>

namespace portcullis {
namespace {

constexpr std::size_t kEthernetBytes = 14;

bool is_vlan_tag(std::uint16_t type) { return type == 0x8100 || type == 0x88a8 || type == 0x9100; }

// 3.1.2
bool does_fit(const EthernetFrame& frame, const Address& destination) {
    return (is_multicast(destination) || is_broadcast(destination)) == frame.destination.is_multicast();
}

// Whether it may turn out to be one of the exceptions of 3.1.2, which only the transport header tells.
bool can_misfit(const Address& destination, Direction direction) {
    return direction == Direction::Inbound && destination.family == Family::Ipv6 && is_multicast(destination);
}

bool may_misfit(const IpPacket& packet) { return packet.is_message(kProtocolIcmpv6, 134) || packet.is_message(kProtocolIcmpv6, 130); }

// 3.1.3; `options` is what the header holds behind its first 20 bytes.
Reason check_options(FrameBytes options) {
    std::size_t at = 0;
    while (at < options.size() && options[at] != 0) {
        const std::uint8_t type = options[at];
        if (type == 1) {
            ++at;
            continue;
        }
        if (type == 131 || type == 137) {
            return PC_REASON_source_route;
        }
        if (at + 2 > options.size() || options[at + 1] < 2 || at + options[at + 1] > options.size()) {
            return PC_REASON_ip_malformed;
        }
        at += options[at + 1];
    }
    return PC_REASON_passed;
}

FragmentKind fragment_kind(std::size_t offset, bool has_more) {
    if (offset != 0) {
        return FragmentKind::Later;
    }
    return has_more ? FragmentKind::First : FragmentKind::None;
}

std::variant<Reason, IpPacket> read_ipv4(const EthernetFrame& frame) {
    const FrameBytes body = frame.body;
    if (body.size() < kIpv4Bytes || body[0] >> 4 != 4) {
        return PC_REASON_ip_malformed;
    }
    const std::size_t header = (body[0] & std::size_t{0x0f}) * 4;
    const std::size_t total = read_be16(body, 2);
    if (header < kIpv4Bytes || header > total || total > body.size()) {
        return PC_REASON_ip_malformed;
    }
    IpPacket packet;
    packet.source = read_address(body, 12, Family::Ipv4);
    packet.destination = read_address(body, 16, Family::Ipv4);
    if (!does_fit(frame, packet.destination)) {
        return PC_REASON_multicast;
    }
    if (const Reason reason = check_options(body.subspan(kIpv4Bytes, header - kIpv4Bytes)); reason != PC_REASON_passed) {
        return reason;
    }
    // "Don't fragment" and the reserved bit say nothing about this packet.
    const std::size_t offset = read_be16(body, 6) & 0x1fff;
    if (offset == 1) {
        return PC_REASON_fragment;
    }
    packet.fragment = fragment_kind(offset, (read_be16(body, 6) & 0x2000) != 0);
    packet.fragment_id = read_be16(body, 4);
    packet.hop_limit = body[8];
    packet.protocol = body[9];
    packet.fragment_protocol = body[9];
    packet.payload = body.subspan(header, total - header);
    return packet;
}

// The options of a hop-by-hop header, behind its first two bytes.
bool admits_hop_by_hop_options(FrameBytes options) {
    constexpr std::uint8_t kPad1 = 0;
    constexpr std::uint8_t kJumboPayload = 0xc2;
    while (!options.empty()) {
        if (options[0] == kPad1) {
            options = options.subspan(1);
            continue;
        }
        if (options[0] == kJumboPayload || options.size() < 2 || std::size_t{options[1]} + 2 > options.size()) {
            return false;
        }
        options = options.subspan(std::size_t{options[1]} + 2);
    }
    return true;
}

// 3.2: walks the headers that stand before `packet.payload`'s transport header.
class HeaderWalk {
   public:
    explicit HeaderWalk(IpPacket& packet) : packet_(packet) {}

    Reason walk() {
        while (!packet_.is_later()) {
            if (packet_.protocol == 43) {
                return PC_REASON_source_route;
            }
            if (packet_.protocol != 0 && packet_.protocol != 44 && packet_.protocol != 60) {
                return PC_REASON_passed;
            }
            if (!take_header()) {
                return PC_REASON_extension_header;
            }
        }
        return PC_REASON_passed;
    }

   private:
    // Behind the header that `packet.protocol` names; false: it is not accepted.
    bool take_header() {
        const std::uint8_t number = packet_.protocol;
        const FrameBytes rest = packet_.payload;
        if (rest.size() < 8 || (number == 0 && headers_ > 0) || (number == 44 && has_fragment_header_)) {
            return false;
        }
        const std::size_t length = number == 44 ? 8 : (std::size_t{rest[1]} + 1) * 8;
        headers_ += 1;
        bytes_ += length;
        if (length > rest.size() || headers_ > 8 || bytes_ > 256) {
            return false;
        }
        if (number == 0 && !admits_hop_by_hop_options(rest.subspan(2, length - 2))) {
            return false;
        }
        if (number == 44) {
            has_fragment_header_ = true;
            packet_.fragment = fragment_kind(read_be16(rest, 2) >> 3, (read_be16(rest, 2) & 1) != 0);
            packet_.fragment_id = read_be32(rest, 4);
            packet_.fragment_protocol = rest[0];
        }
        packet_.has_extension_headers = true;
        packet_.protocol = rest[0];
        packet_.payload = rest.subspan(length);
        return true;
    }

    IpPacket& packet_;
    std::size_t headers_ = 0;
    std::size_t bytes_ = 0;
    bool has_fragment_header_ = false;
};

std::variant<Reason, IpPacket> read_ipv6(const EthernetFrame& frame, Direction direction) {
    const FrameBytes body = frame.body;
    if (body.size() < kIpv6Bytes || body[0] >> 4 != 6) {
        return PC_REASON_ip_malformed;
    }
    const std::size_t payload = read_be16(body, 4);
    if (kIpv6Bytes + payload > body.size()) {
        return PC_REASON_ip_malformed;
    }
    IpPacket packet;
    packet.source = read_address(body, 8, Family::Ipv6);
    packet.destination = read_address(body, 24, Family::Ipv6);
    const bool is_misfit = !does_fit(frame, packet.destination);
    if (is_misfit && !can_misfit(packet.destination, direction)) {
        return PC_REASON_multicast;
    }
    packet.protocol = body[6];
    packet.hop_limit = body[7];
    packet.payload = body.subspan(kIpv6Bytes, payload);
    if (const Reason reason = HeaderWalk(packet).walk(); reason != PC_REASON_passed) {
        return is_misfit ? PC_REASON_multicast : reason;
    }
    return packet;
}

}  // namespace

std::uint16_t read_be16(FrameBytes bytes, std::size_t offset) { return static_cast<std::uint16_t>(bytes[offset] << 8 | bytes[offset + 1]); }

std::uint32_t read_be32(FrameBytes bytes, std::size_t offset) {
    return std::uint32_t{read_be16(bytes, offset)} << 16 | read_be16(bytes, offset + 2);
}

Address read_address(FrameBytes bytes, std::size_t offset, Family family) {
    Address address{.family = family};
    const FrameBytes from = bytes.subspan(offset, address_bits(family) / 8);
    std::copy(from.begin(), from.end(), address.bytes.begin());
    return address;
}

Mac read_mac(FrameBytes bytes, std::size_t offset) {
    Mac mac;
    const FrameBytes from = bytes.subspan(offset, mac.bytes.size());
    std::copy(from.begin(), from.end(), mac.bytes.begin());
    return mac;
}

std::variant<Reason, EthernetFrame> read_frame(FrameBytes bytes) {
    if (bytes.size() < kEthernetBytes) {
        return PC_REASON_frame;
    }
    const EthernetFrame frame{.destination = read_mac(bytes, 0),
                              .source = read_mac(bytes, 6),
                              .type = read_be16(bytes, 12),
                              .body = bytes.subspan(kEthernetBytes)};
    if (is_vlan_tag(frame.type)) {
        return PC_REASON_vlan;
    }
    return frame;
}

std::variant<Reason, IpPacket> read_packet(const EthernetFrame& frame, Direction direction) {
    std::variant<Reason, IpPacket> read = frame.type == kEtherTypeIpv4 ? read_ipv4(frame) : read_ipv6(frame, direction);
    if (IpPacket* const packet = std::get_if<IpPacket>(&read)) {
        const Reason reason = read_transport(*packet);
        if (!does_fit(frame, packet->destination) && (reason != PC_REASON_passed || !may_misfit(*packet))) {
            return PC_REASON_multicast;
        }
        if (reason != PC_REASON_passed) {
            return reason;
        }
    }
    return read;
}

bool is_multicast(const Address& address) {
    return address.family == Family::Ipv6 ? address.bytes[0] == 0xff : (address.bytes[0] & 0xf0) == 0xe0;
}

bool is_broadcast(const Address& address) { return address == Address::ipv4(255, 255, 255, 255); }

bool is_unspecified(const Address& address) { return address == Address{.family = address.family}; }

bool is_link_local(const Address& address) {
    return address.family == Family::Ipv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

}  // namespace portcullis
