// SPDX-License-Identifier: Apache-2.0
// Answers of docs/api.md about changes: made, planned, confirmed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/daemon/confirmation.h"
#include "tools/daemon/controller.h"
#include "tools/daemon/planned_change.h"

namespace portcullis {

// `unconfirmed`: of this change, if it awaits a confirmation.
[[nodiscard]] std::string print_change(const ChangeOutcome& outcome, const std::optional<UnconfirmedStatus>& unconfirmed);
[[nodiscard]] std::string print_confirmed(std::uint64_t generation);
// `generation`: of the model that the plan starts from.
[[nodiscard]] std::string print_plan(const PlannedChange& planned, std::uint64_t generation);

}  // namespace portcullis
