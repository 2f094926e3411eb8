// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_lane.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

// Of all ports. Where there is no room errors are not related, renewals and first fragments not remembered. Buckets for all elements of a
// size are there from the beginning, eight bytes and more for each; the size that a set has without naming one costs what is in it.
constexpr std::uint32_t kFragments = 131'072;
constexpr std::uint32_t kFragmentCounts = kNftRoomOnDemand;  // a number for each binding; replaced ones count until they are collected
constexpr std::uint64_t kFragmentCountMilliseconds = 3'600'000;
constexpr std::uint64_t kFragmentMilliseconds = 30'000;

struct QueryPair {
    std::uint8_t query;
    std::uint8_t reply;
};
constexpr std::array kQueries4 = {QueryPair{8, 0}, QueryPair{13, 14}, QueryPair{15, 16}, QueryPair{17, 18}};
constexpr std::array kQueries6 = {QueryPair{128, 129}, QueryPair{139, 140}};

std::vector<QueryPair> pairs_of(Family family) {
    if (family == Family::Ipv4) {
        return {kQueries4.begin(), kQueries4.end()};
    }
    return {kQueries6.begin(), kQueries6.end()};
}

NftBytes type_and_code(std::uint8_t type) { return nft_key({nft_u16(static_cast<std::uint16_t>(type << 8))}); }

// Last field of a query's key: its type, and who asked.
NftBytes asker(std::uint8_t query, Direction direction) {
    return nft_u16(static_cast<std::uint16_t>(query << 8 | (direction == Direction::Inbound ? 1 : 0)));
}

// {type and code} -> last field of the key. Nothing else has an element, so that its rule ends.
std::string askers(NftBuilder& bridge, Family family, Direction direction) {
    NftSet map{.name = direction == Direction::Outbound ? "icmp-askers-out" : "icmp-askers-in",
               .kind = NftSet::Kind::DataMap,
               .key = {NftType::Half},
               .data = NftType::Half};
    for (const QueryPair& pair : pairs_of(family)) {
        map.elements.push_back(
            {.from = type_and_code(pair.query), .to = {}, .verdict = {}, .data = asker(pair.query, direction), .comment = {}});
        map.elements.push_back(
            {.from = type_and_code(pair.reply), .to = {}, .verdict = {}, .data = asker(pair.query, opposite_of(direction)), .comment = {}});
    }
    return bridge.set(std::move(map));
}

std::vector<NftType> behind_binding(std::vector<NftType> key) {
    key.insert(key.begin(), NftType::Word);
    return key;
}

void add_flow_map(NftBuilder& bridge, const std::string& name, Family family, std::uint32_t size) {
    NftSet map = nft_dynamic_set(name, behind_binding(nft_flow_key_types(family)), size);
    map.kind = NftSet::Kind::DataMap;
    map.data = NftType::Word;
    bridge.add_set(std::move(map));
}

// Packet's own addresses, identification, and the protocol that the IPv4 or the fragment header names; inbound also how it came.
std::vector<NftType> fragment_key_types(Family family, Direction direction) {
    std::vector<NftType> types = {nft_address_type(family), nft_address_type(family),
                                  family == Family::Ipv4 ? NftType::Half : NftType::Word, NftType::Protocol};
    if (direction == Direction::Inbound) {
        types.insert(types.end(), {NftType::Interface, NftType::EtherAddress, NftType::Word});
    }
    types.push_back(NftType::Word);  // epoch
    return types;
}

void add_state_of(NftBuilder& bridge, std::uint32_t flows, Family family) {
    NftLane lane{.bridge = &bridge, .port = nullptr, .direction = Direction::Outbound, .family = family};
    const std::uint32_t fewer = std::max(flows / 4, kNftRoomOnDemand);
    add_flow_map(bridge, lane.answered(), family, std::max(flows, kNftRoomOnDemand));
    add_flow_map(bridge, lane.half_open(), family, fewer);
    add_flow_map(bridge, lane.renewals(), family, fewer);
    for (const Direction side : {Direction::Outbound, Direction::Inbound}) {
        lane.direction = side;
        NftSet fragments = nft_dynamic_set(lane.fragments(), behind_binding(fragment_key_types(family, side)), kFragments);
        fragments.timeout_ms = kFragmentMilliseconds;
        bridge.add_set(std::move(fragments));
    }
    const NftType address = nft_address_type(family);
    bridge.add_set(nft_dynamic_set(lane.ends(), behind_binding({address, address}), std::max(flows / 2, kNftRoomOnDemand)));
    NftSet count = nft_dynamic_set(lane.fragment_count(), {NftType::Word}, kFragmentCounts);
    count.kind = NftSet::Kind::DataMap;
    count.data = NftType::Word;
    count.timeout_ms = kFragmentCountMilliseconds;
    bridge.add_set(std::move(count));
}

