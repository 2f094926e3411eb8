// SPDX-License-Identifier: Apache-2.0
// A difference as the messages of one transaction, in the order that the kernel asks for: nothing goes that is still named, nothing is
// named that is not there.
#pragma once

#include <cstdint>
#include <vector>

#include "fallback/nft_batch.h"
#include "fallback/nft_diff.h"

namespace portcullis {

void encode_diff(NftBatch& batch, const NftTableDiff& diff, std::uint32_t table_flags);

}  // namespace portcullis
