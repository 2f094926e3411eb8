// SPDX-License-Identifier: Apache-2.0
// One random model and the packets that follow it, before two judges.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/conformance/comparison.h"
#include "tests/conformance/random_source.h"

namespace portcullis::test {

struct RandomRun {
    std::uint64_t seed = 0;  // of the model and its packets
    std::uint64_t packets = 0;
    std::function<void(Step&, RandomSource&)> bend;  // changes a packet before it is judged; may be empty
    std::uint64_t comes_back = 0;                    // one packet in so many comes a second time at once; 0: none
};

// Stops at the first difference, which is a failure of the test: what follows it follows from it. `variable` names the environment's
// variable that repeats the run with its seed.
void compare_on_random_packets(const RandomRun& run, const char* variable, Comparison& comparison);

// The number of the variable in the environment, a random one where it says "drawn", else always the same; printed, so that what it led
// to can be repeated.
[[nodiscard]] std::uint64_t chosen_seed(const char* variable);

}  // namespace portcullis::test
