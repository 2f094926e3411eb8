// SPDX-License-Identifier: Apache-2.0
// Which sets and chains a rule names.
#pragma once

#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// Sets and maps, those inside keys included; some perhaps twice. Views into the rule.
[[nodiscard]] std::vector<std::string_view> sets_of(const NftRule& rule);
// Chains that it jumps or goes to by itself, not by a map. Views into the rule.
[[nodiscard]] std::vector<std::string_view> chains_of(const NftRule& rule);

}  // namespace portcullis
