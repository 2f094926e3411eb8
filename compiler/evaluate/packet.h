// SPDX-License-Identifier: Apache-2.0
// The evaluator's own reading of a frame: docs/semantics.md stage 1 (2.1, as far as it needs no model) and stage 3 (section 3). Called by
// the other evaluate*.cpp. Nothing here knows the model; nothing beyond the frame's last byte is read.
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
// Pre: offset + 4 <= bytes.size().
[[nodiscard]] std::uint32_t read_be32(FrameBytes bytes, std::size_t offset);
// Pre: offset + length of the family <= bytes.size().
[[nodiscard]] Address read_address(FrameBytes bytes, std::size_t offset, Family family);
// Pre: offset + 6 <= bytes.size().
[[nodiscard]] Mac read_mac(FrameBytes bytes, std::size_t offset);

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeArp = 0x0806;
constexpr std::uint16_t kEtherTypeRarp = 0x8035;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolIgmp = 2;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kProtocolIcmpv6 = 58;

constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kIpv6Bytes = 40;

struct EthernetFrame {
    Mac destination;
    Mac source;
    std::uint16_t type = 0;
    FrameBytes body;  // behind the Ethernet header, padding included
};

// The reason of 2.1.1 and of the tags of 2.1.2, or the frame, of whatever ethertype.
[[nodiscard]] std::variant<Reason, EthernetFrame> read_frame(FrameBytes bytes);

// The legal sets of TCP flags (3.3.3).
enum class TcpKind : std::uint8_t { Syn, SynAck, Rst, RstAck, FinAck, Ack };

struct TcpSegment {
    TcpKind kind = TcpKind::Ack;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 0;           // as it stands there
    std::optional<std::uint8_t> shift;  // of the window scale option, at most 14
    std::uint32_t length = 0;           // bytes behind its header

    [[nodiscard]] bool has_syn() const { return kind == TcpKind::Syn || kind == TcpKind::SynAck; }
    [[nodiscard]] bool is_reset() const { return kind == TcpKind::Rst || kind == TcpKind::RstAck; }
};

enum class FragmentKind : std::uint8_t { None, First, Later };  // an atomic one is None

struct IpPacket {
    Address source;
    Address destination;
    std::uint8_t hop_limit = 0;
    std::uint8_t protocol = 0;
    FragmentKind fragment = FragmentKind::None;
    std::uint32_t fragment_id = 0;
    std::uint8_t fragment_protocol = 0;  // what the (fragment) header names: the same in all fragments of a packet
    bool has_extension_headers = false;  // a fragment header among them, be it an atomic one's
    FrameBytes payload;                  // behind all IP headers, by the IP length
    // By protocol; 0 where it has none, and in later fragments.
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint16_t icmp_id = 0;
    std::optional<TcpSegment> tcp;

    [[nodiscard]] Family family() const { return source.family; }
    [[nodiscard]] bool is_icmp() const { return protocol == kProtocolIcmp || protocol == kProtocolIcmpv6; }
    [[nodiscard]] bool is_later() const { return fragment == FragmentKind::Later; }
    // An ICMP message of the type, read from its header.
    [[nodiscard]] bool is_message(std::uint8_t of_protocol, std::uint8_t type) const {
        return protocol == of_protocol && !is_later() && icmp_type == type;
    }
    [[nodiscard]] bool is_bare_syn() const { return tcp && tcp->kind == TcpKind::Syn; }
};

// The reason of section 3, or the packet. Pre: the frame's type is one of IP.
[[nodiscard]] std::variant<Reason, IpPacket> read_packet(const EthernetFrame& frame, Direction direction);

// 3.3: fills in what the rules and flows look at. Called by read_packet.
[[nodiscard]] Reason read_transport(IpPacket& packet);

// 224.0.0.0/4 and ff00::/8.
[[nodiscard]] bool is_multicast(const Address& address);
[[nodiscard]] bool is_broadcast(const Address& address);  // 255.255.255.255
[[nodiscard]] bool is_unspecified(const Address& address);
// fe80::/10.
[[nodiscard]] bool is_link_local(const Address& address);

}  // namespace portcullis
