// SPDX-License-Identifier: Apache-2.0
// From rules with prefixes to one port set per prefix, such that a longest-prefix match alone finds what decides: the set of a prefix
// holds whatever the prefixes around it contribute. Sorting and one pass with a stack of the enclosing prefixes: O(n log n) apart from
// the size of the sets themselves.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/compile/pool.h"
#include "compiler/compile/port_set.h"

namespace portcullis {

struct RankedPrefix {
    Prefix prefix;
    RankedTraffic rule;
};

struct ResolvedPrefixes {
    std::vector<std::pair<Prefix, Index>> cidrs;  // as Policy::cidrs
    std::array<std::optional<Index>, 2> default_set;
};

// A prefix whose set is that of the nearest one around it is left out. decisions[rank] is what the rule of that rank decides.
[[nodiscard]] ResolvedPrefixes resolve_prefixes(std::vector<RankedPrefix> rules, std::span<const Decision> decisions, PortSetPool& pool);

// The port set of a RankMap; none where nothing decides.
[[nodiscard]] std::optional<Index> intern_decisions(const RankMap& map, std::span<const Decision> decisions, PortSetPool& pool);

}  // namespace portcullis
