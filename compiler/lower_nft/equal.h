// SPDX-License-Identifier: Apache-2.0
// Comparisons of two fields of one packet. The kernel's expressions compare with constants alone, but a set can hold all the pairs of bytes
// that stand to each other as they should; wider fields are compared byte by byte. Stateless and exact.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {

// Conditions that hold if the fields, of packets and of one length, are equal.
[[nodiscard]] NftConditions nft_equal(NftBuilder& builder, const NftLoad& a, const NftLoad& b);

// Alternatives, likeliest first, of which one holds if a + offset <= b, for fields of 2 bytes. Pre: offset < 256.
[[nodiscard]] std::vector<NftConditions> nft_sum_fits(NftBuilder& builder, const NftLoad& a, std::uint16_t offset, const NftLoad& b);

}  // namespace portcullis
