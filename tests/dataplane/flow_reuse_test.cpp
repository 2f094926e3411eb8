// SPDX-License-Identifier: Apache-2.0
// The kernel gives a deleted element of a hash map to the next insertion at once, under a program that may still hold it. Programs are held
// up between the look-up of a flow's entry and its use, as when the host takes their CPU away, while the entry is deleted and another
// flow's takes its element.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "tests/dataplane/one_instance.h"
#include "tests/dataplane/stalled_program.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

constexpr std::uint16_t kFirstPort = 40000;  // of flow A
constexpr std::uint32_t kSequence = 1000;
constexpr unsigned kLongAfter = 1000;  // seconds; SYNs wait for less

Bytes syn_from(std::uint16_t port) {
    return (Ethernet{.source = mac("02:00:5e:00:53:0b"), .destination = mac("02:00:5e:00:53:01")} /
            Ipv4{.source = ip("192.0.2.11"), .destination = ip("203.0.113.1")} /
            Tcp{.source_port = port, .destination_port = 443, .flags = kSyn, .sequence = kSequence + port})
        .bytes();
}

Bytes answer_to(std::uint16_t port) {
    return (Ethernet{.source = mac("02:00:5e:00:53:01"), .destination = mac("02:00:5e:00:53:0b")} /
            Ipv4{.source = ip("203.0.113.1"), .destination = ip("192.0.2.11")} /
            Tcp{.source_port = 443,
                .destination_port = port,
                .flags = kSyn | kAck,
                .sequence = 5000,
                .acknowledgement = kSequence + port + 1,
                .window = 2000})
        .bytes();
}

// Flow A, and flow B, which was opened like it and whose key falls into the same shard. B's entry is put aside.
class FlowReuseTest : public ::testing::Test {
   protected:
    FlowReuseTest() {
        host_.apply(model_of_one_instance());
        open(kFirstPort);
        find_shard();
        key_of_a_ = shard_->keys().front();
        find_b();
    }

    void open(std::uint16_t port) {
        const std::uint32_t ifindex = host_.test_host().port_ifindex(0);
        EXPECT_EQ(host_.program(0, Direction::Outbound).run(syn_from(port), ifindex, ifindex), kNext);
    }
    void find_shard() {
        const KernelMap shards = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_flows4");
        for (number_ = 0; number_ < PC_FLOW_SHARDS; ++number_) {
            shard_.emplace(KernelMap::by_id(value_in<std::uint32_t>(shards.value_of(row_of(number_)).value())));
            if (!shard_->keys().empty()) {
                return;
            }
        }
    }
    // One whose word has another tag than A's: of 4,096 flows one has the same (docs/packet-path.md, "Flows").
    void find_b() {
        const auto tag = [](const Row& entry) { return value_in<pc_flow4>(entry).flow.word & PC_WORD_TAG_MASK; };
        const std::uint64_t tag_of_a = tag(shard_->value_of(key_of_a_).value());
        for (std::uint16_t port = kFirstPort + 1; b_.empty() || tag(b_) == tag_of_a; ++port) {
            open(port);
            const auto keys = shard_->keys();
            if (keys.size() == 2) {
                key_of_b_ = keys[0] == key_of_a_ ? keys[1] : keys[0];
                b_ = shard_->value_of(key_of_b_).value();
                shard_->remove(key_of_b_);
            }
        }
    }

