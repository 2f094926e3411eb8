// SPDX-License-Identifier: Apache-2.0
// Random models and packets before every judge. A failure prints the seed of its model: PORTCULLIS_RANDOM_SEED=that and
// PORTCULLIS_RANDOM_MODELS=1 repeat it alone. PORTCULLIS_RANDOM_PACKETS is the number of packets for each model,
// PORTCULLIS_RANDOM_BRIDGE_MODELS that of models on a real bridge.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "compiler/parse.h"
#include "compiler/validate.h"
#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/bridge_runner.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/model_documents.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/conformance/run_case.h"

namespace portcullis::test {
namespace {

constexpr std::uint64_t kModels = 200;
constexpr std::uint64_t kPackets = 200;
constexpr std::uint64_t kBridgeModels = 10;
constexpr std::uint64_t kBridgePackets = 100;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// One seed for the process; models have the ones that follow it.
std::uint64_t first_seed() {
    static const std::uint64_t seed = [] {
        const std::uint64_t chosen = setting("PORTCULLIS_RANDOM_SEED", std::random_device{}());
        std::printf("PORTCULLIS_RANDOM_SEED=%llu\n", static_cast<unsigned long long>(chosen));
        return chosen;
    }();
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

// What is wrong with the judge's verdict by the oracle's; empty when nothing is.
std::string difference(const Verdict& oracle, const Verdict& judged) {
    const bool is_same = oracle.reason == judged.reason && names_only(oracle.rules, judged);
    return is_same ? "" : "\n  evaluator: " + to_string(oracle) + "\n  judge:     " + to_string(judged);
}

struct Tally {
    std::uint64_t packets = 0;
    std::uint64_t by_reason[PC_REASON_COUNT]{};
};

// Stops at the model's first difference: what follows it follows from it.
void compare_on_random_packets(std::uint64_t seed, Judge& oracle, Judge& judge, Tally& tally) {
    RandomSource random(seed);
    Model model = random_model(random);
    oracle.begin(model);
    judge.begin(model);
    PacketStream stream(model, random);
    const std::uint64_t packets = setting("PORTCULLIS_RANDOM_PACKETS", kPackets);
    std::map<std::string, std::string> history;  // by port: flows are per port
    for (std::uint64_t i = 0; i < packets; ++i) {
        if (random.chance(1)) {
            model = changed_model(model, random);
            oracle.change(model);
            judge.change(model);
            for (auto& [port, lines] : history) {
                lines += "  (the model changed)\n";
            }
        }
        const Step step = stream.next();
        if (step.wait_s != 0) {
            oracle.wait(step.wait_s);
            judge.wait(step.wait_s);
        }
        const Verdict expected = oracle.judge(step.arrival());
        const std::string problem = difference(expected, judge.judge(step.arrival()));
        history[step.interface_id] +=
            "  +" + std::to_string(step.wait_s) + " s " + to_string(step.arrival()) + " " + to_string(expected) + "\n";
        ++tally.packets;
        ++tally.by_reason[expected.reason];
        if (!problem.empty() || testing::Test::HasFailure()) {
            FAIL() << "PORTCULLIS_RANDOM_SEED=" << seed << ", packet " << i << problem << "\n"
                   << to_string(step.arrival()) << "\nmodel: " << document_of(model) << "\npackets at the port so far:\n"
                   << history[step.interface_id];
        }
    }
}

// A model and the packets that follow it, expecting nothing: the runner knows what to expect.
Case random_case(std::uint64_t seed) {
    RandomSource random(seed);
    Case one{.name = "random", .section = "1", .model = std::make_shared<const Model>(random_model(random)), .steps = {}};
    PacketStream stream(*one.model, random);
    for (std::uint64_t i = 0; i < kBridgePackets; ++i) {
        one.steps.push_back(stream.next());
    }
    return one;
}

TEST(RandomModels, Validate) {
    for (std::uint64_t i = 0; i < kModels; ++i) {
        RandomSource random(first_seed() + i);
        const Model model = random_model(random);
        ASSERT_EQ(errors_of(model), "") << "PORTCULLIS_RANDOM_SEED=" << first_seed() + i << "\n" << document_of(model);
        ASSERT_EQ(errors_of(changed_model(model, random)), "") << "PORTCULLIS_RANDOM_SEED=" << first_seed() + i;
    }
}

TEST(RandomModels, AreReadBackFromTheirDocuments) {
    for (std::uint64_t i = 0; i < kModels; ++i) {
        RandomSource random(first_seed() + i);
        const std::string text = document_of(random_model(random));
        const std::vector<Document> documents{{.name = "random", .text = text}};
        const ParseOutcome outcome = parse(documents);
        ASSERT_TRUE(outcome.model) << outcome.findings.front().to_string() << "\n" << text;
        ASSERT_EQ(document_of(*outcome.model), text);
    }
}

TEST(RandomModels, EvaluatorAndBpfAgreeOnEveryPacket) {
    EvaluatorJudge evaluator;
    BpfJudge bpf(kRandomPorts);
    Tally tally;
    const std::uint64_t models = setting("PORTCULLIS_RANDOM_MODELS", kModels);
    for (std::uint64_t i = 0; i < models && !HasFailure(); ++i) {
        compare_on_random_packets(first_seed() + i, evaluator, bpf, tally);
    }
    std::printf("%llu packets:", static_cast<unsigned long long>(tally.packets));
    for (int reason = 0; reason < PC_REASON_COUNT; ++reason) {
        if (tally.by_reason[reason] != 0) {
            std::printf(" %s %llu", name_of(static_cast<Reason>(reason)).data(), static_cast<unsigned long long>(tally.by_reason[reason]));
        }
    }
    std::printf("\n");
}

// The same on a real bridge: what the kernel does to a frame on its way (tags, padding, clones) changes no verdict.
class RandomModelsOnABridge : public testing::TestWithParam<bool> {};

TEST_P(RandomModelsOnABridge, HaveTheVerdictsOfTheEvaluator) {
    BridgeRunner bridge(kRandomPorts, GetParam());
    const std::uint64_t models = setting("PORTCULLIS_RANDOM_BRIDGE_MODELS", kBridgeModels);
    for (std::uint64_t i = 0; i < models && !HasFailure(); ++i) {
        const std::uint64_t seed = first_seed() + i;
        SCOPED_TRACE("PORTCULLIS_RANDOM_SEED=" + std::to_string(seed));
        bridge.run(random_case(seed));
    }
}

INSTANTIATE_TEST_SUITE_P(CallsNetfilter, RandomModelsOnABridge, testing::Bool(), testing::PrintToStringParamName());

}  // namespace
}  // namespace portcullis::test
