// SPDX-License-Identifier: Apache-2.0
#include "loader/image_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/loader/small_images.h"

namespace portcullis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using test::add_port;
using test::diff;
using test::image_of;
using test::kActive;
using test::kInactive;
using test::kSubnet;
using test::kZone;
using test::member;
using test::Owner;

TEST(ImageDiff, OfEqualImagesIsEmpty) {
    HostImage image = image_of({kSubnet});
    add_port(image, 1, kZone, 3);
    image.policy.port_sets.emplace_back(pc_port_set_key{.set = 1, .port = 53, .protocol = 17, .length = 16}, 4);
    HostImage same = image;
    EXPECT_TRUE(diff(image, same).empty());
    EXPECT_EQ(same.ports.at(1).view.epoch, 9U);
}

TEST(ImageDiff, EntriesComeAndGoByKey) {
    HostImage from;
    HostImage to;
    const pc_group_set_key kept{.policy = 1, .group = 1};
    const pc_group_set_key gone{.policy = 2, .group = 1};
    const pc_group_set_key added{.policy = 2, .group = 2};
    from.policy.group_sets = {{kept, 7}, {gone, 8}};
    to.policy.group_sets = {{kept, 7}, {added, 9}};
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.group_sets.added, SizeIs(1));
    EXPECT_EQ(made.group_sets.added.front().second, 9U);
    ASSERT_THAT(made.group_sets.removed, SizeIs(1));
    EXPECT_EQ(made.group_sets.removed.front().policy, 2U);
}

TEST(ImageDiff, AnEntryThatWouldChangeInPlaceIsRefused) {
    HostImage from;
    HostImage to;
    from.policy.policies = {{1, pc_policy{.number = 1, .flags = 0, .default_set = {1, 1}}}};
    to.policy.policies = {{1, pc_policy{.number = 1, .flags = 0, .default_set = {2, 1}}}};
    const auto made = diff_images(from, to, kActive);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, ::testing::StartsWith("pc_policies"));
}

