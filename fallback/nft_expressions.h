// SPDX-License-Identifier: Apache-2.0
// Statements of a rule as the kernel's expressions. Each statement is whole in itself: its fields are loaded into the registers from
// NFT_REG32_00 on, one behind the other as keys have them, and what comes next begins there again. nft_decode.h is the way back.
#pragma once

#include "compiler/lower_nft/nft_image.h"

struct nftnl_expr;
struct nftnl_rule;

namespace portcullis {

void add_expressions(nftnl_rule* rule, const NftStatement& statement);

// A counter at zero, as elements and sets have them.
[[nodiscard]] nftnl_expr* counter_expression();

// Kernel's burst of a limit for which none is said.
inline constexpr std::uint32_t kDefaultBurst = 5;

}  // namespace portcullis
