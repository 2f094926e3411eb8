// SPDX-License-Identifier: Apache-2.0
// Tables from one process to another that has the same budgets. Pure.
#pragma once

#include <string>

#include "tests/bench/table.h"

namespace portcullis::bench {

[[nodiscard]] std::string to_text(const Tables& tables);
// Pre: such a text.
[[nodiscard]] Tables tables_of(const std::string& text);

}  // namespace portcullis::bench
