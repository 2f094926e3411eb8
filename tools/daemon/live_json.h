// SPDX-License-Identifier: Apache-2.0
// Answers of api_live.h as JSON text, with the keys that docs/api.md fixes.
#pragma once

#include <string>
#include <vector>

#include "core/flow.h"
#include "tools/daemon/bindings.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/rule_counts.h"

namespace portcullis {

[[nodiscard]] std::string print_rules(const RuleCounts& counts);
// `lines`: by which ports are named.
[[nodiscard]] std::string print_flows(const FlowPage& page, const std::vector<PortLine>& lines);
// What explain_json() gives, with "Agrees", "Programs", "Gates" and "Closed" besides.
[[nodiscard]] std::string print_live_answer(const LiveAnswer& answer);
[[nodiscard]] std::string print_verified(const VerifiedRun& run);
[[nodiscard]] std::string print_flows_ended(const FlowsEnded& ended);

}  // namespace portcullis
