// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/fragments.h"

#include "compiler/lower_nft/nft_room.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/routed.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint16_t kIpv6Bytes = 40;

NftLoad offset_field(Family family, std::uint16_t mask) {
    return nft_masked(nft_payload(NftHeader::Network, family == Family::Ipv4 ? std::uint16_t{6} : std::uint16_t{kIpv6Bytes + 2}, 2),
                      nft_u16(mask));
}

std::vector<NftStatement> if_fragment_header(Family family) {
    if (family == Family::Ipv4) {
        return {};
    }
    return {nft_is(nft_payload(NftHeader::Network, 6, 1), nft_u8(kFragmentHeader))};
}

std::vector<NftLoad> key(const NftLane& lane) {
    std::vector<NftLoad> key = {lane.binding(), nft_source(lane.family), nft_destination(lane.family)};
    if (lane.family == Family::Ipv4) {
        key.push_back(nft_payload(NftHeader::Network, 4, 2));
        key.push_back(nft_payload(NftHeader::Network, 9, 1));
    } else {
        key.push_back(nft_payload(NftHeader::Network, kIpv6Bytes + 4, 4));
        key.push_back(nft_payload(NftHeader::Network, kIpv6Bytes, 1));
    }
    if (!lane.is_outbound()) {
        // The entrance: finer than it need be, since the router's is told by the frame.
        key.insert(key.end(), {nft_iif(), nft_ether_source(), nft_masked(nft_meta(NftMeta::Mark), nft_ifindex(kNftEntranceBits))});
    }
    return key;
}

constexpr std::uint64_t kRememberedPerSecond = 17;
constexpr std::uint32_t kRememberedAtOnce = 512;
constexpr std::uint32_t kEpoch = 16;
constexpr std::uint32_t kCounts = 4096;  // then it begins anew: later than any element of the first epoch is gone, but for a flood
constexpr std::uint32_t kEpochBits = ~(kEpoch - 1);

// number -> another one, for every `step`th.
template <class Other>
std::string number_map(NftBuilder& bridge, std::string stem, std::uint32_t step, const Other& other) {
    const std::string key = stem;
    return bridge.once(key, [&] {
        NftSet map{.name = std::move(stem), .kind = NftSet::Kind::DataMap, .key = {NftType::Word}, .data = NftType::Word};
        for (std::uint32_t number = 0; number < kCounts; number += step) {
            map.elements.push_back({.from = nft_u32(number), .to = {}, .verdict = {}, .data = nft_u32(other(number)), .comment = {}});
        }
        return bridge.set(std::move(map));
    });
}

NftLoad count(const NftLane& lane) { return nft_from_map(lane.fragment_count(), {lane.binding()}, 4); }

NftLoad current_epoch(const NftLane& lane) { return nft_masked(count(lane), nft_u32(kEpochBits)); }

NftLoad former_epoch(const NftLane& lane) {
    return nft_from_map(
        number_map(*lane.bridge, "fragment-former", kEpoch, [](std::uint32_t one) { return (one + kCounts - kEpoch) % kCounts; }),
        {current_epoch(lane)}, 4);
}

std::vector<NftLoad> key_in(const NftLane& lane, NftLoad epoch) {
    std::vector<NftLoad> loads = key(lane);
    loads.push_back(std::move(epoch));
    return loads;
}

NftMapUpdate change_count(const NftLane& lane, NftMapUpdate::Op op, NftLoad data) {
    return {.op = op, .key = {lane.binding()}, .map = lane.fragment_count(), .data = std::move(data)};
}

// First fragments are few: all other packets meet one rule.
NftRule if_first_fragment(const NftLane& lane, std::string_view stem, std::vector<NftRule> rules) {
    std::vector<NftStatement> statements = nft_if_first_fragment(lane.family);
    statements.emplace_back(nft_jump(lane.bridge->chain(lane.stem(stem), std::move(rules))));
    return nft_rule(std::move(statements));
}

}  // namespace

std::vector<NftStatement> nft_if_first_fragment(Family family) {
    std::vector<NftStatement> statements = if_fragment_header(family);
    statements.push_back(family == Family::Ipv4 ? nft_is(offset_field(family, 0x3fff), nft_u16(0x2000))
                                                : nft_is(offset_field(family, 0xfff9), nft_u16(1)));
    return statements;
}

std::vector<NftStatement> nft_if_later_fragment(Family family) {
    std::vector<NftStatement> statements = if_fragment_header(family);
    statements.push_back(nft_is_not(offset_field(family, family == Family::Ipv4 ? 0x1fff : 0xfff8), nft_u16(0)));
    return statements;
}

NftRule nft_remember_fragment(const NftLane& lane) {
    const std::string next = number_map(*lane.bridge, "fragment-next", 1, [](std::uint32_t one) { return (one + 1) % kCounts; });
    // So many of a port at once, and in thirty seconds twice as many: what floods leave is bounded.
    const NftLimit limit{.packets = kRememberedPerSecond, .burst = kRememberedAtOnce, .is_over = true};
    const std::string name = lane.is_outbound() ? "remember-out" : "remember-in";
    // Named after the port, not by its content, which is that of all ports: the limit is its own.
    NftChain chain{.name = nft_name_of_binding(lane, name), .hook = {}, .rules = {}};
    chain.rules = {nft_rule({limit, nft_return()}), nft_rule({change_count(lane, NftMapUpdate::Op::Add, nft_constant(nft_u32(0)))}),
                   nft_rule({change_count(lane, NftMapUpdate::Op::Replace, nft_from_map(next, {count(lane)}, 4)),
                             NftUpdate{.key = key_in(lane, current_epoch(lane)), .set = lane.fragments()}})};
    const std::string own = chain.name;
    lane.bridge->add_chain(std::move(chain));
    return if_first_fragment(lane, "remember", {nft_to_port(lane, name, own)});
}

NftRule nft_forget_fragment(const NftLane& lane) {
    std::vector<NftRule> rules;
    for (const NftLoad& epoch : {current_epoch(lane), former_epoch(lane)}) {
        rules.push_back(nft_rule({NftUpdate{.op = NftUpdate::Op::Delete, .key = key_in(lane, epoch), .set = lane.fragments()}}));
    }
    return if_first_fragment(lane, "forget", std::move(rules));
}

std::vector<NftRule> nft_if_remembered(const NftLane& lane, const NftVerdict& verdict) {
    return {nft_rule({nft_in(key_in(lane, current_epoch(lane)), lane.fragments()), verdict}),
            nft_rule({nft_in(key_in(lane, former_epoch(lane)), lane.fragments()), verdict})};
}

}  // namespace portcullis
