// SPDX-License-Identifier: Apache-2.0
// The packet that most packets are takes a way of its own through the programs (bpf/established.h). It is to leave the same behind as one
// that goes stage by stage, which IPv4 options make a packet do; and to touch no entry that has become another flow's meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "tests/dataplane/one_instance.h"
#include "tests/dataplane/stalled_program.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

constexpr std::uint8_t kNoOperation = 1;  // an IPv4 option
const Bytes kPlain;
const Bytes kOptions(4, kNoOperation);

struct Segment {
    std::uint16_t port = 0;  // of the instance
    std::uint8_t flags = kAck;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 65535;
    Bytes options = {};
};

Bytes from_instance(const Segment& segment) {
    return (Ethernet{.source = mac("02:00:5e:00:53:0b"), .destination = mac("02:00:5e:00:53:01")} /
            Ipv4{.source = ip("192.0.2.11"), .destination = ip("203.0.113.1"), .options = segment.options} /
            Tcp{.source_port = segment.port,
                .destination_port = 443,
                .flags = segment.flags,
                .sequence = segment.sequence,
                .acknowledgement = segment.acknowledgement,
                .window = segment.window})
        .bytes();
}

Bytes to_instance(const Segment& segment) {
    return (Ethernet{.source = mac("02:00:5e:00:53:01"), .destination = mac("02:00:5e:00:53:0b")} /
            Ipv4{.source = ip("203.0.113.1"), .destination = ip("192.0.2.11"), .options = segment.options} /
            Tcp{.source_port = 443,
                .destination_port = segment.port,
                .flags = segment.flags,
                .sequence = segment.sequence,
                .acknowledgement = segment.acknowledgement,
                .window = segment.window})
        .bytes();
}

struct Found {
    KernelMap shard;
    Row key;
    [[nodiscard]] pc_flow flow() const { return value_in<pc_flow4>(shard.value_of(key).value()).flow; }
};

class EstablishedTest : public ::testing::Test {
   protected:
    EstablishedTest() { host_.apply(model_of_one_instance()); }

    void send(const Segment& segment) const {
        EXPECT_EQ(host_.program(0, Direction::Outbound).run(from_instance(segment), port(), port()), kNext);
    }
    void receive(const Segment& segment) const {
        EXPECT_EQ(host_.program(0, Direction::Inbound).run(to_instance(segment), port(), uplink()), kNext);
    }
    void establish(std::uint16_t from) const {
        send({.port = from, .flags = kSyn, .sequence = 1000});
        receive({.port = from, .flags = kSyn | kAck, .sequence = 5000, .acknowledgement = 1001});
        send({.port = from, .sequence = 1001, .acknowledgement = 5001});
    }
    [[nodiscard]] static Found find(std::uint16_t from) {
        const KernelMap shards = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_flows4");
        for (std::uint32_t number = 0; number < PC_FLOW_SHARDS; ++number) {
            KernelMap shard = KernelMap::by_id(value_in<std::uint32_t>(shards.value_of(row_of(number)).value()));
            for (const Row& key : shard.keys()) {
                if (value_in<pc_flow4_key>(key).local_port == __builtin_bswap16(from)) {
                    return {.shard = std::move(shard), .key = key};
                }
            }
        }
        test::end_test_run("find the flow of port " + std::to_string(from));
    }
    [[nodiscard]] std::uint32_t port() const { return host_.test_host().port_ifindex(0); }
    [[nodiscard]] std::uint32_t uplink() const { return host_.test_host().uplink_ifindex(); }

    PrivateBpffs bpffs_;
    EnforcedHost host_{{.ports = 1, .separate_namespaces = false, .instance_macs = {mac("02:00:5e:00:53:0b")}}};
    NetNamespace::Entered here_ = host_.test_host().host().enter();
};

std::uint64_t count(std::uint64_t counter) { return counter & ((1ULL << PC_COUNT_BITS) - 1); }

TEST_F(EstablishedTest, APlainPacketLeavesBehindWhatOneWithOptionsDoes) {
    constexpr std::uint16_t kPlainly = 40000, kByStages = 40001;
    for (const auto& [from, options] : {std::pair(kPlainly, kPlain), std::pair(kByStages, kOptions)}) {
        establish(from);
        send({.port = from, .flags = kAck | kPsh, .sequence = 1001, .acknowledgement = 5101, .window = 100, .options = options});
        receive({.port = from, .sequence = 5101, .acknowledgement = 1301, .window = 300, .options = options});
        receive({.port = from, .sequence = 5201, .acknowledgement = 1401, .window = 400, .options = options});
    }
    const pc_flow plain = find(kPlainly).flow(), staged = find(kByStages).flow();
    EXPECT_EQ(plain.word & ~std::uint64_t{PC_WORD_TAG_MASK}, staged.word & ~std::uint64_t{PC_WORD_TAG_MASK});
    for (const std::uint32_t direction : {PC_OUTBOUND, PC_INBOUND}) {
        EXPECT_EQ(plain.expected[direction], staged.expected[direction]);
        EXPECT_EQ(count(plain.packets[direction]), count(staged.packets[direction]));
        EXPECT_LT(count(plain.bytes[direction]), count(staged.bytes[direction])) << "which has the options";
    }
    EXPECT_EQ(plain.expected[PC_OUTBOUND], std::uint64_t{5101} << 32 | 100U);
    EXPECT_EQ(count(plain.packets[PC_INBOUND]), 3U);
    EXPECT_EQ(host_.counts(0, Direction::Outbound)[PC_REASON_passed], 6U);
    EXPECT_EQ(host_.counts(0, Direction::Inbound)[PC_REASON_passed], 6U);
}

