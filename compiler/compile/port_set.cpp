// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/port_set.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace portcullis {
namespace {

constexpr std::int16_t kIcmp = 1;
constexpr std::int16_t kTcp = 6;
constexpr std::int16_t kUdp = 17;
constexpr std::int16_t kIcmpv6 = 58;
constexpr std::int16_t kHighestProtocol = 255;

std::optional<PointRange> icmp_points(const Traffic& traffic) {
    const auto protocol = static_cast<std::uint8_t>(traffic.protocol);
    if (traffic.icmp_type == Traffic::kAnyIcmp) {
        if (traffic.icmp_code != Traffic::kAnyIcmp) {
            return std::nullopt;  // a code of any type matches nothing
        }
        return PointRange{.protocol = protocol, .from = 0, .to = 65535};
    }
    if (traffic.icmp_type < 0 || traffic.icmp_type > 255 || traffic.icmp_code < -1 || traffic.icmp_code > 255) {
        return std::nullopt;
    }
    const int type = traffic.icmp_type << 8;
    const bool is_any_code = traffic.icmp_code == Traffic::kAnyIcmp;
    return PointRange{.protocol = protocol,
                      .from = static_cast<std::uint16_t>(type | (is_any_code ? 0 : traffic.icmp_code)),
                      .to = static_cast<std::uint16_t>(type | (is_any_code ? 255 : traffic.icmp_code))};
}

// Appends [from, to], joined to its neighbour where both have the same rank.
void append(std::vector<RankedRange>& ranges, const RankedRange& range) {
    if (!ranges.empty()) {
        RankedRange& last = ranges.back();
        if (last.protocol == range.protocol && last.rank == range.rank && last.to + 1 == range.from) {
            last.to = range.to;
            return;
        }
    }
    ranges.push_back(range);
}

struct HigherRank {
    bool operator()(const RankedRange& a, const RankedRange& b) const { return a.rank > b.rank; }
};

// Overlapping ranges of one protocol, sorted by `from` -> disjoint ones, each with the lowest rank there. Appends to `flat`.
void flatten(std::span<const RankedRange> ranges, std::vector<RankedRange>& flat) {
    std::priority_queue<RankedRange, std::vector<RankedRange>, HigherRank> open;
    std::size_t next = 0;
    std::uint32_t position = 0;
    while (next < ranges.size() || !open.empty()) {
        if (open.empty()) {
            position = ranges[next].from;
        }
        while (next < ranges.size() && ranges[next].from <= position) {
            open.push(ranges[next++]);
        }
        const RankedRange best = open.top();
        if (best.to < position) {
            open.pop();
            continue;
        }
        const std::uint32_t next_from = next < ranges.size() ? ranges[next].from : 65536u;
        const std::uint32_t end = std::min<std::uint32_t>(best.to, next_from - 1);
        append(flat, {.protocol = best.protocol,
                      .from = static_cast<std::uint16_t>(position),
                      .to = static_cast<std::uint16_t>(end),
                      .rank = best.rank});
        position = end + 1;
    }
}

// By Portless.
constexpr std::array<std::int16_t, 4> kPortless = {kTcp, kUdp, kIcmp, kIcmpv6};

void rank_unknown_ports(const RankedTraffic& rule, RankMap& map) {
    for (std::size_t i = 0; i < kPortless.size(); ++i) {
        const bool denies_some = rule.denies && rule.traffic.protocol == kPortless[i] && points_of(rule.traffic).has_value();
        if (denies_some || is_for_all_ports(rule.traffic, static_cast<Portless>(i))) {
            map.unknown_ports[i] = std::min(map.unknown_ports[i], rule.rank);
        }
    }
}

}  // namespace

std::optional<PointRange> points_of(const Traffic& traffic) {
    switch (traffic.protocol) {
        case kIcmp:
        case kIcmpv6:
            return icmp_points(traffic);
        case kTcp:
        case kUdp:
            if (traffic.from_port > traffic.to_port) {
                return std::nullopt;
            }
            return PointRange{.protocol = static_cast<std::uint8_t>(traffic.protocol), .from = traffic.from_port, .to = traffic.to_port};
        default:
            if (traffic.protocol < 0 || traffic.protocol > kHighestProtocol) {
                return std::nullopt;
            }
            return PointRange{.protocol = static_cast<std::uint8_t>(traffic.protocol), .from = 0, .to = 0};
    }
}

bool is_for_all_ports(const Traffic& traffic, Portless protocol) {
    if (traffic.protocol == Traffic::kAnyProtocol) {
        return true;
    }
    const auto points = points_of(traffic);
    return points && points->protocol == kPortless[static_cast<std::size_t>(protocol)] && points->from == 0 && points->to == 65535;
}

RankMap overlay(const RankMap& base, std::span<const RankedTraffic> rules) {
    RankMap result{.ranges = {}, .any = base.any, .unknown_ports = base.unknown_ports};
    std::vector<RankedRange> candidates = base.ranges;
    for (const RankedTraffic& rule : rules) {
        const auto& [traffic, rank, denies] = rule;
        rank_unknown_ports(rule, result);
        if (traffic.protocol == Traffic::kAnyProtocol) {
            result.any = std::min(result.any, rank);
        } else if (const auto points = points_of(traffic)) {
            candidates.push_back({.protocol = points->protocol, .from = points->from, .to = points->to, .rank = rank});
        }
    }
    std::erase_if(candidates, [&](const RankedRange& range) { return range.rank >= result.any; });
    std::ranges::sort(candidates, {}, [](const RankedRange& range) { return std::tuple(range.protocol, range.from); });
    for (auto begin = candidates.begin(); begin != candidates.end();) {
        const auto end = std::find_if(begin, candidates.end(), [&](const RankedRange& range) { return range.protocol != begin->protocol; });
        flatten({begin, end}, result.ranges);
        begin = end;
    }
    return result;
}

PortSet decide(const RankMap& map, std::span<const Decision> decisions) {
    PortSet set;
    if (map.any != kNoRank) {
        set.any = decisions[map.any];
    }
    for (std::size_t i = 0; i < map.unknown_ports.size(); ++i) {
        if (map.unknown_ports[i] != kNoRank) {
            set.unknown_ports[i] = decisions[map.unknown_ports[i]];
        }
    }
    for (const RankedRange& range : map.ranges) {
        const Decision decision = decisions[range.rank];
        if (decision == set.any) {
            continue;
        }
        PortRange* const last = set.ranges.empty() ? nullptr : &set.ranges.back();
        if (last != nullptr && last->protocol == range.protocol && last->decision == decision && last->to + 1 == range.from) {
            last->to = range.to;
        } else {
            set.ranges.push_back({.protocol = range.protocol, .from = range.from, .to = range.to, .decision = decision});
        }
    }
    return set;
}

}  // namespace portcullis
