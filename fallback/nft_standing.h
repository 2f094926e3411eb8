// SPDX-License-Identifier: Apache-2.0
// What of ours stands in nf_tables of this namespace, whoever put it there: told by the names of tables and of base chains at devices.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/result.h"

namespace portcullis {

// Holds devices closed from the moment they are given until the ruleset with them is in force, or for as long as it cannot be.
inline constexpr std::string_view kNftClosedTable = "portcullis-closed";

// Whether tables of ours are there.
[[nodiscard]] Result<bool> nft_stands();

// Ports that they guard, by ifindex: those with a base chain "ingress-IFINDEX".
[[nodiscard]] Result<std::set<std::uint32_t>> nft_guarded_devices();

// The same, of chains that were read or lowered.
[[nodiscard]] std::set<std::uint32_t> guarded_by(const std::vector<NftChain>& netdev_chains);
[[nodiscard]] std::set<std::uint32_t> guarded_by(const NftImage& image);

}  // namespace portcullis
