// SPDX-License-Identifier: Apache-2.0
// Early drop changes no verdict: random packets of random models, some of them bent, before the XDP program of the port, then before its TC
// program, which must drop whatever the former dropped, and be the only one that remembers anything. PORTCULLIS_RANDOM_SEED and
// PORTCULLIS_RANDOM_MODELS as in random_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_packet.h"
#include "tests/conformance/random_policy.h"
#include "tests/conformance/random_run.h"
#include "tests/conformance/run_case.h"
#include "tests/conformance/workers.h"
#include "tests/fuzz/frame_mutator.h"

namespace portcullis::test {
namespace {

constexpr std::uint64_t kModels = 40;
constexpr std::uint64_t kPackets = 2000;
constexpr std::uint64_t kProcesses = 4;
constexpr std::size_t kPacketsPerChange = 300;
constexpr unsigned kBentPercent = 30;
constexpr std::size_t kPacketsPerLookAtRules = 50;
constexpr const char* kSeedVariable = "PORTCULLIS_RANDOM_SEED";

// What TC drops, by its reason: how many of them were dropped early, and how many were not.
struct EarlyTally {
    std::uint64_t packets = 0;
    std::uint64_t dropped[PC_REASON_COUNT]{};
    std::uint64_t early[PC_REASON_COUNT]{};

    void print() const {
        std::printf("%llu outbound packets; dropped, and how many of those early:", static_cast<unsigned long long>(packets));
        for (std::size_t reason = 0; reason < PC_REASON_COUNT; ++reason) {
            if (dropped[reason] != 0) {
                std::printf(" %s %llu %llu", std::string(name_of(static_cast<Reason>(reason))).c_str(),
                            static_cast<unsigned long long>(dropped[reason]), static_cast<unsigned long long>(early[reason]));
            }
        }
        std::printf("\n");
    }
};

class EarlyDrop {
   public:
    EarlyDrop() : tc_(kRandomPorts, XdpMode::Everywhere) {}

    void begin(const Model& model) { tc_.begin(model, random_host()); }
    void change(const Model& model) { tc_.change(model); }
    void judge(const Step& step, bool looks_at_rules);
    [[nodiscard]] const EarlyTally& tally() const { return tally_; }

   private:
    // The reason of the early drop, `passed` if it let the frame go on.
    [[nodiscard]] Reason judge_early(const Arrival& arrival, bool looks_at_rules);
    BpfJudge tc_;
    EarlyTally tally_;
};

Reason EarlyDrop::judge_early(const Arrival& arrival, bool looks_at_rules) {
    const EnforcedHost& host = tc_.host();
    const std::size_t port = host.port_of(arrival.interface_id);
    const std::uint32_t ifindex = host.test_host().port_ifindex(port);
    const AttachedProgram program = BpfBackEnd::xdp_program(ifindex);
    const ReasonCounts before = host.counts(port, Direction::Outbound);
    const auto rules_before = looks_at_rules ? host.rule_hits() : std::map<std::string, std::uint64_t>{};
    const std::uint32_t code = program.run_xdp(arrival.frame, ifindex);
    EXPECT_TRUE(code == XDP_PASS || code == XDP_DROP) << code;
    const ReasonCounts after = host.counts(port, Direction::Outbound);
    if (code == XDP_DROP) {
        return reason_between(before, after);
    }
    EXPECT_EQ(after, before) << "counted though it went on";
    if (looks_at_rules) {
        EXPECT_EQ(host.rule_hits(), rules_before) << "a rule was counted though the packet went on";
    }
    return PC_REASON_passed;
}

void EarlyDrop::judge(const Step& step, bool looks_at_rules) {
    if (step.wait_s != 0) {
        tc_.wait(step.wait_s);
    }
    const Arrival arrival = step.arrival();
    if (step.direction != Direction::Outbound) {
        (void)tc_.judge(arrival);
        return;
    }
    const Reason early = judge_early(arrival, looks_at_rules);
    if (early != PC_REASON_passed) {
        tc_.forget_counts();
    }
    const Reason later = tc_.judge(arrival).reason;
    ++tally_.packets;
    if (later != PC_REASON_passed) {
        ++tally_.dropped[later];
        tally_.early[later] += early != PC_REASON_passed ? 1 : 0;
    }
    if (early != PC_REASON_passed && (later == PC_REASON_passed || stage_of(early) < stage_of(later))) {
        ADD_FAILURE() << "dropped early for " << name_of(early) << ", TC says " << name_of(later) << ": " << to_string(arrival);
    }
}

void run_model(std::uint64_t seed, EarlyDrop& early_drop) {
    RandomSource random(seed);
    auto model = std::make_shared<const Model>(random_model(random));
    early_drop.begin(*model);
    PacketStream stream(*model, random);
    Bytes former(64);
    const std::uint64_t packets = setting("PORTCULLIS_RANDOM_PACKETS", kPackets);
    for (std::uint64_t i = 0; i < packets && !testing::Test::HasFailure(); ++i) {
        if (random.below(kPacketsPerChange) == 0) {
            model = std::make_shared<const Model>(changed_model(*model, random));
            stream.set_model(*model);
            early_drop.change(*model);
        }
        Step step = stream.next();
        const Bytes whole = step.frame;
        if (random.chance(kBentPercent)) {
            step.frame = FrameMutator(random).mutate(std::move(step.frame), former);
        }
        former = whole;
        early_drop.judge(step, i % kPacketsPerLookAtRules == 0);
    }
}

TEST(EarlyDrop, DropsNothingThatTcPassesAndRemembersNothing) {
    const std::uint64_t first = chosen_seed(kSeedVariable);
    const std::uint64_t models = setting("PORTCULLIS_RANDOM_MODELS", kModels);
    const std::uint64_t processes = std::min(models, setting("PORTCULLIS_RANDOM_PROCESSES", kProcesses));
    (void)run_in_processes(processes, [&](std::uint64_t number) {
        EarlyDrop early_drop;
        for (std::uint64_t i = number; i < models && !testing::Test::HasFailure(); i += processes) {
            SCOPED_TRACE("PORTCULLIS_RANDOM_SEED=" + std::to_string(first + i) + " PORTCULLIS_RANDOM_MODELS=1");
            run_model(first + i, early_drop);
        }
        early_drop.tally().print();
        return Tally{};
    });
}

}  // namespace
}  // namespace portcullis::test
