// SPDX-License-Identifier: Apache-2.0
// Lowering what came about by a change of which address is whose and in which groups, and of nothing else that the host's rules depend on:
// the dear part, chains and all other sets, is as it was. docs/decisions/0008-nftables-at-scale.md
#pragma once

#include <optional>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

// What to put in the bridge table in place of the sets of the same names, so that what `former` was lowered to becomes what `next` is
// lowered to (lower_nft.h); those that are not there are not asked for and stay out. None: everything is to be lowered. Both hosts are
// whole.
[[nodiscard]] std::optional<std::vector<NftSet>> nft_changed_sets(const NftHost& former, const NftHost& next);

}  // namespace portcullis