std::string type_set(NftBuilder& bridge, Family family, bool with_queries) {
    NftSet set{.name = with_queries ? "icmp-queries" : "icmp-replies", .key = {NftType::Half}};
    for (const QueryPair& pair : pairs_of(family)) {
        set.elements.push_back({.from = type_and_code(pair.reply), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        if (with_queries) {
            set.elements.push_back({.from = type_and_code(pair.query), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        }
    }
    return bridge.set(std::move(set));
}

std::uint64_t seconds_or(std::uint32_t seconds, std::uint32_t otherwise) { return std::uint64_t{seconds != 0 ? seconds : otherwise}; }

}  // namespace

std::string NftLane::stem(std::string_view word) const {
    return std::string(word) + (is_outbound() ? "-out" : "-in") + (family == Family::Ipv4 ? "4" : "6");
}

std::string NftLane::set(std::string_view word) const { return std::string(word) + (family == Family::Ipv4 ? "4" : "6"); }

NftLoad NftLane::device() const { return is_outbound() ? nft_iif() : nft_oif(); }

NftLoad NftLane::binding() const { return nft_from_map(kNftNumbers, {device()}, 4); }

std::vector<NftLoad> NftLane::flow_key(NftForm form) const {
    std::vector<NftLoad> key = {nft_local(family, direction), nft_remote(family, direction), nft_l4_protocol()};
    switch (form) {
        case NftForm::Tcp:
        case NftForm::Udp:
            key.push_back(nft_local_port(direction));
            key.push_back(nft_remote_port(direction));
            break;
        case NftForm::Icmp:
            key.push_back(nft_icmp_identifier());
            key.push_back(nft_from_map(askers(*bridge, family, direction), {nft_icmp_type_code()}, 2));
            break;
        case NftForm::Other:
            key.push_back(nft_constant(nft_u16(0)));
            key.push_back(nft_constant(nft_u16(0)));
            break;
    }
    return key;
}

std::vector<NftLoad> NftLane::key(NftForm form) const {
    std::vector<NftLoad> key = flow_key(form);
    key.insert(key.begin(), binding());
    return key;
}

NftLoad NftLane::number_in(const std::string& map, NftForm form) const { return nft_from_map(map, key(form), 4); }

NftLoad NftLane::looked_up(const std::string& table, const std::string& map, NftForm form) const {
    return nft_from_map(table, {number_in(map, form), form == NftForm::Tcp ? nft_segment_flags() : nft_constant(nft_u8(0))}, 4);
}

std::uint64_t NftLane::milliseconds(NftIdle idle) const {
    const ConnectionTracking& tracking = port->port->tracking;
    switch (idle) {
        case NftIdle::Seconds30:
            return 30'000;
        case NftIdle::Seconds60:
            return 60'000;
        case NftIdle::Seconds120:
            return 120'000;
        case NftIdle::Seconds600:
            return 600'000;
        case NftIdle::Established:
            return seconds_or(tracking.tcp_established_s, 432'000) * 1000;
        case NftIdle::Udp:
            return seconds_or(tracking.udp_s, 30) * 1000;
        case NftIdle::UdpStream:
            return seconds_or(tracking.udp_stream_s, 180) * 1000;
    }
    return 0;
}

void add_nft_state(NftBuilder& bridge, std::uint32_t flows) {
    add_state_of(bridge, flows, Family::Ipv4);
    add_state_of(bridge, flows, Family::Ipv6);
}

std::vector<NftType> nft_flow_key_types(Family family) {
    return {nft_address_type(family), nft_address_type(family), NftType::Protocol, NftType::Port, NftType::Port};
}

NftSet nft_dynamic_set(std::string name, std::vector<NftType> key, std::uint32_t size) {
    NftSet set{.name = std::move(name), .key = std::move(key)};
    set.is_dynamic = true;
    set.has_timeout = true;
    set.size = size;
    return set;
}

NftLoad nft_segment_flags() { return nft_masked(nft_tcp_flags(), nft_u8(kNftFlagsMask)); }

std::string nft_queries_and_replies(NftBuilder& bridge, Family family) { return type_set(bridge, family, true); }

std::string nft_replies(NftBuilder& bridge, Family family) { return type_set(bridge, family, false); }

}  // namespace portcullis
