// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packet_messages.h"

#include <algorithm>

#include "tests/support/byte_writer.h"

namespace portcullis::test {
namespace {

constexpr std::uint8_t kPadN = 1;

void put_records(Bytes& out, const std::vector<GroupRecord>& records, Family family) {
    const auto put_address = [&](const Address& address) { family == Family::Ipv4 ? put4(out, address) : put6(out, address); };
    put16(out, 0);
    put16(out, static_cast<unsigned>(records.size()));
    for (const GroupRecord& record : records) {
        put8(out, record.type);
        put8(out, 0);
        put16(out, static_cast<unsigned>(record.sources.size()));
        put_address(record.group);
        for (const Address& source : record.sources) {
            put_address(source);
        }
    }
}

// What a query of the later version has behind the group: flags, the querier's interval, and sources.
void put_query_tail(Bytes& out, const std::vector<Address>& sources) {
    put16(out, 2u << 8 | 125);
    put16(out, static_cast<unsigned>(sources.size()));
    for (const Address& source : sources) {
        source.family == Family::Ipv4 ? put4(out, source) : put6(out, source);
    }
}

}  // namespace

Bytes router_alert4() { return {0x94, 4, 0, 0}; }
ExtensionHeader router_alert6() { return options_header(0, {5, 2, 0, 0}); }

ExtensionHeader options_header(std::uint8_t number, const Bytes& options) {
    Bytes body = options;
    const std::size_t missing = (8 - (body.size() + 2) % 8) % 8;
    if (missing == 1) {
        put8(body, 0);
    } else if (missing > 1) {
        put8(body, kPadN);
        put8(body, static_cast<unsigned>(missing) - 2);
        body.resize(body.size() + missing - 2);
    }
    return {.number = number, .body = std::move(body), .next_header = {}, .length_units = {}};
}

ExtensionHeader routing_header(std::uint8_t type, std::uint8_t segments_left) {
    Bytes body{type, segments_left, 0, 0, 0, 0};
    body.resize(body.size() + std::size_t{segments_left} * 16);
    return {.number = 43, .body = std::move(body), .next_header = {}, .length_units = {}};
}

ExtensionHeader authentication_header() {
    Bytes body{0, 0};
    put32(body, 0x100);  // security parameters index
    put32(body, 1);      // sequence number
    body.resize(body.size() + 12);
    return {.number = 51, .body = std::move(body), .next_header = {}, .length_units = 4};
}

Bytes tcp_options(std::optional<std::uint16_t> maximum_segment_size, std::optional<std::uint8_t> window_scale) {
    Bytes out;
    if (maximum_segment_size) {
        put16(out, 0x0204);
        put16(out, *maximum_segment_size);
    }
    if (window_scale) {
        put16(out, 0x0103);  // a no-op, then the option
        put8(out, 3);
        put8(out, *window_scale);
    }
    return out;
}

Payload dhcpv4(const Dhcpv4& message) {
    Bytes out;
    put8(out, message.op);
    put8(out, message.hardware);
    put8(out, message.hardware_length);
    put8(out, 0);
    put32(out, message.transaction);
    put32(out, 0);
    put4(out, message.client);
    put4(out, message.yours);
    put4(out, message.server);
    put4(out, message.relay);
    put(out, message.hardware_address.bytes);
    out.resize(236);  // the rest of chaddr, sname, file
    put32(out, message.cookie);
    if (message.message != 0) {
        put16(out, 53u << 8 | 1);
        put8(out, message.message);
    }
    put(out, message.options);
    put8(out, 255);
    return {.bytes = std::move(out)};
}

Payload dhcpv6(const Dhcpv6& message) {
    Bytes out;
    put32(out, static_cast<std::uint32_t>(message.type) << 24 | (message.transaction & 0xffffff));
    put(out, message.options);
    return {.bytes = std::move(out)};
}

Packet mld(const Mld& message) {
    Bytes body;
    if (message.type == 143) {
        put_records(body, message.records, Family::Ipv6);
        const Bytes counts(body.begin(), body.begin() + 4);
        body.erase(body.begin(), body.begin() + 4);
        return Icmpv6{.type = 143,
                      .code = message.code,
                      .identifier = 0,
                      .sequence = static_cast<std::uint16_t>(message.records.size()),
                      .checksum = {}} /
               Payload{.bytes = std::move(body)};
    }
    put6(body, message.group);
    if (message.sources) {
        put_query_tail(body, *message.sources);
    }
    return Icmpv6{.type = message.type, .code = message.code, .identifier = message.maximum_response, .sequence = 0, .checksum = {}} /
           Payload{.bytes = std::move(body)};
}

Packet igmp(const IgmpMessage& message) {
    Bytes body;
    if (message.type == 0x22) {
        put_records(body, message.records, Family::Ipv4);
    } else {
        put4(body, message.group);
        if (message.sources) {
            put_query_tail(body, *message.sources);
        }
    }
    return Packet{.layers = {Igmp{.type = message.type, .maximum_response = message.maximum_response, .checksum = {}},
                             Payload{.bytes = std::move(body)}}};
}

Packet router_advertisement(const RouterAdvertisement& message) {
    Bytes rest(8);  // reachable time and retransmission timer: unspecified
    put(rest, message.options);
    return Icmpv6{.type = 134,
                  .code = message.code,
                  .identifier = static_cast<std::uint16_t>(message.hop_limit << 8 | message.flags),
                  .sequence = message.lifetime_s,
                  .checksum = {}} /
           Payload{.bytes = std::move(rest)};
}

Packet router_solicitation(const Bytes& options) {
    return Icmpv6{.type = 133, .code = 0, .identifier = 0, .sequence = 0, .checksum = {}} / Payload{.bytes = options};
}

Bytes nd_prefix_option(const Prefix& prefix) {
    Bytes out{3, 4, prefix.length, 0xc0};
    put32(out, 86'400);
    put32(out, 14'400);
    put32(out, 0);
    put6(out, prefix.address);
    return out;
}

Bytes nd_mtu_option(std::uint32_t mtu) {
    Bytes out{5, 1, 0, 0};
    put32(out, mtu);
    return out;
}

Packet rarp_announcement(const Mac& own) {
    return Ethernet{.source = own, .destination = kBroadcast, .type = 0x8035} /
           Arp{.operation = 3, .sender_mac = own, .sender = {}, .target_mac = own, .target = {}};
}

Payload quote_of(const Bytes& frame, std::size_t bytes) {
    const auto is_tag_at = [&](std::size_t at) {
        const unsigned type = at + 2 <= frame.size() ? static_cast<unsigned>(frame[at] << 8 | frame[at + 1]) : 0;
        return type == 0x8100 || type == 0x88a8;
    };
    std::size_t begin = 14;
    while (is_tag_at(begin - 2)) {
        begin += 4;
    }
    begin = std::min(begin, frame.size());
    const std::size_t end = begin + std::min(bytes, frame.size() - begin);
    return {.bytes = Bytes(frame.begin() + static_cast<std::ptrdiff_t>(begin), frame.begin() + static_cast<std::ptrdiff_t>(end))};
}

}  // namespace portcullis::test
