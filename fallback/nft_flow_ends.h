// SPDX-License-Identifier: Apache-2.0
// Ends what does not outlive a change of the ruleset: asks compiler/lower_nft/nft_ends.h about each element that packets left in dynamic
// maps, and deletes those that are over.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "compiler/lower_nft/nft_ends.h"
#include "compiler/lower_nft/nft_image.h"
#include "core/result.h"
#include "fallback/nft_writer.h"

namespace portcullis {

// What becomes of one element: it goes, or `fresh` takes its place.
struct NftEnding {
    const NftSet* set = nullptr;
    NftElement gone;
    std::optional<NftElement> fresh;
};

// In transactions of some elements each; one that fails is written in halves, down to the element that packets took away meanwhile, which
// is passed over. So what comes and goes keeps nothing else from ending. Pieces do no harm: the ruleset is in force before them, each
// element's fate is decided by itself alone, and ending or marking a flow twice is the same as once. Returns how many were written.
[[nodiscard]] Result<std::size_t> end_in_pieces(NftWriter& writer, NftFamily family, std::span<const NftEnding> endings);

// Right behind the change: what packets still opened by the former rules is seen too. `image` is in force, and normal. Returns how many
// elements ended or became others.
[[nodiscard]] Result<std::size_t> end_flows(NftWriter& writer, const NftImage& image, const NftEnds& ends);

}  // namespace portcullis
