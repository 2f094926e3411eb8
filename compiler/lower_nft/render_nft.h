// SPDX-License-Identifier: Apache-2.0
// NftImage -> text in nft's own language, as `nft -f -` takes it (nft 1.0.6 and later). For people, who want to read what would be
// enforced, and for tests: the daemon never calls nft.
//
// What the language cannot say stands in the text as a line "# no words for: …" in its place. Named fields of IP and ARP bring along
// nft's own check of the protocol, which is written out where the rule has none.
#pragma once

#include <string>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

[[nodiscard]] std::string render_nft(const NftImage& image);

}  // namespace portcullis
