// SPDX-License-Identifier: Apache-2.0
// Ruleset -> what nf_tables is to hold (compiler/lower_nft/nft_image.h) so that the verdicts are those of docs/semantics.md, or stricter
// where docs/nftables.md says so.
#pragma once

#include <span>
#include <string_view>

#include "compiler/lower_nft/nft_bindings.h"
#include "compiler/lower_nft/nft_image.h"
#include "core/dataplane.h"
#include "core/host_facts.h"
#include "core/ruleset.h"

namespace portcullis {

// Names of our tables, one of each family; other tools' tables are not touched.
inline constexpr std::string_view kNftTable = "portcullis";

// Pre: every Bound device's port is one of the ruleset's; `bindings` are of the same.
[[nodiscard]] NftImage lower_nft(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts,
                                 const NftBindings& bindings);

}  // namespace portcullis
