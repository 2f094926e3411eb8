// SPDX-License-Identifier: Apache-2.0
// The order in which rules are written. Kernels before 6.10 follow every jump when it is added, to see that it leads nowhere back, through
// all that is there by then: with callers first there is nothing there yet, and a large image costs no more than its size.
#pragma once

#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// `chains`, of `table`, so that each comes before those that it leads to, by rules or by verdict maps.
[[nodiscard]] std::vector<const NftChain*> callers_first(const NftTable& table, std::vector<const NftChain*> chains);

}  // namespace portcullis
