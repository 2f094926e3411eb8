// SPDX-License-Identifier: Apache-2.0
// Bent frames of random models: the BPF programs must give the verdict and the reason of the evaluator for each. The run follows from its
// seed, which is printed: PORTCULLIS_FUZZ_SEED=that repeats it. PORTCULLIS_FUZZ_SECONDS is for how long to go on, the default a fixed
// number of models. The first disagreement is reduced to the packets that are enough for it and printed as a case.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_run.h"
#include "tests/conformance/workers.h"
#include "tests/fuzz/frame_mutator.h"
#include "tests/fuzz/fuzz_extent.h"

namespace portcullis::test {
namespace {

constexpr std::uint64_t kModels = 8;
constexpr std::uint64_t kPackets = 3000;
constexpr std::uint64_t kProcesses = 4;

Tally fuzz(std::uint64_t number, std::uint64_t seed, const FuzzExtent& extent) {
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
        compare_on_random_packets({.seed = seed + i, .packets = setting("PORTCULLIS_FUZZ_PACKETS", kPackets), .bend = bend},
                                  kFuzzSeedVariable, comparison);
    }
    return comparison.tally();
}

TEST(PacketFuzz, EvaluatorAndBpfAgreeOnEveryBentFrame) {
    const std::uint64_t seed = chosen_seed(kFuzzSeedVariable);
    const FuzzExtent extent = chosen_extent("PORTCULLIS_FUZZ_MODELS", kModels);
    const Tally tally = run_in_processes(kProcesses, [&](std::uint64_t number) { return fuzz(number, seed, extent); });
    std::printf("%s\n", tally.to_string().c_str());
}

}  // namespace
}  // namespace portcullis::test
