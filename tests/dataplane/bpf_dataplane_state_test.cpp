// SPDX-License-Identifier: Apache-2.0
// What the data plane keeps besides policy: flows and their end, queues of half-open ones, the host's addresses, events.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>

#include "bpf/abi.h"
#include "loader/map_of_maps.h"
#include "tests/dataplane/enforced_instances.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::IsEmpty;

class BpfDataplaneState : public EnforcedInstances {
   protected:
    ApplyReport apply(const Ruleset& ruleset, const HostFacts& facts = {}) {
        const auto report = dataplane_->apply(ruleset, net_.devices(), facts);
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : ApplyReport{};
    }
    [[nodiscard]] std::uint64_t flows() const {
        std::uint64_t flows = 0;
        const auto counters = dataplane_->port_counters();
        EXPECT_TRUE(counters);
        for (const PortCounters& port : *counters) {
            flows += port.flows;
        }
        return flows;
    }
    static UniqueFd pinned(const std::string& map) { return UniqueFd(::bpf_obj_get((PrivateBpffs::directory() + "/maps/" + map).c_str())); }
    // Entries that the queue of the row holds; 0: there is none.
    static std::uint32_t queue_entries(std::uint32_t row) {
        const auto queues = MapOfMaps::adopt(pinned("pc_half_open"));
        EXPECT_TRUE(queues);
        const auto queue = queues->open(row);
        bpf_map_info info{};
        std::uint32_t bytes = sizeof(info);
        return queue && ::bpf_obj_get_info_by_fd(queue->value(), &info, &bytes) == 0 ? info.max_entries : 0;
    }

    // How often pc_sweep has run while runs were counted.
    static std::uint64_t sweeps() {
        const UniqueFd program(::bpf_obj_get((PrivateBpffs::directory() + std::string("/progs/pc_sweep")).c_str()));
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        EXPECT_EQ(::bpf_obj_get_info_by_fd(program.value(), &info, &bytes), 0);
        return info.run_cnt;
    }
    static Ruleset with_half_open(std::uint32_t quota) {
        Ruleset ruleset = ruleset_of({.udp_port = 53});
        for (Port& port : ruleset.ports) {
            port.half_open = quota;
        }
        return ruleset;
    }
    void deliver(int packets) const {
        for (int i = 0; i < packets; ++i) {
            ASSERT_TRUE(net_.delivers(53));
        }
    }
    // The source ports of the first instance's packets that there are flows of.
    static std::set<std::uint16_t> asking_ports() {
        std::set<std::uint16_t> ports;
        const auto shards = MapOfMaps::adopt(pinned("pc_flows4"));
        EXPECT_TRUE(shards);
        for (std::uint32_t shard = 0; shard < PC_FLOW_SHARDS; ++shard) {
            for (const std::vector<std::byte>& bytes : KernelMap(shards->open(shard).value()).keys()) {
                pc_flow4_key key{};
                std::memcpy(&key, bytes.data(), sizeof(key));
                ports.insert(ntohs(ntohs(key.local_port) == 53 ? key.remote_port : key.local_port));
            }
        }
        return ports;
    }
};

TEST_F(BpfDataplaneState, FlowsOfAnAddressThatLeavesTheModelEnd) {
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    apply(ruleset);
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_EQ(flows(), 2U);
    std::erase_if(ruleset.owners, [](const AddressOwner& owner) { return owner.prefix == Prefix::host(Address::ipv4(10, 0, 0, 12)); });
    apply(ruleset);
    EXPECT_EQ(flows(), 0U);
}

// A walk through a hash map may pass over entries while others are deleted: only one that found nothing is taken for the last.
TEST_F(BpfDataplaneState, ShardsWithFlowsOfAnAddressThatLeavesAreGoneThroughUntilNothingIsFound) {
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    apply(ruleset);
    ASSERT_TRUE(net_.delivers(53));
    const UniqueFd counting(::bpf_enable_stats(BPF_STATS_RUN_TIME));
    ASSERT_TRUE(counting.is_open());
    const std::uint64_t before = sweeps();
    std::erase_if(ruleset.owners, [](const AddressOwner& owner) { return owner.prefix == Prefix::host(Address::ipv4(10, 0, 0, 12)); });
    apply(ruleset);
    EXPECT_GT(sweeps(), before + PC_FLOW_SHARDS);
    EXPECT_LE(sweeps(), before + PC_FLOW_SHARDS + 2) << "of two flows";
}

TEST_F(BpfDataplaneState, FlowsOfAnAddressThatLeavesEndThoughTheirPortIsClosed) {
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    apply(ruleset);
    ASSERT_TRUE(net_.delivers(53));
    std::erase_if(ruleset.owners, [](const AddressOwner& owner) { return owner.prefix == Prefix::host(Address::ipv4(10, 0, 0, 12)); });
    auto devices = net_.devices();
    devices.back().kind = DeviceBinding::Kind::Closed;
    const auto closed = dataplane_->apply(ruleset, devices, {});
    ASSERT_TRUE(closed) << closed.error().message;
    EXPECT_EQ(flows(), 0U);
}

TEST_F(BpfDataplaneState, FlowsLiveOnWhenOtherAddressesLeave) {
    const TestPolicy larger{.udp_port = 53, .other_members = {"10.0.0.20"}};
    const auto report = dataplane_->apply(ruleset_of(larger), net_.devices(larger), {});
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_TRUE(net_.delivers(53));
    apply(ruleset_of({.udp_port = 53}));
    EXPECT_EQ(flows(), 2U);
}

