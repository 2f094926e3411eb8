// SPDX-License-Identifier: Apache-2.0
// What documents may ask of a port and the nftables back end does not do (docs/nftables.md, "Choice"): told per port, never left out
// silently. No verdict is among it.
#pragma once

#include <span>
#include <vector>

#include "core/dataplane.h"
#include "core/ruleset.h"

namespace portcullis {

[[nodiscard]] std::vector<Unenforced> nft_unenforced(const Ruleset& ruleset, std::span<const DeviceBinding> devices);

}  // namespace portcullis
