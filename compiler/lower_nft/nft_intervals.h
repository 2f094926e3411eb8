// SPDX-License-Identifier: Apache-2.0
// From prefixes, of which the longest decides, to disjoint intervals of addresses as interval sets and maps hold them.
#pragma once

#include <utility>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/address.h"
#include "core/ruleset.h"

namespace portcullis {

struct NftInterval {
    NftBytes from, to;  // inclusive
    Index value = 0;
};

// What is in no prefix has no interval; neighbours with the same value are one. Pre: sorted by prefix, at most one of a prefix, all of one
// family.
[[nodiscard]] std::vector<NftInterval> nft_intervals(const std::vector<std::pair<Prefix, Index>>& prefixes);

// The addresses that any of the prefixes of that family holds, as elements of an interval set. Prefixes in any order.
[[nodiscard]] std::vector<NftElement> nft_covered(const std::vector<Prefix>& prefixes, Family family);

[[nodiscard]] NftElement nft_element(const NftInterval& interval);

// An interval set of addresses.
[[nodiscard]] NftSet nft_interval_set(std::string name, Family family, std::vector<NftElement> elements);

}  // namespace portcullis