TEST_F(BpfDataplaneState, SweepingComesRoundInEightCalls) {
    apply(ruleset_of({.udp_port = 53}));
    ASSERT_TRUE(net_.delivers(53));
    const UniqueFd map = pinned("pc_host");
    const std::uint32_t row = 0;
    pc_host host{};
    ASSERT_EQ(::bpf_map_lookup_elem(map.value(), &row, &host), 0);
    host.clock_offset = 3600U * 8;  // more than half an hour
    ASSERT_EQ(::bpf_map_update_elem(map.value(), &row, &host, BPF_ANY), 0);
    for (int call = 0; call < 8; ++call) {
        const auto swept = dataplane_->sweep();
        ASSERT_TRUE(swept) << swept.error().message;
    }
    EXPECT_EQ(flows(), 0U);
}

TEST_F(BpfDataplaneState, ClaimsOfPortsThatAreGoneAreFreed) {
    apply(ruleset_of({.udp_port = 53}));
    const UniqueFd claims = pinned("pc_claims");
    const pc_claim_key key{.bridge = 1, .address = {0xfe, 0x80}};
    const std::uint32_t gone = 77U << PC_PORT_ID_SLOT_BITS | 1;
    ASSERT_EQ(::bpf_map_update_elem(claims.value(), &key, &gone, BPF_ANY), 0);
    for (int call = 0; call < 8; ++call) {
        ASSERT_TRUE(dataplane_->sweep());
    }
    std::uint32_t found = 0;
    EXPECT_NE(::bpf_map_lookup_elem(claims.value(), &key, &found), 0);
}

TEST_F(BpfDataplaneState, QueuesAreAsLongAsTheQuotaSays) {
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    apply(ruleset);
    const std::uint32_t usual = queue_entries(2);
    EXPECT_EQ(usual, ruleset.ports.front().half_open);
    EXPECT_EQ(queue_entries(3), usual);
    for (Port& port : ruleset.ports) {
        port.half_open = 7;
    }
    apply(ruleset);
    EXPECT_EQ(queue_entries(2), 7U);
    EXPECT_EQ(queue_entries(3), 7U);
}

// Both ports have a half-open flow of each packet that is delivered.
TEST_F(BpfDataplaneState, ASmallerQuotaEndsTheOldestHalfOpenFlowsAndNewOnesAreAdmitted) {
    apply(with_half_open(6));
    deliver(6);
    const std::set<std::uint16_t> before = asking_ports();
    apply(with_half_open(4));
    EXPECT_EQ(flows(), 2U * 4U);
    EXPECT_EQ(asking_ports(), std::set<std::uint16_t>(std::next(before.begin(), 2), before.end()));
    deliver(4);
    EXPECT_EQ(flows(), 2U * 4U);
    EXPECT_GT(*asking_ports().begin(), *before.rbegin());
}

TEST_F(BpfDataplaneState, ALargerQuotaKeepsTheOrderInWhichHalfOpenFlowsGiveWay) {
    apply(with_half_open(4));
    deliver(4);
    const std::set<std::uint16_t> before = asking_ports();
    apply(with_half_open(5));
    EXPECT_EQ(asking_ports(), before);
    deliver(3);
    EXPECT_EQ(flows(), 2U * 5U);
    EXPECT_EQ(*asking_ports().begin(), *std::next(before.begin(), 2));
}

TEST_F(BpfDataplaneState, QueuesGoWithTheirPorts) {
    apply(ruleset_of({.udp_port = 53}));
    ASSERT_NE(queue_entries(2), 0U);
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 53}), {}, {}));
    EXPECT_EQ(queue_entries(2), 0U);
}

TEST_F(BpfDataplaneState, AnotherAddressOfTheHostIsANewGenerationAndTheSameIsNone) {
    const Ruleset ruleset = ruleset_of({.udp_port = 53});
    const HostFacts facts{.addresses = {Address::ipv4(10, 0, 0, 1)}, .tunnels = {{.protocol = 17, .port = 4789}}};
    const ApplyReport first = apply(ruleset);
    const ApplyReport second = apply(ruleset, facts);
    EXPECT_EQ(second.generation, first.generation + 1);
    // An address, a tunnel, and the epochs of both ports, written twice.
    EXPECT_EQ(second.kernel_writes, 1U + 1U + 2U * 2U);
    EXPECT_EQ(apply(ruleset, facts).kernel_writes, 0U);
    EXPECT_EQ(apply(ruleset).kernel_writes, second.kernel_writes);
}

TEST_F(BpfDataplaneState, ADenialOfAPortThatLogsIsAnEvent) {
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    for (Port& port : ruleset.ports) {
        port.on_deny.log = true;
    }
    apply(ruleset);
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_FALSE(net_.delivers(54));
    const auto events = dataplane_->take_events();
    ASSERT_TRUE(events) << events.error().message;
    EXPECT_THAT(*events, Contains(AllOf(Field(&Event::interface_id, "eni-2"), Field(&Event::reason, PC_REASON_security_group),
                                        Field(&Event::direction, Direction::Inbound), Field(&Event::destination_port, 54))));
    const auto none = dataplane_->take_events();
    ASSERT_TRUE(none);
    EXPECT_THAT(*none, IsEmpty());
}

TEST_F(BpfDataplaneState, APortThatMovesToAnotherBridgeInheritsNoFlow) {
    const Ruleset ruleset = ruleset_of({.udp_port = 53});
    apply(ruleset);
    ASSERT_TRUE(net_.delivers(53));
    auto devices = net_.devices();
    devices[1].bridge = 0;
    ASSERT_TRUE(dataplane_->apply(ruleset, devices, {}));
    EXPECT_EQ(flows(), 1U);
}

}  // namespace
}  // namespace portcullis::test
