// SPDX-License-Identifier: Apache-2.0
// Rules as lines of nft's language.
#pragma once

#include <string>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/render_nft_fields.h"

namespace portcullis {

// One line, without its end; where the language cannot say the rule, a comment.
[[nodiscard]] std::string render_rule(const NftRule& rule, NftContext context, const NftTypes& types);
[[nodiscard]] std::string render_verdict(const NftVerdict& verdict);

}  // namespace portcullis
