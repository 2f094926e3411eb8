// SPDX-License-Identifier: Apache-2.0
// The one way to sample: peers in turn, A B A B, so that what drifts drifts for all of them.
#pragma once

#include <chrono>
#include <functional>

#include "tests/bench/table.h"

namespace portcullis::bench {

struct Contender {
    std::string name;
    std::function<double()> sample;
    const Budget* budget = nullptr;
};

// One row for each contender, with a sample of each turn.
[[nodiscard]] std::vector<Row> interleave(const std::vector<Contender>& contenders, std::size_t turns);

// What the work takes by the wall clock.
template <class Work>
[[nodiscard]] double seconds(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
template <class Work>
[[nodiscard]] double milliseconds(const Work& work) {
    return 1'000 * seconds(work);
}

}  // namespace portcullis::bench
