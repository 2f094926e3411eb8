// SPDX-License-Identifier: Apache-2.0
// Ends what does not outlive a change of the ruleset: asks compiler/nft_ends.h about each element that packets left in dynamic maps, and
// deletes those that are over.
#pragma once

#include <cstddef>

#include "compiler/nft_ends.h"
#include "compiler/nft_image.h"
#include "core/result.h"
#include "fallback/nft_writer.h"

namespace portcullis {

// Right behind the change: what packets still opened by the former rules is seen too. `image` is in force, and normal. Returns how many
// elements ended or became others.
[[nodiscard]] Result<std::size_t> end_flows(NftWriter& writer, const NftImage& image, const NftEnds& ends);

}  // namespace portcullis
