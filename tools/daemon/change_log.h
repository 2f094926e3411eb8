// SPDX-License-Identifier: Apache-2.0
// One log line per change of the model, whoever asked for it, and one per finding.
#pragma once

#include <string_view>

#include "tools/daemon/controller.h"

namespace portcullis {

// `origin`: "uid 0 pid 4711", "/etc/portcullis/model".
void log_change(std::string_view origin, const ChangeOutcome& outcome);

}  // namespace portcullis
