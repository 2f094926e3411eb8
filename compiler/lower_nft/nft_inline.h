// SPDX-License-Identifier: Apache-2.0
// Small sets of a lowered image written out as comparisons. A set costs the kernel a kilobyte, and every object that is added a walk over
// all the sets of its table: what a rule can say itself is no set.
//
// The verdicts stay what they are: a load that breaks ends the comparison as it ends the look-up. Sets that packets change, that count,
// that are named after something of the model (their elements are to change one by one), and keys that are themselves looked up stay sets.
#pragma once

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// Names of chains and of the sets that stay are unchanged; sets that nothing names any more are gone.
void inline_small_sets(NftImage& image);

}  // namespace portcullis
