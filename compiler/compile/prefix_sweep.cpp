// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/prefix_sweep.h"

#include <algorithm>
#include <tuple>

namespace portcullis {
namespace {

struct Enclosing {
    Prefix prefix;
    RankMap map;
    std::optional<Index> set;
};

}  // namespace

std::optional<Index> intern_decisions(const RankMap& map, std::span<const Decision> decisions, PortSetPool& pool) {
    PortSet set = decide(map, decisions);
    if (set.ranges.empty() && !set.any) {
        return std::nullopt;
    }
    return pool.intern(std::move(set));
}

ResolvedPrefixes resolve_prefixes(std::vector<RankedPrefix> rules, std::span<const Decision> decisions, PortSetPool& pool) {
    std::ranges::sort(rules, [](const RankedPrefix& a, const RankedPrefix& b) {
        return std::tie(a.prefix, a.rule.rank) < std::tie(b.prefix, b.rule.rank);
    });
    ResolvedPrefixes resolved;
    std::vector<Enclosing> stack;  // each contains the next; at most one per prefix length
    std::vector<RankedTraffic> own;
    for (std::size_t i = 0; i < rules.size();) {
        const Prefix prefix = rules[i].prefix;
        own.clear();
        for (; i < rules.size() && rules[i].prefix == prefix; ++i) {
            own.push_back(rules[i].rule);
        }
        while (!stack.empty() && !stack.back().prefix.contains(prefix)) {
            stack.pop_back();
        }
        RankMap map = overlay(stack.empty() ? RankMap{} : stack.back().map, own);
        const auto set = intern_decisions(map, decisions, pool);
        const auto set_around = stack.empty() ? std::nullopt : stack.back().set;
        if (prefix.length == 0) {
            resolved.default_set[static_cast<std::size_t>(prefix.family())] = set;
        } else if (set != set_around) {
            // What decides around a prefix decides, as the same or a lower rank, inside it: a set there implies one here.
            resolved.cidrs.emplace_back(prefix, *set);
        }
        stack.push_back({.prefix = prefix, .map = std::move(map), .set = set});
    }
    return resolved;
}

}  // namespace portcullis
