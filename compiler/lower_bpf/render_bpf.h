// SPDX-License-Identifier: Apache-2.0
// MapImage -> what the maps hold, entry by entry, for people. What a host's devices and addresses add is not in it.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"
#include "core/ruleset.h"

namespace portcullis {

struct RenderedMap {
    std::string name;                  // "pc_cidrs4"
    std::vector<std::string> entries;  // "policy 1, 10.0.0.0/8 -> port set 3"; texts of documents stand in them as they are
};

// Pre: the image was lowered from the ruleset with these numberings.
[[nodiscard]] std::vector<RenderedMap> render_bpf(const MapImage& image, const Ruleset& ruleset, const Numberings& numberings);

}  // namespace portcullis
