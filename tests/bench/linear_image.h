// SPDX-License-Identifier: Apache-2.0
// The same groups written as rules one behind the other, as programs do that render each permission by itself: in the bridge's forward
// chain a jump for each port and direction, in the chain of a port one rule for each rule of its groups, in the order of the documents. A
// group that a rule refers to is a set of addresses. Established flows are known by a set of the packets' own that is asked first.
//
// It is what B6 compares with, and no more than it needs: stages 1 to 6 and 8 of docs/semantics.md are not there, and packets that are not
// of TCP or UDP are dropped.
#pragma once

#include <memory>

#include "compiler/lower_nft/nft_image.h"
#include "core/model.h"
#include "tests/bench/scale_host.h"

namespace portcullis::bench {

inline constexpr const char* kLinearTable = "linear";

// Normal (fallback/nft_diff.h).
[[nodiscard]] std::shared_ptr<const NftImage> linear_image(const Model& model, const ScaleHost& host);

}  // namespace portcullis::bench
