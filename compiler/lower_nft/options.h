// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 3.1.3: options of IPv4 headers. Called by lower_nft/sanity.cpp alone.
#pragma once

#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/transport.h"

namespace portcullis {

// Rules that end a packet whose options are not admitted, for packets with a header of more than 20 bytes that the kernel found whole.
// Admitted are up to three fillers (1) in front of at most one other option, and up to three bytes of end (0) or filler behind it.
[[nodiscard]] std::vector<NftRule> nft_options(const NftSanity& sanity);

}  // namespace portcullis
