// SPDX-License-Identifier: Apache-2.0
// The expressions of a rule as statements: follows what is loaded into which register, until something is done with it.
#pragma once

#include <optional>
#include <vector>

#include "fallback/nft_decode.h"

namespace portcullis {

// Nothing: we would not have written that.
[[nodiscard]] std::optional<std::vector<NftStatement>> decode_expressions(nftnl_rule& rule, const NftDataBytes& data_bytes);

}  // namespace portcullis
