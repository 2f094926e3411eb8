// SPDX-License-Identifier: Apache-2.0
// What this kernel offers to the nftables back end, found out by trying: for each kind of set, expression and hook that lowering uses, a
// scratch table with one of it, which is read back and removed. Leaves nothing behind. `status` prints it, and the choice of a back end
// rests on it.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace portcullis {

struct NftCapability {
    std::string name;  // "sets of ranges of several fields"
    bool is_present = false;
    bool is_needed = false;  // without it the nftables back end cannot run at all
    std::string reason;      // why not; empty when present
};

[[nodiscard]] std::vector<NftCapability> probe_nft();

// Whether everything needed is there; the error names the first that is not.
[[nodiscard]] Result<> check_usable(const std::vector<NftCapability>& capabilities);

}  // namespace portcullis
