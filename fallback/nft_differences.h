// SPDX-License-Identifier: Apache-2.0
// How what nf_tables holds differs from what it should hold, in sentences. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// Both normal (nft_diff.h). At most `most` sentences.
[[nodiscard]] std::vector<std::string> describe_differences(const NftImage& had, const NftImage& wanted, std::size_t most);

}  // namespace portcullis
