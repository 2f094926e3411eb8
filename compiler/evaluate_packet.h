// SPDX-License-Identifier: Apache-2.0
// The evaluator's own reading of a frame: docs/semantics.md stage 1 (2.1, as far as it needs no model) and stage 3 (section 3). Called by
// evaluate.cpp alone. Nothing here knows the model; nothing beyond the frame's last byte is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "core/address.h"
#include "core/verdict.h"

namespace portcullis {

using FrameBytes = std::span<const std::uint8_t>;

// Pre: offset + 2 <= bytes.size().
[[nodiscard]] std::uint16_t read_be16(FrameBytes bytes, std::size_t offset);
// Pre: offset + length of the family <= bytes.size().
[[nodiscard]] Address read_address(FrameBytes bytes, std::size_t offset, Family family);
// Pre: offset + 6 <= bytes.size().
[[nodiscard]] Mac read_mac(FrameBytes bytes, std::size_t offset);

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeArp = 0x0806;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kProtocolIcmpv6 = 58;

struct EthernetFrame {
    Mac destination;
    Mac source;
    std::uint16_t type = 0;
    FrameBytes body;  // behind the Ethernet header, padding included
};

// The reason of 2.1.1-2.1.3, or the frame.
[[nodiscard]] std::variant<Reason, EthernetFrame> read_frame(FrameBytes bytes);

// 2.1.6: by the two bytes where next header and ICMPv6 type stand, whatever the rest of the header says.
[[nodiscard]] bool looks_like_neighbour_discovery(const EthernetFrame& frame);

// The legal sets of TCP flags (3.3.3).
enum class TcpKind : std::uint8_t { Syn, SynAck, Rst, FinAck, Ack };  // Rst: with or without ACK

struct IpPacket {
    Address source;
    Address destination;
    std::uint8_t hop_limit = 0;
    std::uint8_t protocol = 0;
    FrameBytes payload;  // behind the IP header, by the IP length
    // By protocol; 0 where it has none.
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint16_t icmp_id = 0;
    std::optional<TcpKind> tcp;

    [[nodiscard]] Family family() const { return source.family; }
    [[nodiscard]] bool is_icmp() const { return protocol == kProtocolIcmp || protocol == kProtocolIcmpv6; }
};

// The reason of section 3, or the packet. Pre: the frame's type is one of IP.
[[nodiscard]] std::variant<Reason, IpPacket> read_packet(const EthernetFrame& frame);

}  // namespace portcullis
