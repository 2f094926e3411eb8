// SPDX-License-Identifier: Apache-2.0
// The nine questions. Each has a file of its own and makes its namespaces; a PrivateBpffs of its own lives meanwhile, and the thread stays
// on one CPU. Failures end the process with a sentence; a question is asked in a process of its own (apart.h).
#pragma once

#include "tests/bench/effort.h"
#include "tests/bench/table.h"

namespace portcullis::bench {

[[nodiscard]] Tables measure_program_cost(const Effort& effort);  // B1
[[nodiscard]] Tables measure_policy_size(const Effort& effort);   // B2
[[nodiscard]] Tables measure_live_path(const Effort& effort);     // B3
[[nodiscard]] Tables measure_tcp(const Effort& effort);           // B4
[[nodiscard]] Tables measure_connections(const Effort& effort);   // B5
[[nodiscard]] Tables measure_changes(const Effort& effort);       // B6
[[nodiscard]] Tables measure_cold_start(const Effort& effort);    // B7
[[nodiscard]] Tables measure_memory(const Effort& effort);        // B8
[[nodiscard]] Tables measure_floods(const Effort& effort);        // B9

}  // namespace portcullis::bench
