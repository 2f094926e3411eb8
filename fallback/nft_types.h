// SPDX-License-Identifier: Apache-2.0
// How the kernel's sets say of what type their keys are: numbers of the nft program's, opaque to the kernel, six bits to each field. Ours
// that nft does not have borrow a number of the same size, so that `nft list` can print the table. Written and never read: nft_userdata.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

[[nodiscard]] std::uint32_t type_number(NftType type);
[[nodiscard]] std::uint32_t key_number(const std::vector<NftType>& key);

// Bytes of the key, each field padded.
[[nodiscard]] std::uint32_t key_bytes(const std::vector<NftType>& key);
[[nodiscard]] constexpr std::uint32_t padded(std::uint32_t bytes) { return (bytes + 3) / 4 * 4; }

// The bytes as one number in network order, plus one; nothing where there is no greater one.
[[nodiscard]] std::optional<NftBytes> after(NftBytes bytes);
[[nodiscard]] NftBytes before(NftBytes bytes);

}  // namespace portcullis
