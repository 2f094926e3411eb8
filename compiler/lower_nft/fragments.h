// SPDX-License-Identifier: Apache-2.0
// Section 9 as nftables rules: which packet is a fragment of which kind, and the memory of first ones.
//
// A set in which the last 32 are cannot be had: nothing finds the oldest. So first fragments are counted, sixteen are one epoch, the epoch
// is a part of their key, and those of the current and the former epoch are remembered: the last 16 to 32.
#pragma once

#include <vector>

#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {

// The rule goes on for a first fragment, for a later one. Pre: the packet is sane.
[[nodiscard]] std::vector<NftStatement> nft_if_first_fragment(Family family);
[[nodiscard]] std::vector<NftStatement> nft_if_later_fragment(Family family);

// Of any packet that is sane, in which it looks for a first fragment; the rule ends nothing.
[[nodiscard]] NftRule nft_remember_fragment(const NftLane& lane);
[[nodiscard]] NftRule nft_forget_fragment(const NftLane& lane);
// Of a later fragment: ends with the verdict if its first one is remembered.
[[nodiscard]] std::vector<NftRule> nft_if_remembered(const NftLane& lane, const NftVerdict& verdict);

}  // namespace portcullis
