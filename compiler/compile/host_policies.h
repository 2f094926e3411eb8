// SPDX-License-Identifier: Apache-2.0
// Host policies in normal form (docs/semantics.md 13): the same for every port.
#pragma once

#include <vector>

#include "core/model.h"

namespace portcullis {

// As Ruleset::deny_cidrs: of the ranges that hold an address, the longest one says whether it is denied to new flows only. Ranges inside
// one that is not NewOnly are not either, and so are left out, as is every range that says what the one around it says.
[[nodiscard]] std::vector<DenyCidr> normalised(std::vector<DenyCidr> ranges);

[[nodiscard]] std::vector<HostService> normalised(std::vector<HostService> services);

}  // namespace portcullis
