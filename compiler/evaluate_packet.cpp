// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate_packet.h"

#include <algorithm>

namespace portcullis {
namespace {

constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kIpv6Bytes = 40;

constexpr std::uint8_t kTcpFin = 0x01;
constexpr std::uint8_t kTcpSyn = 0x02;
constexpr std::uint8_t kTcpRst = 0x04;
constexpr std::uint8_t kTcpAck = 0x10;

bool is_vlan_tag(std::uint16_t type) { return type == 0x8100 || type == 0x88a8 || type == 0x9100; }

// 3.1.2: what belongs in a frame to a group.
bool is_group_address(const Address& address) {
    if (address.family == Family::Ipv6) {
        return address.bytes[0] == 0xff;
    }
    return (address.bytes[0] & 0xf0) == 0xe0 || address == Address::ipv4(255, 255, 255, 255);
}

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
    if (is_group_address(packet.destination) != frame.destination.is_multicast()) {
        return PC_REASON_multicast;
    }
    if (const Reason reason = check_options(body.subspan(kIpv4Bytes, header - kIpv4Bytes)); reason != PC_REASON_passed) {
        return reason;
    }
    // Offset and "more fragments"; "don't fragment" and the reserved bit say nothing about this packet.
    if ((read_be16(body, 6) & 0x3fff) != 0) {
        return PC_REASON_fragment;
    }
    packet.hop_limit = body[8];
    packet.protocol = body[9];
    packet.payload = body.subspan(header, total - header);
    return packet;
}

std::variant<Reason, IpPacket> read_ipv6(const EthernetFrame& frame) {
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
    if (is_group_address(packet.destination) != frame.destination.is_multicast()) {
        return PC_REASON_multicast;
    }
    packet.protocol = body[6];
    packet.hop_limit = body[7];
    switch (packet.protocol) {
        case 0:
        case 60:
            return PC_REASON_extension_header;
        case 43:
            return PC_REASON_source_route;
        case 44:
            return PC_REASON_fragment;
        default:
            break;
    }
    packet.payload = body.subspan(kIpv6Bytes, payload);
    return packet;
}

// 3.3.2 for TCP, and 3.3.3.
Reason read_tcp(IpPacket& packet) {
    const FrameBytes segment = packet.payload;
    if (segment.size() < 20) {
        return PC_REASON_transport_malformed;
    }
    const std::size_t header = std::size_t{segment[12]} / 16 * 4;
    if (header < 20 || header > segment.size()) {
        return PC_REASON_transport_malformed;
    }
    packet.source_port = read_be16(segment, 0);
    packet.destination_port = read_be16(segment, 2);
    switch (segment[13] & (kTcpFin | kTcpSyn | kTcpRst | kTcpAck)) {
        case kTcpSyn:
            packet.tcp = TcpKind::Syn;
            return PC_REASON_passed;
        case kTcpSyn | kTcpAck:
            packet.tcp = TcpKind::SynAck;
            return PC_REASON_passed;
        case kTcpRst:
        case kTcpRst | kTcpAck:
            packet.tcp = TcpKind::Rst;
            return PC_REASON_passed;
        case kTcpFin | kTcpAck:
            packet.tcp = TcpKind::FinAck;
            return PC_REASON_passed;
        case kTcpAck:
            packet.tcp = TcpKind::Ack;
            return PC_REASON_passed;
        default:
            return PC_REASON_tcp_flags;
    }
}

Reason read_udp(IpPacket& packet) {
    const FrameBytes datagram = packet.payload;
    if (datagram.size() < 8 || read_be16(datagram, 4) < 8 || read_be16(datagram, 4) > datagram.size()) {
        return PC_REASON_transport_malformed;
    }
    packet.source_port = read_be16(datagram, 0);
    packet.destination_port = read_be16(datagram, 2);
    return PC_REASON_passed;
}

Reason read_icmp(IpPacket& packet) {
    const FrameBytes message = packet.payload;
    if (message.size() < 8) {
        return PC_REASON_transport_malformed;
    }
    packet.icmp_type = message[0];
    packet.icmp_code = message[1];
    packet.icmp_id = read_be16(message, 4);
    return PC_REASON_passed;
}

// 3.3, filling in what the rules look at.
Reason read_transport(IpPacket& packet) {
    const std::uint8_t foreign_icmp = packet.family() == Family::Ipv4 ? kProtocolIcmpv6 : kProtocolIcmp;
    if (packet.protocol == foreign_icmp) {
        return PC_REASON_protocol;
    }
    switch (packet.protocol) {
        case kProtocolTcp:
            return read_tcp(packet);
        case kProtocolUdp:
            return read_udp(packet);
        case kProtocolIcmp:
        case kProtocolIcmpv6:
            return read_icmp(packet);
        default:
            return PC_REASON_passed;
    }
}

}  // namespace

std::uint16_t read_be16(FrameBytes bytes, std::size_t offset) { return static_cast<std::uint16_t>(bytes[offset] << 8 | bytes[offset + 1]); }

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
    if (frame.type != kEtherTypeIpv4 && frame.type != kEtherTypeIpv6 && frame.type != kEtherTypeArp) {
        return PC_REASON_ethertype;
    }
    return frame;
}

bool looks_like_neighbour_discovery(const EthernetFrame& frame) {
    if (frame.type != kEtherTypeIpv6 || frame.body.size() <= kIpv6Bytes || frame.body[6] != kProtocolIcmpv6) {
        return false;
    }
    const std::uint8_t type = frame.body[kIpv6Bytes];
    return type >= 133 && type <= 137;
}

std::variant<Reason, IpPacket> read_packet(const EthernetFrame& frame) {
    std::variant<Reason, IpPacket> read = frame.type == kEtherTypeIpv4 ? read_ipv4(frame) : read_ipv6(frame);
    if (IpPacket* const packet = std::get_if<IpPacket>(&read)) {
        if (const Reason reason = read_transport(*packet); reason != PC_REASON_passed) {
            return reason;
        }
    }
    return read;
}

}  // namespace portcullis
