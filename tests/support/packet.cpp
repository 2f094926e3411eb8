// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packet.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "tests/support/byte_writer.h"

namespace portcullis::test {
namespace {

// What a layer needs to know of its surroundings: built from the innermost layer outwards.
struct Surroundings {
    std::optional<Layer> inner;      // the layer right behind, for type and protocol numbers
    const Layer* network = nullptr;  // the IP header around it, for pseudo headers
    const Bytes* payload = nullptr;
};

unsigned ethertype_of(const std::optional<Layer>& inner) {
    if (!inner) {
        return 0x0800;
    }
    if (const auto* vlan = std::get_if<Vlan>(&*inner)) {
        return vlan->tpid;
    }
    if (std::holds_alternative<Arp>(*inner)) {
        return 0x0806;
    }
    return std::holds_alternative<Ipv6>(*inner) ? 0x86dd : 0x0800;
}

struct ProtocolNumber {
    unsigned operator()(const Ipv4&) const { return 4; }
    unsigned operator()(const Ipv6&) const { return 41; }
    unsigned operator()(const ExtensionHeader& header) const { return header.number; }
    unsigned operator()(const FragmentHeader&) const { return 44; }
    unsigned operator()(const Tcp&) const { return 6; }
    unsigned operator()(const Udp&) const { return 17; }
    unsigned operator()(const Icmp&) const { return 1; }
    unsigned operator()(const Icmpv6&) const { return 58; }
    unsigned operator()(const Igmp&) const { return 2; }
    unsigned operator()(const Neighbour&) const { return 58; }
    template <class Other>
    unsigned operator()(const Other&) const {
        return 59;
    }
};
unsigned protocol_of(const std::optional<Layer>& inner) { return inner ? std::visit(ProtocolNumber{}, *inner) : 59; }

// Checksum over pseudo header, transport header and payload. Without an IP header around it, over the latter two.
std::uint16_t transport_checksum(const Surroundings& around, unsigned protocol, const Bytes& header) {
    Bytes sum;
    const auto length = static_cast<std::uint32_t>(header.size() + around.payload->size());
    if (const auto* ipv4 = std::get_if<Ipv4>(around.network)) {
        put4(sum, ipv4->source);
        put4(sum, ipv4->destination);
    } else if (const auto* ipv6 = std::get_if<Ipv6>(around.network)) {
        put6(sum, ipv6->source);
        put6(sum, ipv6->destination);
    }
    if (around.network != nullptr) {
        put32(sum, length);
        put32(sum, protocol);
    }
    put(sum, header);
    put(sum, *around.payload);
    return internet_checksum(sum);
}

struct Header {
    const Surroundings& around;

