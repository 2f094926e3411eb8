// SPDX-License-Identifier: Apache-2.0
// Measuring in a process of its own: what it left behind is gone however it ended, its memory is its own, and one that cannot go on does
// not keep others from being asked.
#pragma once

#include <functional>
#include <optional>

#include "tests/bench/table.h"

namespace portcullis::bench {

// The tables; none where the process did not end well, which has said why then. Processes that it started end with it. Pre: the process has
// one thread. What cannot be prepared for ends this process.
[[nodiscard]] std::optional<Tables> measure_apart(const std::function<Tables()>& measure);

}  // namespace portcullis::bench
