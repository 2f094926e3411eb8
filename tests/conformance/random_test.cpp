// SPDX-License-Identifier: Apache-2.0
// Random models and packets before every judge. A failure prints the seed of its model: PORTCULLIS_RANDOM_SEED=that and
// PORTCULLIS_RANDOM_MODELS=1 repeat it alone, and the few of its packets that are enough, as a case. PORTCULLIS_RANDOM_PACKETS is the
// number of packets for each model, PORTCULLIS_RANDOM_PROCESSES how many processes share the models, PORTCULLIS_RANDOM_BRIDGE_MODELS the
// number of models on a real bridge.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "compiler/parse/parse.h"
#include "compiler/validate/validate.h"
#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/bridge_runner.h"
#include "tests/conformance/comparison.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/model_documents.h"
#include "tests/conformance/nft_exceptions.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/conformance/random_policy.h"
#include "tests/conformance/random_run.h"
#include "tests/conformance/workers.h"

namespace portcullis::test {
namespace {

constexpr std::uint64_t kModels = 200;
constexpr std::uint64_t kPackets = 2000;
constexpr std::uint64_t kProcesses = 4;
constexpr std::uint64_t kStatedModels = 200;  // models that are only written and read
constexpr std::uint64_t kBridgeModels = 10;
constexpr std::uint64_t kBridgePackets = 100;

constexpr const char* kSeedVariable = "PORTCULLIS_RANDOM_SEED";

// One seed for the process; models have the ones that follow it.
std::uint64_t first_seed() {
    static const std::uint64_t seed = chosen_seed(kSeedVariable);
    return seed;
}

std::string errors_of(const Model& model) {
    std::string errors;
    for (const Finding& finding : validate(model)) {
        if (finding.severity == Finding::Severity::Error) {
            errors += finding.to_string() + "\n";
        }
    }
    return errors;
}

Tally compare_models(std::uint64_t number, std::uint64_t models, std::uint64_t processes) {
    EvaluatorJudge evaluator;
    BpfJudge bpf(kRandomPorts);
    Comparison comparison(evaluator, bpf);
    for (std::uint64_t i = number; i < models && !testing::Test::HasFailure(); i += processes) {
        const RandomRun run{
            .seed = first_seed() + i, .packets = setting("PORTCULLIS_RANDOM_PACKETS", kPackets), .bend = {}, .comes_back = 3};
        compare_on_random_packets(run, kSeedVariable, comparison);
    }
    return comparison.tally();
}

// A model and the packets that follow it, expecting nothing: the runner knows what to expect.
Case random_case(std::uint64_t seed) {
    RandomSource random(seed);
    Case one{
        .name = "random", .section = "1", .model = std::make_shared<const Model>(random_model(random)), .host = random_host(), .steps = {}};
    PacketStream stream(*one.model, random);
    for (std::uint64_t i = 0; i < kBridgePackets; ++i) {
        one.steps.push_back(stream.next());
    }
    return one;
}

TEST(RandomModels, Validate) {
    for (std::uint64_t i = 0; i < kStatedModels; ++i) {
        RandomSource random(first_seed() + i);
        const Model model = random_model(random);
        ASSERT_EQ(errors_of(model), "") << "PORTCULLIS_RANDOM_SEED=" << first_seed() + i << "\n" << document_of(model);
        ASSERT_EQ(errors_of(changed_model(model, random)), "") << "PORTCULLIS_RANDOM_SEED=" << first_seed() + i;
    }
}

TEST(RandomModels, AreReadBackFromTheirDocuments) {
    for (std::uint64_t i = 0; i < kStatedModels; ++i) {
        RandomSource random(first_seed() + i);
        const std::string text = document_of(random_model(random));
        const std::vector<Document> documents{{.name = "random", .text = text}};
        const ParseOutcome outcome = parse(documents);
        ASSERT_TRUE(outcome.model) << outcome.findings.front().to_string() << "\n" << text;
        ASSERT_EQ(document_of(*outcome.model), text);
    }
}

TEST(RandomModels, EvaluatorAndBpfAgreeOnEveryPacket) {
    const std::uint64_t models = setting("PORTCULLIS_RANDOM_MODELS", kModels);
    const std::uint64_t processes = std::min(models, setting("PORTCULLIS_RANDOM_PROCESSES", kProcesses));
    (void)first_seed();  // drawn once, before the processes part
    const Tally tally = run_in_processes(processes, [&](std::uint64_t number) { return compare_models(number, models, processes); });
    std::printf("%s\n", tally.to_string().c_str());
}

const Excuse kWhereNftablesIsStricter = [](std::size_t, const Arrival& arrival, Reason reason) {
    return nft_line_of(arrival, reason).has_value();
};

std::string name_of_bridge(const BridgeOptions& options) {
    const std::string hooks = options.back_end == BackEndKind::Nftables ? "Nftables" : (options.drops_early ? "EarlyDrop" : "Plain");
    return options.calls_netfilter ? hooks + "WithNetfilter" : hooks;
}

// The same on a real bridge: what the kernel does to a frame on its way (tags, padding, clones) changes no verdict.
class RandomModelsOnABridge : public testing::TestWithParam<BridgeOptions> {};

TEST_P(RandomModelsOnABridge, HaveTheVerdictsOfTheEvaluator) {
    const std::uint64_t first = first_seed();
    std::printf("%s=%llu\n", kSeedVariable, static_cast<unsigned long long>(first));
    (void)std::fflush(stdout);  // before anything can end the process
    BridgeRunner bridge(kRandomPorts, GetParam());
    const std::uint64_t models = setting("PORTCULLIS_RANDOM_BRIDGE_MODELS", kBridgeModels);
    for (std::uint64_t i = 0; i < models && !HasFailure(); ++i) {
        const std::uint64_t seed = first + i;
        SCOPED_TRACE("PORTCULLIS_RANDOM_SEED=" + std::to_string(seed));
        bridge.run(random_case(seed), GetParam().back_end == BackEndKind::Nftables ? kWhereNftablesIsStricter : Excuse{});
    }
}

INSTANTIATE_TEST_SUITE_P(Bridges, RandomModelsOnABridge,
                         testing::Values(BridgeOptions{}, BridgeOptions{.calls_netfilter = true}, BridgeOptions{.drops_early = true},
                                         BridgeOptions{.back_end = BackEndKind::Nftables},
                                         BridgeOptions{.calls_netfilter = true, .back_end = BackEndKind::Nftables}),
                         [](const auto& options) { return name_of_bridge(options.param); });

}  // namespace
}  // namespace portcullis::test
