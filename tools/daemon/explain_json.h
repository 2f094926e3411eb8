// SPDX-License-Identifier: Apache-2.0
// Questions of `explain` and their answers as JSON, with the keys that docs/api.md fixes: for the daemon and the command line alike.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "compiler/explain/explain.h"
#include "core/result.h"

namespace portcullis {

// The body of POST /v1/explain.
[[nodiscard]] std::string print_question(const Question& question);
// Fails on keys that there are not, and on values that are none.
[[nodiscard]] Result<Question> parse_question(std::string_view body);

// {"Allowed", "ResponseAllowed", "Forward", "Response"}.
[[nodiscard]] nlohmann::ordered_json explain_json(const Answer& answer);

}  // namespace portcullis
