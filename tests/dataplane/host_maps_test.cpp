// SPDX-License-Identifier: Apache-2.0
// The order of writes around a switch, as far as a program that runs at that moment could tell it.
#include "loader/host_maps.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include "tests/dataplane/small_maps.h"

namespace portcullis::test {
namespace {

constexpr pc_host_address_key kLost{.address = {0x20, 0x01, 0x0d, 0xb8, 1}}, kKept{.address = {0x20, 0x01, 0x0d, 0xb8, 2}};
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

}  // namespace
}  // namespace portcullis::test
