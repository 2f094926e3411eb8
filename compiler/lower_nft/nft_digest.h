// SPDX-License-Identifier: Apache-2.0
// A digest of what nf_tables objects contain, for their names: 64 bits in hexadecimal. Equal content, equal digest; not a secure hash.
#pragma once

#include <string>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// Names are left out.
[[nodiscard]] std::string nft_digest(const NftChain& chain);
[[nodiscard]] std::string nft_digest(const NftSet& set);

}  // namespace portcullis
