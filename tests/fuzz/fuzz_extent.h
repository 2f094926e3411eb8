// SPDX-License-Identifier: Apache-2.0
// How long a fuzzer goes on: PORTCULLIS_FUZZ_SECONDS, or else a fixed number of what it makes, so that the tests of a commit say the same
// each time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace portcullis::test {

// Of the seed of a run (chosen_seed in tests/conformance/random_run.h), which repeats it.
inline constexpr const char* kFuzzSeedVariable = "PORTCULLIS_FUZZ_SEED";

struct FuzzExtent {
    std::uint64_t count = 0;
    std::optional<std::chrono::steady_clock::time_point> end;  // instead of a number
    [[nodiscard]] bool is_over(std::uint64_t done) const { return end ? std::chrono::steady_clock::now() >= *end : done >= count; }
};

// `count_variable`: of the environment; `usual`: where it says nothing.
[[nodiscard]] FuzzExtent chosen_extent(const char* count_variable, std::uint64_t usual);

}  // namespace portcullis::test
