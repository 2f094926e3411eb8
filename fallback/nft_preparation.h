// SPDX-License-Identifier: Apache-2.0
// What a change brings and nothing leads to yet. Rules are those of the generation in which the kernel began with a packet, while elements
// of sets are those of the moment of each look-up (nft_do_chain and nft_set_pktinfo, Linux 5.10 to 6.18). So a packet that is on its way
// when a transaction takes effect may be led by a new element to a chain that is new with it, which is empty in the packet's generation: it
// would come back from there unjudged. Chains that are there before, in a transaction of their own, have their rules in both.
#pragma once

#include <optional>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// `had` with the sets and the chains without a hook that `wanted` has besides. Both normal, and so is this. None: there is nothing besides,
// or it cannot be there before the change, since one of the sets that it may name is of another type until then.
[[nodiscard]] std::optional<NftImage> nft_prepared(const NftImage& had, const NftImage& wanted);

}  // namespace portcullis
