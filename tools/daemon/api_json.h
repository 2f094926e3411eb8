// SPDX-License-Identifier: Apache-2.0
// Answers of the API as JSON text, with the keys that docs/api.md fixes.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/event.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/http.h"
#include "tools/daemon/source_status.h"

namespace portcullis {

[[nodiscard]] std::string print_status(const ControllerStatus& status, const SourceStatus& source);
// An array of events, oldest first.
[[nodiscard]] std::string print_events(const std::deque<Event>& events);
// {"Errors": [{"File", "Pointer", "Message"}]}; warnings are left out.
[[nodiscard]] std::string print_errors(const std::vector<Finding>& findings);
[[nodiscard]] std::string print_error(const std::string& message);
[[nodiscard]] HttpResponse error_response(unsigned status, const std::string& message);
// {"Generation": n, "Warnings": […]}
[[nodiscard]] std::string print_generation(const ChangeOutcome& outcome);

}  // namespace portcullis
