// SPDX-License-Identifier: Apache-2.0
// The kernel's numbers of what expressions say, and the way back; the way back of a number that is none of ours gives nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// NFT_PAYLOAD_*
[[nodiscard]] std::uint32_t number_of(NftHeader header);
[[nodiscard]] std::optional<NftHeader> header_of(std::uint32_t number);

// NFT_META_*
[[nodiscard]] std::uint32_t number_of(NftMeta meta);
[[nodiscard]] std::optional<NftMeta> meta_of(std::uint32_t number);

// NFT_CMP_*
[[nodiscard]] std::uint32_t number_of(NftCompare::Op op);
[[nodiscard]] std::optional<NftCompare::Op> compare_of(std::uint32_t number);

// Verdict codes: NF_ACCEPT, NFT_JUMP and so on. `chain` may be null.
[[nodiscard]] std::uint32_t number_of(NftVerdict::Kind kind);
[[nodiscard]] NftVerdict verdict_of(std::uint32_t number, const char* chain);

}  // namespace portcullis