    // A's element becomes B's.
    void swap() const {
        shard_->remove(key_of_a_);
        shard_->update(key_of_b_, b_);
    }
    // A's time is over; B was used just now.
    void let_a_expire() {
        host_.age_flows(kLongAfter);
        auto b = value_in<pc_flow4>(b_);
        b.flow.seen += (std::uint64_t{kLongAfter} * 1'000'000'000) >> PC_TICK_SHIFT;
        b_ = row_of(b);
    }
    [[nodiscard]] StalledRun answer() const {
        return {.frame = answer_to(kFirstPort),
                .ifindex = host_.test_host().port_ifindex(0),
                .ingress_ifindex = host_.test_host().uplink_ifindex()};
    }
    [[nodiscard]] StalledRun sweep() const { return {.request = pc_sweep_request{.shard = number_}}; }
    // Another program has ended A, and is about to delete its entry; with PC_FLOW_LEFT: could not.
    void end_a(std::uint64_t flags = 0) const {
        auto a = value_in<pc_flow4>(shard_->value_of(key_of_a_).value());
        a.flow.word = (a.flow.word & PC_WORD_TAG_MASK) | std::uint64_t{PC_FLOW_DEAD} << PC_WORD_STATE_SHIFT | flags << PC_WORD_FLAGS_SHIFT;
        shard_->update(key_of_a_, row_of(a));
    }
    [[nodiscard]] std::uint64_t inbound(pc_reason reason) const { return host_.counts(0, Direction::Inbound)[reason]; }

    PrivateBpffs bpffs_;
    EnforcedHost host_{{.ports = 1, .separate_namespaces = false, .instance_macs = {mac("02:00:5e:00:53:0b")}}};
    NetNamespace::Entered here_ = host_.test_host().host().enter();
    std::uint32_t number_ = 0;
    std::optional<KernelMap> shard_;
    Row key_of_a_, key_of_b_, b_;
};

// What all others are about: without it they would prove nothing.
TEST_F(FlowReuseTest, AProgramThatTakesNoCareReadsAndWritesAnotherKeysValue) {
    StalledProgram stalled("plain");
    const KernelMap elements = stalled.plain_elements();
    elements.update(row_of(std::uint32_t{1}), row_of(std::uint64_t{11}));
    const std::uint32_t verdict = stalled.run({}, {.point = STALL_PLAIN}, [&] {
        elements.remove(row_of(std::uint32_t{1}));
        elements.update(row_of(std::uint32_t{2}), row_of(std::uint64_t{22}));
    });
    EXPECT_EQ(verdict, kNext);
    EXPECT_EQ(stalled.plain_value(), 22U);
    EXPECT_EQ(elements.value_of(row_of(std::uint32_t{2})), row_of(std::uint64_t{77}));
}

// The packet is the answer to A's SYN: on either flow it would pass, and change all there is in an entry.
struct Moment {
    const char* name;
    StallAt at;
    bool is_admitted;  // by A, before
};

class FlowReuseAtTest : public FlowReuseTest, public ::testing::WithParamInterface<Moment> {};

TEST_P(FlowReuseAtTest, AnEntryThatBecomesAnotherFlowsIsNeitherObeyedNorChanged) {
    const std::uint32_t verdict = StalledProgram("pc_to_instance").run(answer(), GetParam().at, [&] { swap(); });
    EXPECT_EQ(verdict, GetParam().is_admitted ? kNext : kShot);
    EXPECT_EQ(inbound(GetParam().is_admitted ? PC_REASON_passed : PC_REASON_no_flow), 1U);
    EXPECT_THAT(shard_->keys(), ::testing::ElementsAre(key_of_b_));
    EXPECT_EQ(shard_->value_of(key_of_b_), b_);
}

TEST_P(FlowReuseAtTest, AnEntryThatStaysIsObeyedAndCounts) {
    EXPECT_EQ(StalledProgram("pc_to_instance").run(answer(), GetParam().at, [] {}), kNext);
    EXPECT_EQ(inbound(PC_REASON_passed), 1U);
    const auto before = value_in<pc_flow4>(b_);  // as A was
    const auto after = value_in<pc_flow4>(shard_->value_of(key_of_a_).value());
    EXPECT_EQ(after.flow.packets[PC_INBOUND] & ((1ULL << PC_COUNT_BITS) - 1), 1U);
    EXPECT_NE(after.flow.word >> PC_WORD_EPOCH_SHIFT, before.flow.word >> PC_WORD_EPOCH_SHIFT);
    EXPECT_EQ(after.flow.expected[PC_INBOUND], std::uint64_t{kSequence + kFirstPort + 1} << 32 | 2000);
    EXPECT_EQ(after.flow.expected[PC_OUTBOUND] >> 32, 5001U);
    EXPECT_NE(after.flow.acl_rule[PC_INBOUND], 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Moments, FlowReuseAtTest,
    ::testing::Values(Moment{"BeforeTheWordIsRead", {STALL_FOUND}, false}, Moment{"BeforeTheKeyIsCompared", {STALL_READ}, false},
                      Moment{"BeforeTheTimeIsRead", {STALL_COMPARED}, false}, Moment{"BeforeVerdictsAreCompleted", {STALL_SWAP}, false},
                      Moment{"BeforeTheRuleIsNoted", {STALL_RULE}, false}, Moment{"BeforeTheStateAdvances", {STALL_SWAP, 1}, false},
                      Moment{"BeforeSequencesAreNoted", {STALL_SEQUENCES}, true}, Moment{"BeforeTimeAndCounters", {STALL_REFRESH}, true}),
    [](const auto& moment) { return std::string(moment.param.name); });

// Flows that are over: who ends one deletes by key, or by what stands in the element.
TEST_F(FlowReuseTest, AFlowThatIsOverIsEndedAloneWhenItsEntryBecomesAnothers) {
    let_a_expire();
    EXPECT_EQ(StalledProgram("pc_to_instance").run(answer(), {.point = STALL_KILL}, [&] { swap(); }), kShot);
    EXPECT_EQ(shard_->value_of(key_of_b_), b_);
}

TEST_F(FlowReuseTest, AFlowThatIsOverIsEndedWhenItsEntryStays) {
    let_a_expire();
    EXPECT_EQ(StalledProgram("pc_to_instance").run(answer(), {.point = STALL_KILL}, [] {}), kShot);
    EXPECT_THAT(shard_->keys(), ::testing::IsEmpty());
}

TEST_F(FlowReuseTest, TheSweepEndsNoFlowThatGotTheEntryOfOneThatWasOver) {
    let_a_expire();
    EXPECT_EQ(StalledProgram("pc_sweep").run(sweep(), {.point = STALL_SWEEP}, [&] { swap(); }), kNext);
    EXPECT_EQ(shard_->value_of(key_of_b_), b_);
}

TEST_F(FlowReuseTest, TheSweepEndsAFlowThatIsOver) {
    let_a_expire();
    EXPECT_EQ(StalledProgram("pc_sweep").run(sweep(), {.point = STALL_SWEEP}, [] {}), kNext);
    EXPECT_THAT(shard_->keys(), ::testing::IsEmpty());
}

class FlowReuseByDeadTest : public FlowReuseTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(FlowReuseByDeadTest, TheSweepDeletesNoFlowThatGotTheEntryOfADeadOne) {
    end_a(GetParam());
    EXPECT_EQ(StalledProgram("pc_sweep").run(sweep(), {.point = STALL_SWEEP}, [&] { swap(); }), kNext);
    EXPECT_EQ(shard_->value_of(key_of_b_), b_);
}

INSTANTIATE_TEST_SUITE_P(Flags, FlowReuseByDeadTest, ::testing::Values(0, PC_FLOW_LEFT));

TEST_F(FlowReuseTest, ADeadEntryIsLeftToWhoEndedTheFlow) {
    end_a();
    EXPECT_EQ(StalledProgram("pc_sweep").run(sweep(), {.point = STALL_SWEEP}, [] {}), kNext);
    EXPECT_THAT(shard_->keys(), ::testing::ElementsAre(key_of_a_));
}

TEST_F(FlowReuseTest, TheSweepDeletesADeadEntryThatWasLeft) {
    end_a(PC_FLOW_LEFT);
    EXPECT_EQ(StalledProgram("pc_sweep").run(sweep(), {.point = STALL_SWEEP}, [] {}), kNext);
    EXPECT_THAT(shard_->keys(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace portcullis::test
