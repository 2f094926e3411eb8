// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 3.3: what stands behind the IP headers.
#include <algorithm>

#include "compiler/evaluate/packet.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcpFin = 0x01;
constexpr std::uint8_t kTcpSyn = 0x02;
constexpr std::uint8_t kTcpRst = 0x04;
constexpr std::uint8_t kTcpAck = 0x10;

constexpr std::size_t kTcpBytes = 20;
constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kIcmpBytes = 8;

std::optional<TcpKind> tcp_kind(std::uint8_t flags) {
    switch (flags & (kTcpFin | kTcpSyn | kTcpRst | kTcpAck)) {
        case kTcpSyn:
            return TcpKind::Syn;
        case kTcpSyn | kTcpAck:
            return TcpKind::SynAck;
        case kTcpRst:
            return TcpKind::Rst;
        case kTcpRst | kTcpAck:
            return TcpKind::RstAck;
        case kTcpFin | kTcpAck:
            return TcpKind::FinAck;
        case kTcpAck:
            return TcpKind::Ack;
        default:
            return std::nullopt;
    }
}

// The shift of the last window scale option (RFC 7323) of those before the first that contradicts itself.
std::optional<std::uint8_t> window_shift(FrameBytes options) {
    constexpr std::uint8_t kEnd = 0;
    constexpr std::uint8_t kNothing = 1;
    constexpr std::uint8_t kWindowScale = 3;
    constexpr std::uint8_t kShiftMax = 14;
    std::optional<std::uint8_t> shift;
    while (!options.empty() && options[0] != kEnd) {
        if (options[0] == kNothing) {
            options = options.subspan(1);
            continue;
        }
        if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) {
            return shift;
        }
        if (options[0] == kWindowScale && options[1] == 3) {
            shift = std::min(options[2], kShiftMax);
        }
        options = options.subspan(options[1]);
    }
    return shift;
}

Reason read_tcp(IpPacket& packet) {
    const FrameBytes segment = packet.payload;
    if (segment.size() < kTcpBytes) {
        return PC_REASON_transport_malformed;
    }
    const std::size_t header = std::size_t{segment[12]} / 16 * 4;
    const bool is_whole = packet.fragment == FragmentKind::None;
    if (header < kTcpBytes || (header > segment.size() && is_whole)) {
        return PC_REASON_transport_malformed;
    }
    const std::optional<TcpKind> kind = tcp_kind(segment[13]);
    if (!kind) {
        return PC_REASON_tcp_flags;
    }
    packet.source_port = read_be16(segment, 0);
    packet.destination_port = read_be16(segment, 2);
    // Of options that go on in another fragment nothing is taken.
    const bool is_cut = header > segment.size();
    const FrameBytes options = is_cut ? FrameBytes{} : segment.subspan(kTcpBytes, header - kTcpBytes);
    packet.tcp = TcpSegment{.kind = *kind,
                            .sequence = read_be32(segment, 4),
                            .acknowledgement = read_be32(segment, 8),
                            .window = read_be16(segment, 14),
                            .shift = window_shift(options),
                            .length = is_cut ? 0 : static_cast<std::uint32_t>(segment.size() - header)};
    return PC_REASON_passed;
}

Reason read_udp(IpPacket& packet) {
    const FrameBytes datagram = packet.payload;
    if (datagram.size() < kUdpBytes || read_be16(datagram, 4) < kUdpBytes) {
        return PC_REASON_transport_malformed;
    }
    if (read_be16(datagram, 4) > datagram.size() && packet.fragment == FragmentKind::None) {
        return PC_REASON_transport_malformed;
    }
    packet.source_port = read_be16(datagram, 0);
    packet.destination_port = read_be16(datagram, 2);
    return PC_REASON_passed;
}

Reason read_icmp(IpPacket& packet) {
    const FrameBytes message = packet.payload;
    if (message.size() < kIcmpBytes) {
        return PC_REASON_transport_malformed;
    }
    packet.icmp_type = message[0];
    packet.icmp_code = message[1];
    packet.icmp_id = read_be16(message, 4);
    return PC_REASON_passed;
}

}  // namespace

Reason read_transport(IpPacket& packet) {
    const std::uint8_t foreign_icmp = packet.family() == Family::Ipv4 ? kProtocolIcmpv6 : kProtocolIcmp;
    if (packet.protocol == foreign_icmp) {
        return PC_REASON_protocol;
    }
    if (packet.is_later()) {
        return PC_REASON_passed;
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

}  // namespace portcullis
