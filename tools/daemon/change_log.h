// SPDX-License-Identifier: Apache-2.0
// One log line per change of the model or of a port, whoever asked for it, and one per finding.
#pragma once

#include <string>
#include <string_view>

#include "tools/daemon/controller.h"
#include "tools/daemon/http.h"

namespace portcullis {

// `origin`: "uid 0 pid 4711", "/etc/portcullis/model".
void log_change(std::string_view origin, const ChangeOutcome& outcome);
// What somebody did in an incident: "ended 12 flows (…)".
void log_action(const Peer& peer, std::string_view action);

// "uid 0 pid 4711".
[[nodiscard]] std::string origin_of(const Peer& peer);

}  // namespace portcullis