    Bytes operator()(const Ethernet& layer) const {
        Bytes out;
        put(out, layer.destination.bytes);
        put(out, layer.source.bytes);
        put16(out, layer.type.value_or(static_cast<std::uint16_t>(ethertype_of(around.inner))));
        return out;
    }
    Bytes operator()(const Vlan& layer) const {
        Bytes out;
        put16(out, static_cast<unsigned>(layer.priority << 13 | layer.id));
        put16(out, layer.type.value_or(static_cast<std::uint16_t>(ethertype_of(around.inner))));
        return out;
    }
    Bytes operator()(const Arp& layer) const {
        Bytes out;
        put16(out, layer.hardware);
        put16(out, layer.protocol);
        put8(out, layer.hardware_length);
        put8(out, layer.protocol_length);
        put16(out, layer.operation);
        put(out, layer.sender_mac.bytes);
        put4(out, layer.sender);
        put(out, layer.target_mac.bytes);
        put4(out, layer.target);
        return out;
    }
    Bytes operator()(const Ipv4& layer) const {
        Bytes options = layer.options;
        fill_to(options, 4);
        const auto length = 20 + options.size();
        Bytes out;
        put8(out, static_cast<unsigned>(layer.version << 4) | layer.header_words.value_or(static_cast<std::uint8_t>(length / 4)));
        put8(out, 0);
        put16(out, layer.total_length.value_or(static_cast<std::uint16_t>(length + around.payload->size())));
        put16(out, layer.id);
        put16(out, (layer.dont_fragment ? 0x4000u : 0u) | (layer.more_fragments ? 0x2000u : 0u) | layer.fragment_offset);
        put8(out, layer.ttl);
        put8(out, layer.protocol.value_or(static_cast<std::uint8_t>(protocol_of(around.inner))));
        put16(out, 0);
        put4(out, layer.source);
        put4(out, layer.destination);
        put(out, options);
        overwrite16(out, 10, layer.checksum.value_or(internet_checksum(out)));
        return out;
    }
    Bytes operator()(const Ipv6& layer) const {
        Bytes out;
        put32(out, static_cast<std::uint32_t>(layer.version) << 28);
        put16(out, layer.payload_length.value_or(static_cast<std::uint16_t>(around.payload->size())));
        put8(out, layer.next_header.value_or(static_cast<std::uint8_t>(protocol_of(around.inner))));
        put8(out, layer.hop_limit);
        put6(out, layer.source);
        put6(out, layer.destination);
        return out;
    }
    Bytes operator()(const ExtensionHeader& layer) const {
        Bytes out{0, 0};
        put(out, layer.body);
        fill_to(out, 8);
        out[0] = layer.next_header.value_or(static_cast<std::uint8_t>(protocol_of(around.inner)));
        out[1] = layer.length_units.value_or(static_cast<std::uint8_t>(out.size() / 8 - 1));
        return out;
    }
    Bytes operator()(const FragmentHeader& layer) const {
        Bytes out;
        put8(out, layer.next_header.value_or(static_cast<std::uint8_t>(protocol_of(around.inner))));
        put8(out, 0);
        put16(out, static_cast<unsigned>(layer.offset << 3) | (layer.more ? 1u : 0u));
        put32(out, layer.id);
        return out;
    }
    Bytes operator()(const Tcp& layer) const {
        Bytes options = layer.options;
        fill_to(options, 4);
        Bytes out;
        put16(out, layer.source_port);
        put16(out, layer.destination_port);
        put32(out, layer.sequence);
        put32(out, layer.acknowledgement);
        put8(out, static_cast<unsigned>(layer.data_offset.value_or(static_cast<std::uint8_t>(5 + options.size() / 4)) << 4));
        put8(out, layer.flags);
        put16(out, layer.window);
        put32(out, 0);
        put(out, options);
        overwrite16(out, 16, layer.checksum.value_or(transport_checksum(around, 6, out)));
        return out;
    }
    Bytes operator()(const Udp& layer) const {
        Bytes out;
        put16(out, layer.source_port);
        put16(out, layer.destination_port);
        put16(out, layer.length.value_or(static_cast<std::uint16_t>(8 + around.payload->size())));
        put16(out, 0);
        const std::uint16_t sum = transport_checksum(around, 17, out);
        overwrite16(out, 6, layer.checksum.value_or(sum == 0 ? std::uint16_t{0xffff} : sum));  // RFC 768: 0 means "none"
        return out;
    }
    Bytes operator()(const Icmp& layer) const {
        Bytes out;
        put8(out, layer.type);
        put8(out, layer.code);
        put16(out, 0);
        put16(out, layer.identifier);
        put16(out, layer.sequence);
        const Surroundings without_pseudo_header{.inner = {}, .network = nullptr, .payload = around.payload};
        overwrite16(out, 2, layer.checksum.value_or(transport_checksum(without_pseudo_header, 1, out)));
        return out;
    }
    Bytes operator()(const Icmpv6& layer) const {
        Bytes out;
        put8(out, layer.type);
        put8(out, layer.code);
        put16(out, 0);
        put16(out, layer.identifier);
        put16(out, layer.sequence);
        overwrite16(out, 2, layer.checksum.value_or(transport_checksum(around, 58, out)));
        return out;
    }
    Bytes operator()(const Igmp& layer) const {
        Bytes out;
        put8(out, layer.type);
        put8(out, layer.maximum_response);
        put16(out, 0);
        const Surroundings without_pseudo_header{.inner = {}, .network = nullptr, .payload = around.payload};
        overwrite16(out, 2, layer.checksum.value_or(transport_checksum(without_pseudo_header, 2, out)));
        return out;
    }
    Bytes operator()(const Neighbour& layer) const {
        Bytes out;
        put8(out, layer.type);
        put8(out, layer.code);
        put16(out, 0);
        put32(out, layer.flags);
        put6(out, layer.target);
        put(out, layer.options);
        overwrite16(out, 2, transport_checksum(around, 58, out));
        return out;
    }
    Bytes operator()(const Payload& layer) const { return layer.bytes; }
};

template <class T>
T value_or_abort(const std::optional<T>& parsed, std::string_view text) {
    if (!parsed) {
        std::fprintf(stderr, "wrong literal in a test: %.*s\n", static_cast<int>(text.size()), text.data());
        std::abort();
    }
    return *parsed;
}

}  // namespace

Bytes Packet::bytes() const {
    Bytes payload;
    for (std::size_t i = layers.size(); i-- > 0;) {
        Surroundings around{.inner = {}, .network = nullptr, .payload = &payload};
        if (i + 1 < layers.size()) {
            around.inner = layers[i + 1];
        }
        for (std::size_t outer = i; outer-- > 0 && around.network == nullptr;) {
            if (std::holds_alternative<Ipv4>(layers[outer]) || std::holds_alternative<Ipv6>(layers[outer])) {
                around.network = &layers[outer];
            }
        }
        Bytes whole = std::visit(Header{around}, layers[i]);
        put(whole, payload);
        payload = std::move(whole);
    }
    return payload;
}

Packet operator/(Packet outer, const Packet& inner) {
    outer.layers.insert(outer.layers.end(), inner.layers.begin(), inner.layers.end());
    return outer;
}

Address ip(std::string_view text) { return value_or_abort(Address::parse(text), text); }
Prefix prefix(std::string_view text) { return value_or_abort(Prefix::parse(text), text).prefix; }
Mac mac(std::string_view text) { return value_or_abort(Mac::parse(text), text); }

std::optional<Mac> group_mac(const Address& group) {
    const auto& bytes = group.bytes;
    if (group.family == Family::Ipv6) {
        return bytes[0] == 0xff ? std::optional(Mac{{0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]}}) : std::nullopt;
    }
    if (group == ip("255.255.255.255")) {
        return kBroadcast;
    }
    const bool is_multicast = (bytes[0] & 0xf0) == 0xe0;
    return is_multicast ? std::optional(Mac{{1, 0, 0x5e, static_cast<std::uint8_t>(bytes[1] & 0x7f), bytes[2], bytes[3]}}) : std::nullopt;
}

Bytes nd_link_option(std::uint8_t type, const Mac& mac) {
    Bytes out{type, 1};
    put(out, mac.bytes);
    return out;
}

Payload text(std::string_view content) { return {.bytes = Bytes(content.begin(), content.end())}; }

std::uint16_t internet_checksum(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::string hex(const Bytes& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace portcullis::test
