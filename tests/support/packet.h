// SPDX-License-Identifier: Apache-2.0
// Packet algebra: Ethernet{…} / Ipv4{…} / Tcp{…} / Payload{…} gives the bytes of a frame. Lengths, checksums, ethertypes and protocol
// numbers are computed from what follows, unless a field is given explicitly: so malformed packets are written as plainly as good ones.
// Messages of further protocols are in packet_messages.h, fragments in packet_fragments.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/address.h"

namespace portcullis::test {

using Bytes = std::vector<std::uint8_t>;

// End the test run when the text is wrong: only for literals.
[[nodiscard]] Address ip(std::string_view text);
[[nodiscard]] Prefix prefix(std::string_view text);
[[nodiscard]] Mac mac(std::string_view text);

inline constexpr Mac kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// TCP flags.
inline constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kUrg = 0x20, kEce = 0x40, kCwr = 0x80;

struct Ethernet {
    Mac source;
    Mac destination;
    std::optional<std::uint16_t> type;
};
struct Vlan {
    std::uint16_t id = 1;
    std::uint8_t priority = 0;
    std::uint16_t tpid = 0x8100;
    std::optional<std::uint16_t> type;
};
struct Arp {
    std::uint16_t operation = 1;
    Mac sender_mac;
    Address sender;
    Mac target_mac;
    Address target;
    std::uint16_t hardware = 1, protocol = 0x0800;
    std::uint8_t hardware_length = 6, protocol_length = 4;
};
struct Ipv4 {
    Address source;
    Address destination;
    std::uint8_t ttl = 64;
    std::optional<std::uint8_t> protocol;
    std::uint16_t id = 0;
    bool dont_fragment = false, more_fragments = false;
    std::uint16_t fragment_offset = 0;  // units of 8 bytes
    Bytes options;                      // filled with zeros to a multiple of 4
    std::uint8_t version = 4;
    std::optional<std::uint8_t> header_words;  // IHL
    std::optional<std::uint16_t> total_length;
    std::optional<std::uint16_t> checksum;
};
struct Ipv6 {
    Address source;
    Address destination;
    std::uint8_t hop_limit = 64;
    std::optional<std::uint8_t> next_header;
    std::uint8_t version = 6;
    std::optional<std::uint16_t> payload_length;
};
// Hop-by-hop (0), destination options (60), routing (43), …: next header, length, then the body, filled to a multiple of 8.
struct ExtensionHeader {
    std::uint8_t number = 0;
    Bytes body;
    std::optional<std::uint8_t> next_header;
    std::optional<std::uint8_t> length_units;
};
struct FragmentHeader {
    std::uint16_t offset = 0;  // units of 8 bytes
    bool more = false;
    std::uint32_t id = 0;
    std::optional<std::uint8_t> next_header;
};
struct Tcp {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t flags = kSyn;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint16_t window = 65535;
    Bytes options;                            // filled with zeros to a multiple of 4
    std::optional<std::uint8_t> data_offset;  // 32-bit words
    std::optional<std::uint16_t> checksum;
};
struct Udp {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::optional<std::uint16_t> length;
    std::optional<std::uint16_t> checksum;
};
struct Icmp {
    std::uint8_t type = 8;
    std::uint8_t code = 0;
    std::uint16_t identifier = 0, sequence = 0;  // bytes 4-7, whatever the type calls them
    std::optional<std::uint16_t> checksum;
};
struct Icmpv6 {
    std::uint8_t type = 128;
    std::uint8_t code = 0;
    std::uint16_t identifier = 0, sequence = 0;
    std::optional<std::uint16_t> checksum;
};
// The first 4 bytes of an IGMP message; the checksum is over the whole of it.
struct Igmp {
    std::uint8_t type = 0x16;
    std::uint8_t maximum_response = 0;
    std::optional<std::uint16_t> checksum;
};
// Neighbour solicitation (135) or advertisement (136), by `type`; `options` as they stand on the wire (nd_link_option).
struct Neighbour {
    std::uint8_t type = 135;
    std::uint8_t code = 0;
    Address target;
    Bytes options;
    std::uint32_t flags = 0;  // the advertisement's R, S and O in the highest bits
};
struct Payload {
    Bytes bytes;
};

using Layer =
    std::variant<Ethernet, Vlan, Arp, Ipv4, Ipv6, ExtensionHeader, FragmentHeader, Tcp, Udp, Icmp, Icmpv6, Igmp, Neighbour, Payload>;

struct Packet {
    std::vector<Layer> layers;
    [[nodiscard]] Bytes bytes() const;
};

template <class L>
concept LayerType = std::is_constructible_v<Layer, L> && !std::is_same_v<std::remove_cvref_t<L>, Layer>;

template <LayerType L>
[[nodiscard]] Packet operator/(Packet packet, L layer) {
    packet.layers.emplace_back(std::move(layer));
    return packet;
}
template <LayerType A, LayerType B>
[[nodiscard]] Packet operator/(A outer, B inner) {
    return Packet{.layers = {std::move(outer), std::move(inner)}};
}
[[nodiscard]] Packet operator/(Packet outer, const Packet& inner);
template <LayerType L>
[[nodiscard]] Packet operator/(L outer, const Packet& inner) {
    return Packet{.layers = {std::move(outer)}} / inner;
}

// The MAC of an IP multicast group (RFC 1112 6.4, RFC 2464 7) or of the limited broadcast; none for other addresses.
[[nodiscard]] std::optional<Mac> group_mac(const Address& group);
// Source (1) or target (2) link-layer address option.
[[nodiscard]] Bytes nd_link_option(std::uint8_t type, const Mac& mac);
[[nodiscard]] Payload text(std::string_view content);
// The one's complement checksum of RFC 1071.
[[nodiscard]] std::uint16_t internet_checksum(const Bytes& bytes);
[[nodiscard]] std::string hex(const Bytes& bytes);

}  // namespace portcullis::test
