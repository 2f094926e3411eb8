// SPDX-License-Identifier: Apache-2.0
// Which of several rules decides which traffic. Every rule has a rank, and at each point (protocol, port) the lowest rank among the rules
// that match there decides. First match (rank = entry number) and union (any order will do) are both that, and taking the lowest is
// associative: the rules of a nested prefix are laid over the result for the enclosing one. docs/decisions/0001-normal-form.md
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/model.h"
#include "core/ruleset.h"

namespace portcullis {

using Rank = std::uint32_t;
inline constexpr Rank kNoRank = std::numeric_limits<Rank>::max();

struct RankedTraffic {
    Traffic traffic;
    Rank rank = 0;
    bool denies = false;  // what denies some ports denies a fragment whose ports are unknown (docs/semantics.md 9.4)
};

struct RankedRange {
    std::uint8_t protocol = 0;
    std::uint16_t from = 0;
    std::uint16_t to = 0;
    Rank rank = kNoRank;
};

// The deciding rank at every point.
struct RankMap {
    std::vector<RankedRange> ranges;  // sorted; those of one protocol are disjoint; all rank below `any`
    Rank any = kNoRank;               // wherever no range is; kNoRank: nothing decides
    std::array<Rank, 4> unknown_ports = {kNoRank, kNoRank, kNoRank, kNoRank};  // by Portless
};

// The points of one protocol that a traffic description stands for; none where it is every protocol, or matches nothing.
struct PointRange {
    std::uint8_t protocol = 0;
    std::uint16_t from = 0;
    std::uint16_t to = 0;
};
[[nodiscard]] std::optional<PointRange> points_of(const Traffic& traffic);

// Whether it stands for every point of TCP, UDP, ICMP or ICMPv6: what needs no ports.
[[nodiscard]] bool is_for_all_ports(const Traffic& traffic, Portless protocol);

// `base` with more rules laid over it.
[[nodiscard]] RankMap overlay(const RankMap& base, std::span<const RankedTraffic> rules);

// The normal form of a RankMap. decisions[rank] is what the rule of that rank decides.
[[nodiscard]] PortSet decide(const RankMap& map, std::span<const Decision> decisions);

}  // namespace portcullis
