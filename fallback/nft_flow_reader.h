// SPDX-License-Identifier: Apache-2.0
// Flows out of the dynamic maps that packets fill, by port, and the end of some of them.
#pragma once

#include <cstdint>

#include "compiler/lower_nft/nft_flow_list.h"
#include "compiler/lower_nft/nft_image.h"
#include "core/flow.h"
#include "core/result.h"
#include "fallback/nft_writer.h"

namespace portcullis {

// `from`: number of the port. A page holds whole ports, and ends behind the one that fills it.
[[nodiscard]] Result<FlowPage> read_flows(NftSocket& socket, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                                          std::uint64_t from);
// A page of ports at a time, each in one transaction.
[[nodiscard]] Result<FlowsEnded> cut_flows(NftWriter& writer, const NftImage& image, const NftFlowList& list, const FlowFilter& filter,
                                           std::uint64_t from);

}  // namespace portcullis
