// SPDX-License-Identifier: Apache-2.0
// The order of writes around a switch, as far as a program that runs at that moment could tell it.
#include "loader/host_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <array>
#include <vector>

#include "bpf/reasons.h"
#include "tests/dataplane/small_maps.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

constexpr pc_host_address_key kLost{.address = {0x20, 0x01, 0x0d, 0xb8, 1}}, kKept{.address = {0x20, 0x01, 0x0d, 0xb8, 2}};
constexpr std::uint32_t kLoopback = 1;
constexpr pc_tunnel_key kLostTunnel{.port = 4789, .protocol = 17};

class HostMapsTest : public ::testing::Test {
   protected:
    template <class Key>
    [[nodiscard]] bool holds(const char* map, const Key& key) const {
        const auto fd = object_.map(map);
        std::uint32_t value = 0;
        return fd && ::bpf_map_lookup_elem(fd->value(), &key, &value) == 0;
    }
    // From nothing to both addresses and the tunnel, and what leads on from there.
    ImageDiff lose_facts() {
        HostImage nothing;
        HostImage before;
        before.host_addresses = {{kLost, 1}, {kKept, 1}};
        before.tunnels = {{kLostTunnel, 1}};
        const ImageDiff first = diff_images(nothing, before, maps_.parity()).value();
        EXPECT_TRUE(maps_.write_aside(first));
        EXPECT_TRUE(holds("pc_host_addresses", kLost)) << "what is new is strict, and holds before";
        maps_.switch_generation();
        EXPECT_TRUE(maps_.settle(first));
        HostImage after;
        after.host_addresses = {{kKept, 1}};
        return diff_images(before, after, maps_.parity()).value();
    }

    // How often the program of outbound packets has dropped one for the reason, by row of pc_ports.
    [[nodiscard]] std::uint64_t drops(std::uint32_t slot, pc_reason reason) const {
        std::vector<pc_counter> counters(static_cast<std::size_t>(::libbpf_num_possible_cpus()));
        const std::uint32_t row = (slot * 2 + PC_OUTBOUND) * PC_REASONS_MAX + reason;
        EXPECT_EQ(::bpf_map_lookup_elem(object_.map("pc_counters")->value(), &row, counters.data()), 0);
        std::uint64_t packets = 0;
        for (const pc_counter& counter : counters) {
            packets += counter.packets;
        }
        return packets;
    }
    // A frame of nobody's MAC from the loopback device, which nothing is attached to.
    void run_on_loopback() const {
        const std::array<std::uint8_t, 60> frame{};
        __sk_buff context{};
        context.ifindex = kLoopback;
        LIBBPF_OPTS(bpf_test_run_opts, options);
        options.data_in = frame.data();
        options.data_size_in = frame.size();
        options.ctx_in = &context;
        options.ctx_size_in = sizeof(context);
        ASSERT_EQ(::bpf_prog_test_run_opts(object_.program_fd("pc_from_instance"), &options), 0);
    }

    NetNamespace namespace_;
    NetNamespace::Entered here_ = namespace_.enter();
    BpfObject object_ = BpfObject::load(small_maps()).value();
    HostMaps maps_ = HostMaps::open(object_, 64, 0).value();
};

// A program that runs after the switch has the new epoch: what it finds out by an address that is none any more would stay.
TEST_F(HostMapsTest, WhatTheHostHasLostIsGoneBeforeTheSwitch) {
    const ImageDiff diff = lose_facts();
    ASSERT_TRUE(maps_.write_aside(diff));
    EXPECT_FALSE(holds("pc_host_addresses", kLost));
    EXPECT_FALSE(holds("pc_tunnels", kLostTunnel));
    EXPECT_TRUE(holds("pc_host_addresses", kKept));
    maps_.switch_generation();
    EXPECT_TRUE(maps_.settle(diff));
    EXPECT_TRUE(holds("pc_host_addresses", kKept));
}

TEST_F(HostMapsTest, AChangeThatIsUndonePutsItBack) {
    const ImageDiff diff = lose_facts();
    ASSERT_TRUE(maps_.write_aside(diff));
    ASSERT_TRUE(maps_.undo(diff));
    EXPECT_TRUE(holds("pc_host_addresses", kLost));
    EXPECT_TRUE(holds("pc_tunnels", kLostTunnel));
    EXPECT_TRUE(holds("pc_host_addresses", kKept));
    ASSERT_TRUE(maps_.undo(diff)) << "as often as it takes";
    EXPECT_TRUE(holds("pc_host_addresses", kLost));
}

// Programs keep the slots of devices that they have looked up: not longer than the entry is there.
TEST_F(HostMapsTest, NoProgramRemembersADeviceWhoseEntryIsGone) {
    constexpr std::uint32_t kSlot = 1;
    const HostImage nothing;
    HostImage before;
    before.devices = {{kLoopback, {.kind = PC_DEVICE_PORT, .slot = kSlot}}};
    before.ports = {{kSlot,
                     {.ifindex = kLoopback,
                      .port_id = 1U << PC_PORT_ID_SLOT_BITS | kSlot,
                      .interface_id = "eni-1",
                      .view = {.flags = PC_PORT_OPEN, .mac = {2, 0, 0, 0, 0, 1}}}}};
    const ImageDiff opening = diff_images(nothing, before, maps_.parity()).value();
    ASSERT_TRUE(maps_.write_aside(opening));
    maps_.switch_generation();
    ASSERT_TRUE(maps_.settle(opening));
    run_on_loopback();
    run_on_loopback();
    EXPECT_EQ(drops(kSlot, PC_REASON_ethertype), 2U);

    HostImage after = before;
    after.devices.clear();  // its row stays: nothing but the entry tells
    ASSERT_TRUE(maps_.settle(diff_images(before, after, maps_.parity()).value()));
    run_on_loopback();
    EXPECT_EQ(drops(kSlot, PC_REASON_ethertype), 2U);
    EXPECT_EQ(drops(0, PC_REASON_no_port), 1U);
}

}  // namespace
}  // namespace portcullis::test