TEST(ImageDiff, AChangedRowIsWrittenIntoTheInactiveVersionAloneBeforeTheSwitch) {
    const HostImage from = image_of({{.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    HostImage to = image_of({{.key = member(0, 11, 32), .number = 2, .row = {.interface = 4, .subnet = 5}}});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.owners, SizeIs(1));
    const RowChange<pc_owner>& change = made.owners.front();
    EXPECT_EQ(change.aside.interface[kActive], 3U);
    EXPECT_EQ(change.aside.interface[kInactive], 4U);
    EXPECT_THAT(change.settled.interface, ElementsAre(4, 4));
    EXPECT_THAT(change.undone.interface, ElementsAre(3, 3));
    EXPECT_THAT(made.members4.added, IsEmpty());
}

TEST(ImageDiff, UntilTheSwitchANewAddressBelongsToWhomItBelongedBefore) {
    const HostImage from = image_of({kSubnet});
    HostImage to = image_of({kSubnet, {.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.owners, SizeIs(1));
    EXPECT_EQ(made.owners.front().aside.subnet[kActive], 5U);
    EXPECT_EQ(made.owners.front().aside.interface[kActive], 0U);
    EXPECT_EQ(made.owners.front().aside.interface[kInactive], 3U);
}

TEST(ImageDiff, ANewAddressInAnotherZonesBlockBelongedToNobody) {
    const HostImage from = image_of({kSubnet});
    HostImage to = image_of({kSubnet, {.key = member(0, 11, 32, kZone + 1), .number = 2, .row = {.interface = 3, .subnet = 6}}});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.owners, SizeIs(1));
    EXPECT_EQ(made.owners.front().aside.subnet[kActive], 0U);
}

TEST(ImageDiff, TheLongestPrefixAroundANewOneCounts) {
    const Owner delegated{.key = member(0, 16, 28), .number = 7, .row = {.interface = 9, .subnet = 5}};
    const HostImage from = image_of({kSubnet, delegated});
    HostImage to = image_of({kSubnet, delegated, {.key = member(0, 17, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.owners, SizeIs(1));
    EXPECT_EQ(made.owners.front().aside.interface[kActive], 9U);
}

TEST(ImageDiff, FromTheSwitchOnAnAddressThatGoesBelongsToTheBlockAroundIt) {
    const HostImage from = image_of({kSubnet, {.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    HostImage to = image_of({kSubnet});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.owners, SizeIs(1));
    EXPECT_EQ(made.owners.front().aside.interface[kActive], 3U);
    EXPECT_EQ(made.owners.front().aside.interface[kInactive], 0U);
    EXPECT_EQ(made.owners.front().aside.subnet[kInactive], 5U);
    EXPECT_THAT(made.members4.removed, SizeIs(1));
}

TEST(ImageDiff, AnInterfacesDeviceAndGroupsAreOneRow) {
    HostImage from;
    HostImage to;
    from.policy.interfaces = {{3, {.groups = {1, 2}}}};
    to.policy.interfaces = {{3, {.groups = {2}}}};
    to.bound = {{3, 77}};
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.interfaces, SizeIs(1));
    const pc_interface& row = made.interfaces.front().aside;
    EXPECT_EQ(row.group_count[kActive], 2U);
    EXPECT_EQ(row.ifindex[kActive], 0U);
    EXPECT_EQ(row.group_count[kInactive], 1U);
    EXPECT_EQ(row.groups[kInactive][0], 2U);
    EXPECT_EQ(row.groups[kInactive][1], 0U);
    EXPECT_EQ(row.ifindex[kInactive], 77U);
}

TEST(ImageDiff, ANewPortIsClosedUntilTheSwitch) {
    const HostImage from;
    HostImage to;
    add_port(to, 1, kZone, 3);
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.ports, SizeIs(1));
    EXPECT_EQ(made.ports.front().aside.view[kActive].flags, 0U);
    EXPECT_EQ(made.ports.front().aside.view[kInactive].flags, PC_PORT_OPEN);
    EXPECT_EQ(made.ports.front().undone.ifindex, 0U);
    EXPECT_THAT(made.devices.added, SizeIs(1));
}

TEST(ImageDiff, APortThatGoesIsClosedFromTheSwitchOnAndItsRowClearedAfterwards) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    HostImage to;
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.ports, SizeIs(1));
    EXPECT_EQ(made.ports.front().aside.view[kActive].flags, PC_PORT_OPEN);
    EXPECT_EQ(made.ports.front().aside.view[kInactive].flags, 0U);
    EXPECT_EQ(made.ports.front().settled.port_id, 0U);
    EXPECT_THAT(made.devices.removed, ElementsAre(101));
}

TEST(ImageDiff, ADeviceThatBecomesSomethingElseIsMoved) {
    HostImage from;
    from.devices = {{7, pc_device{.kind = PC_DEVICE_UPLINK, .slot = 0, .bridge = 0}}};
    HostImage to;
    to.devices = {{7, pc_device{.kind = PC_DEVICE_HOST, .slot = 0, .bridge = 0}}};
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.moves, SizeIs(1));
    EXPECT_EQ(made.moves.front().to.kind, PC_DEVICE_HOST);
    EXPECT_TRUE(made.devices.empty());
}

TEST(ImageDiff, ANewTunnelIsAnEntryAndAGoneOneIsRemoved) {
    HostImage from;
    HostImage to;
    from.tunnels = {{pc_tunnel_key{.port = 4789, .protocol = 17}, 1}};
    to.tunnels = {{pc_tunnel_key{.protocol = 47}, 1}};
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.tunnels.added, SizeIs(1));
    EXPECT_EQ(made.tunnels.added.front().first.protocol, 47);
    ASSERT_THAT(made.tunnels.removed, SizeIs(1));
    EXPECT_EQ(made.tunnels.removed.front().port, 4789);
}

TEST(ImageDiff, AMacThatMovesToAnotherDeviceIsWrittenOverInPlace) {
    const pc_mac_key moving{.bridge = 1, .mac = {2, 0, 0, 0, 0, 1}};
    const pc_mac_key gone{.bridge = 1, .mac = {2, 0, 0, 0, 0, 2}};
    HostImage from;
    HostImage to;
    from.macs = {{moving, 101}, {gone, 102}};
    to.macs = {{moving, 103}};
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.macs.written, SizeIs(1));
    EXPECT_EQ(made.macs.written.front().second, 103U);
    ASSERT_THAT(made.macs.former, SizeIs(1));
    EXPECT_EQ(made.macs.former.front().second, 101U);
    EXPECT_THAT(made.macs.removed, SizeIs(1));
}

TEST(ImageDiff, APortIdThatNoSlotHadIsBegun) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    HostImage to;
    add_port(to, 1, kZone, 4);
    add_port(to, 2, kZone, 3);
    EXPECT_THAT(diff(from, to).new_ports, ElementsAre(to.ports.at(2).port_id));
}

