// SPDX-License-Identifier: Apache-2.0
// Counters as the kernel has them: of ports by direction and reason, of rules by label.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "core/dataplane.h"
#include "core/result.h"
#include "fallback/nft_socket.h"

namespace portcullis {

// From the sets that nft_count_set() names, of each of the ports, which are sorted ifindexes.
[[nodiscard]] Result<std::vector<PortCounters>> read_port_counters(NftSocket& socket, const NftImage& image,
                                                                   std::span<const std::uint32_t> ports);

// Counters of elements and rules with the comment "rule LABEL", added up by label; sorted by it. Those that are not zero.
[[nodiscard]] Result<std::vector<RuleHits>> read_rule_hits(NftSocket& socket, const NftImage& image);

}  // namespace portcullis
