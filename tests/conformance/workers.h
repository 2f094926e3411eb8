// SPDX-License-Identifier: Apache-2.0
// Runs a test in several processes at once, each with namespaces and programs of its own: most of a run's time is waiting for the kernel
// (a grace period for each change of the model).
#pragma once

#include <cstdint>
#include <functional>

#include "tests/conformance/comparison.h"

namespace portcullis::test {

// The number in the environment, or the other.
[[nodiscard]] std::uint64_t setting(const char* name, std::uint64_t otherwise);

// Calls `work(number, processes)` in each process and adds up what they count. A failure of a test in any of them, or the end of its
// process, is a failure here; what it printed was printed.
[[nodiscard]] Tally run_in_processes(std::uint64_t processes, const std::function<Tally(std::uint64_t number)>& work);

}  // namespace portcullis::test
