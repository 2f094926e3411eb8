// SPDX-License-Identifier: Apache-2.0
// Answers of api_live.h as JSON text, with the keys that docs/api.md fixes.
#pragma once

#include <string>

#include "tools/daemon/rule_counts.h"

namespace portcullis {

[[nodiscard]] std::string print_rules(const RuleCounts& counts);

}  // namespace portcullis