TEST_F(EstablishedTest, APlainPacketPassesByTheRulesOfItsDay) {
    establish(40000);
    send({.port = 40000, .sequence = 1001, .acknowledgement = 5001});
    Model denying = model_of_one_instance();
    denying.deny_cidrs = {{.prefix = prefix("203.0.113.0/24")}};
    host_.apply(denying);
    const Bytes frame = from_instance({.port = 40000, .sequence = 1001, .acknowledgement = 5001});
    EXPECT_EQ(host_.program(0, Direction::Outbound).run(frame, port(), port()), kShot);
    EXPECT_EQ(host_.counts(0, Direction::Outbound)[PC_REASON_deny_cidr], 1U);
}

TEST_F(EstablishedTest, APlainPacketOfAFlowWhoseTimeIsOverOpensItAnew) {
    establish(40000);
    send({.port = 40000, .sequence = 1001, .acknowledgement = 5001});
    EXPECT_EQ(count(find(40000).flow().packets[PC_OUTBOUND]), 3U);
    host_.age_flows(6 * 24 * 3600);
    send({.port = 40000, .sequence = 1001, .acknowledgement = 5001});
    EXPECT_EQ(count(find(40000).flow().packets[PC_OUTBOUND]), 1U);
}

// The clock of the programs is the jiffies', brought to that of user space.
TEST_F(EstablishedTest, FlowsAreTimedByTheMonotonicClock) {
    const auto ticks = [] {
        timespec now{};
        (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        return static_cast<std::uint32_t>(
            (static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec)) >> PC_TICK_SHIFT);
    };
    const std::uint32_t before = ticks();
    establish(40000);
    const std::uint32_t after = ticks();
    const auto seen = static_cast<std::uint32_t>(find(40000).flow().seen);
    EXPECT_GE(seen + 1, before) << "both clocks go by whole jiffies, not the same ones";
    EXPECT_LE(seen, after + 1);
}

// Flow A, and flow B, whose key falls into the same shard, whose word has another tag, and whose entry is put aside.
class EstablishedAtTest : public EstablishedTest, public ::testing::WithParamInterface<StallAt> {
   protected:
    EstablishedAtTest() {
        const auto tag = [](const Row& entry) { return value_in<pc_flow4>(entry).flow.word & PC_WORD_TAG_MASK; };
        const std::uint64_t tag_of_a = tag(a_.shard.value_of(a_.key).value());
        for (std::uint16_t from = 40001; b_.empty() || tag(b_) == tag_of_a; ++from) {
            establish(from);
            if (a_.shard.keys().size() == 2) {
                key_of_b_ = find(from).key;
                b_ = a_.shard.value_of(key_of_b_).value();
                a_.shard.remove(key_of_b_);
            }
        }
    }
    // A's element becomes B's.
    void swap() const {
        a_.shard.remove(a_.key);
        a_.shard.update(key_of_b_, b_);
    }
    [[nodiscard]] StalledRun packet() const {
        return {.frame = to_instance({.port = 40000, .sequence = 5001, .acknowledgement = 1301, .window = 300}),
                .ifindex = port(),
                .ingress_ifindex = uplink()};
    }
    Found a_ = [this] {
        establish(40000);
        return find(40000);
    }();
    Row key_of_b_, b_;
};

TEST_P(EstablishedAtTest, AnEntryThatBecomesAnotherFlowsIsNotChanged) {
    (void)StalledProgram("pc_to_instance").run(packet(), GetParam(), [&] { swap(); });
    EXPECT_EQ(a_.shard.value_of(key_of_b_), b_);
}

TEST_P(EstablishedAtTest, AnEntryThatStaysIsBroughtUpToDate) {
    EXPECT_EQ(StalledProgram("pc_to_instance").run(packet(), GetParam(), [] {}), kNext);
    EXPECT_EQ(a_.flow().expected[PC_INBOUND], std::uint64_t{1301} << 32 | 300U);
}

INSTANTIATE_TEST_SUITE_P(Points, EstablishedAtTest,
                         ::testing::Values(StallAt{.point = STALL_FOUND}, StallAt{.point = STALL_READ}, StallAt{.point = STALL_COMPARED},
                                           StallAt{.point = STALL_SEQUENCES}, StallAt{.point = STALL_REFRESH}));

}  // namespace
}  // namespace portcullis::test