const Owner kAddress{.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}};

TEST(Departed, AnAddressThatLeavesTheModelDoes) {
    const HostImage from = image_of({kSubnet, kAddress});
    HostImage to = image_of({kSubnet});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.departed4, SizeIs(1));
    EXPECT_EQ(made.departed4.front().address, kAddress.key.address);
    EXPECT_TRUE(made.ends_flows());
}

TEST(Departed, AnAddressThatBecomesAnothersDoes) {
    const HostImage from = image_of({kSubnet, kAddress});
    HostImage to = image_of({kSubnet, {.key = kAddress.key, .number = 2, .row = {.interface = 4, .subnet = 5}}});
    EXPECT_THAT(diff(from, to).departed4, SizeIs(1));
}

TEST(Departed, AnAddressTakenOutOfADelegatedPrefixDoes) {
    const Owner delegated{.key = member(0, 16, 28), .number = 7, .row = {.interface = 9, .subnet = 5}};
    const HostImage from = image_of({kSubnet, delegated});
    HostImage to = image_of({kSubnet, delegated, {.key = member(0, 17, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    const ImageDiff made = diff(from, to);
    ASSERT_THAT(made.departed4, SizeIs(1));
    EXPECT_EQ(made.departed4.front().prefixlen, 64U);
}

TEST(Departed, ANewAddressABlockAndOneThatOnlyMovesBetweenSubnetsDoNot) {
    const HostImage from = image_of({kSubnet, kAddress});
    HostImage to = image_of({{.key = kAddress.key, .number = 2, .row = {.interface = 3, .subnet = 6}},
                             {.key = member(0, 12, 32), .number = 4, .row = {.interface = 4, .subnet = 6}}});
    EXPECT_FALSE(diff(from, to).ends_flows());
}

TEST(ImageDiff, AnAddressThatIsNoLongerKnownOfAPeeredZoneDoesNotDepart) {
    const HostImage from = image_of({{.key = member(0, 11, 32), .number = 2, .row = {.interface = 9, .subnet = 5, .own = 3}},
                                     {.key = member(0, 12, 32), .number = 4, .row = {.interface = 4, .subnet = 0, .own = 0}}});
    HostImage to = image_of({{.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    EXPECT_THAT(diff(from, to).departed4, IsEmpty());
}

TEST(Departed, WhatIsolationLooksUpDoesNot) {
    const HostImage from = image_of({{.key = member(0, 11, 32, PC_ZONE_ALL), .number = 2, .row = {.interface = 3, .subnet = 0}}});
    HostImage to;
    EXPECT_FALSE(diff(from, to).ends_flows());
}

}  // namespace
}  // namespace portcullis
