// SPDX-License-Identifier: Apache-2.0
// What this kernel offers to the BPF back end, found out by trying: a scratch program that must pass and drop a packet, scratch maps, a
// query of the hook. Leaves nothing behind. `status` prints it, and the choice of a back end rests on is_usable().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace portcullis {

struct Capability {
    std::string name;  // "tcx"
    bool is_present = false;
    bool is_needed = false;  // without it the BPF back end cannot run at all
    std::string reason;      // why not; empty when present
};

struct Capabilities {
    std::vector<Capability> list;
    // Whether everything needed is there; the error names the first that is not.
    [[nodiscard]] Result<> check_usable() const;
    [[nodiscard]] bool is_usable() const { return check_usable().has_value(); }
    [[nodiscard]] bool has(std::string_view name) const;
};

[[nodiscard]] Capabilities probe_capabilities();

}  // namespace portcullis
