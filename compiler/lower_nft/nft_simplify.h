// SPDX-License-Identifier: Apache-2.0
// Makes a lowered table smaller without changing what it does. Lowering writes what is easiest to read and to reuse; the kernel bounds how
// many chains lead into each other (16, gotos included), and each costs it memory.
#pragma once

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// - A chain that only goes on to another one is that one.
// - A chain that is the end of one other chain alone is part of it.
// - What nothing leads to any more is left out.
// Names that end in a digest of the content do so again. Base chains, and chains and sets under names of their own, keep these.
[[nodiscard]] NftTable nft_simplified(NftTable table);

}  // namespace portcullis
