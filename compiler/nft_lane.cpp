// SPDX-License-Identifier: Apache-2.0
#include "compiler/nft_lane.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compiler/nft_words.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kServiceFlows = 1024;                // 5.3
constexpr std::uint32_t kFragments = 1024;                   // those whose epoch is over stay until their time is
constexpr std::uint32_t kFragmentCounts = kNftRoomOnDemand;  // one number; those that were replaced count until the kernel collects them
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

NftSet dynamic_set(std::string name, std::vector<NftType> key, std::uint32_t size) {
    NftSet set{.name = std::move(name), .key = std::move(key)};
    set.is_dynamic = true;
    set.has_timeout = true;
    set.size = size;
    return set;
}

std::vector<NftType> flow_key_types(Family family) {
    return {nft_address_type(family), nft_address_type(family), NftType::Protocol, NftType::Port, NftType::Port};
}

// Buckets for all elements of a size are there from the beginning: half a mebibyte and more for a port's flows. The size that a set has
// without naming one costs what is in it, so it stands for the default of quotas, which is one more, and for less where others bound it.
std::uint32_t room_for(std::uint32_t elements) { return elements == kNftRoomOnDemand + 1 ? kNftRoomOnDemand : elements; }
std::uint32_t room_beyond(std::uint32_t elements) { return std::max(elements, kNftRoomOnDemand); }

void add_flow_map(NftBuilder& bridge, const std::string& name, Family family, std::uint32_t size) {
    NftSet map = dynamic_set(name, flow_key_types(family), size);
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

void add_state_of(NftBuilder& bridge, const NftPort& port, Family family) {
    NftLane lane{.bridge = &bridge, .port = &port, .direction = Direction::Outbound, .family = family};
    const Port& own = *port.port;
    add_flow_map(bridge, lane.answered(), family, room_for(own.flows));
    // Quotas are those of the sets by side and of services.
    add_flow_map(bridge, lane.half_open(), family, room_beyond(2 * own.half_open + kServiceFlows));
    add_flow_map(bridge, lane.renewals(), family, own.half_open);
    for (const Direction side : {Direction::Outbound, Direction::Inbound}) {
        bridge.add_set(dynamic_set(lane.quota_of(side), flow_key_types(family), own.half_open));
        lane.direction = side;
        NftSet fragments = dynamic_set(lane.fragments(), fragment_key_types(family, side), kFragments);
        fragments.timeout_ms = kFragmentMilliseconds;
        bridge.add_set(std::move(fragments));
    }
    const NftType address = nft_address_type(family);
    bridge.add_set(dynamic_set(lane.ends(), {address, address}, room_for(own.flows)));
    NftSet count = dynamic_set(lane.fragment_count(), {NftType::Byte}, kFragmentCounts);
    count.kind = NftSet::Kind::DataMap;
    count.data = NftType::Word;
    count.timeout_ms = kFragmentCountMilliseconds;
    bridge.add_set(std::move(count));
    bridge.add_set(dynamic_set(lane.service_quota(), flow_key_types(family), kServiceFlows));
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

std::string nft_state_set(std::string_view word, Family family, std::uint32_t ifindex) {
    return std::string(word) + (family == Family::Ipv4 ? "4-" : "6-") + std::to_string(ifindex);
}

}  // namespace

std::string NftLane::stem(std::string_view word) const {
    return std::string(word) + (is_outbound() ? "-out" : "-in") + (family == Family::Ipv4 ? "4" : "6");
}

std::string NftLane::set(std::string_view word) const { return nft_state_set(word, family, port->ifindex()); }

std::vector<std::string> nft_flow_maps(std::uint32_t ifindex) {
    std::vector<std::string> maps;
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        for (const std::string_view word : {"flows", "half"}) {
            maps.push_back(nft_state_set(word, family, ifindex));
        }
    }
    return maps;
}

std::vector<NftLoad> NftLane::key(NftForm form) const {
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

void add_nft_state(NftBuilder& bridge, const NftPort& port) {
    add_state_of(bridge, port, Family::Ipv4);
    add_state_of(bridge, port, Family::Ipv6);
}

NftLoad nft_segment_flags() { return nft_masked(nft_tcp_flags(), nft_u8(kNftFlagsMask)); }

std::string nft_queries_and_replies(NftBuilder& bridge, Family family) { return type_set(bridge, family, true); }

std::string nft_replies(NftBuilder& bridge, Family family) { return type_set(bridge, family, false); }

}  // namespace portcullis
