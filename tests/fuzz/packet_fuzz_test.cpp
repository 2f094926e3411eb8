// SPDX-License-Identifier: Apache-2.0
// Bent frames of random models: the BPF programs must give the verdict and the reason of the evaluator for each. The run follows from its
// seed, which is printed: PORTCULLIS_FUZZ_SEED=that repeats it. PORTCULLIS_FUZZ_SECONDS is for how long to go on, the default a fixed
// number of models. The first disagreement is reduced to the packets that are enough for it and printed as a case.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_run.h"
#include "tests/conformance/workers.h"
#include "tests/fuzz/frame_mutator.h"

namespace portcullis::test {
namespace {

constexpr const char* kSeedVariable = "PORTCULLIS_FUZZ_SEED";
constexpr std::uint64_t kModels = 8;
constexpr std::uint64_t kPackets = 3000;
constexpr std::uint64_t kProcesses = 4;

using Clock = std::chrono::steady_clock;

struct Extent {
    std::uint64_t models = 0;
    std::optional<Clock::time_point> end;  // instead of a number of models
    [[nodiscard]] bool is_over(std::uint64_t model) const { return end ? Clock::now() >= *end : model >= models; }
};

Extent chosen_extent() {
    const std::uint64_t seconds = setting("PORTCULLIS_FUZZ_SECONDS", 0);
    Extent extent{.models = setting("PORTCULLIS_FUZZ_MODELS", kModels), .end = {}};
    if (seconds != 0) {
        extent.end = Clock::now() + std::chrono::seconds(seconds);
    }
    return extent;
}

Tally fuzz(std::uint64_t number, std::uint64_t seed, const Extent& extent) {
    EvaluatorJudge evaluator;
    BpfJudge bpf(kRandomPorts);
    Comparison comparison(evaluator, bpf);
    Bytes former(64);
    const auto bend = [&](Step& step, RandomSource& random) {
        const Bytes whole = step.frame;
        if (random.chance(85)) {  // the rest opens flows for the others to hit
            step.frame = FrameMutator(random).mutate(std::move(step.frame), former);
        }
        former = whole;
    };
    for (std::uint64_t i = number; !extent.is_over(i) && !testing::Test::HasFailure(); i += kProcesses) {
        former.assign(64, 0);
        compare_on_random_packets({.seed = seed + i, .packets = setting("PORTCULLIS_FUZZ_PACKETS", kPackets), .bend = bend}, kSeedVariable,
                                  comparison);
    }
    return comparison.tally();
}

TEST(PacketFuzz, EvaluatorAndBpfAgreeOnEveryBentFrame) {
    const std::uint64_t seed = chosen_seed(kSeedVariable);
    const Extent extent = chosen_extent();
    const Tally tally = run_in_processes(kProcesses, [&](std::uint64_t number) { return fuzz(number, seed, extent); });
    std::printf("%s\n", tally.to_string().c_str());
}

}  // namespace
}  // namespace portcullis::test
