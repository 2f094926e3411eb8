// SPDX-License-Identifier: Apache-2.0
// Answers of api_live.h as JSON text, with the keys that docs/api.md fixes.
#pragma once

#include <string>
#include <vector>

#include "core/flow.h"
#include "tools/daemon/bindings.h"
#include "tools/daemon/rule_counts.h"

namespace portcullis {

[[nodiscard]] std::string print_rules(const RuleCounts& counts);
// `lines`: by which ports are named.
[[nodiscard]] std::string print_flows(const FlowPage& page, const std::vector<PortLine>& lines);
[[nodiscard]] std::string print_differences(const std::vector<std::string>& differences);
[[nodiscard]] std::string print_flows_ended(const FlowsEnded& ended);

}  // namespace portcullis
