// SPDX-License-Identifier: Apache-2.0
// Answers of the API as JSON text, with the keys that docs/api.md fixes.
#pragma once

#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/event.h"
#include "tools/daemon/confirmation.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/http.h"
#include "tools/daemon/source_status.h"

namespace portcullis {

// `Enforced` and `Healthy` of the status.
struct Health {
    bool is_enforced = false;
    bool is_healthy = false;
};
[[nodiscard]] Health health_of(const ControllerStatus& status, const SourceStatus& source,
                               const std::optional<UnconfirmedStatus>& unconfirmed);
// `unconfirmed`: of the last change, if it waits for a confirmation.
[[nodiscard]] std::string print_status(const ControllerStatus& status, const SourceStatus& source,
                                       const std::optional<UnconfirmedStatus>& unconfirmed);
// An array of events, oldest first.
[[nodiscard]] std::string print_events(const std::deque<Event>& events);
// {"Errors": [{"File", "Pointer", "Message"}]}; warnings are left out.
[[nodiscard]] std::string print_errors(const std::vector<Finding>& findings);
[[nodiscard]] std::string print_error(const std::string& message);
[[nodiscard]] HttpResponse error_response(unsigned status, const std::string& message);

// Those with the severity, as {"File", "Pointer", "Message"}.
[[nodiscard]] nlohmann::ordered_json remarks_json(const std::vector<Finding>& findings, Finding::Severity severity);
// Names of files and devices are bytes; what is not UTF-8 in them is replaced.
[[nodiscard]] std::string print_answer(const nlohmann::ordered_json& value);

}  // namespace portcullis
