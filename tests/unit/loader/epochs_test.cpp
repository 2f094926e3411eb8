// SPDX-License-Identifier: Apache-2.0
// Which ports' cached verdicts end with a change (docs/kernel-state.md, "Epochs").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/image_diff.h"
#include "tests/unit/loader/small_images.h"

namespace portcullis {
namespace {

using test::add_port;
using test::diff;
using test::image_of;
using test::kSubnet;
using test::kZone;
using test::member;
using test::Owner;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Epochs, AChangedViewGetsANewOneAndItsNeighbourDoesNot) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    add_port(from, 2, kZone, 3);
    HostImage to;
    add_port(to, 1, kZone, 4);
    add_port(to, 2, kZone, 3);
    const ImageDiff made = diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(to.ports.at(2).view.epoch, 9U);
    EXPECT_THAT(made.ports, SizeIs(1));
}

TEST(Epochs, AChangedOwnerConcernsThePortsOfItsZoneAlone) {
    HostImage from = image_of({kSubnet});
    HostImage to = image_of({kSubnet, {.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}}});
    for (HostImage* image : {&from, &to}) {
        add_port(*image, 1, kZone, 3);
        add_port(*image, 2, kZone + 1, 3);
    }
    (void)diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(to.ports.at(2).view.epoch, 9U);
}

TEST(Epochs, AnInterfaceAtAnotherDeviceConcernsTheZonesItIsSeenIn) {
    const Owner seen{.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}};
    HostImage from = image_of({kSubnet, seen});
    HostImage to = image_of({kSubnet, seen});
    for (HostImage* image : {&from, &to}) {
        image->policy.interfaces = {{3, {.groups = {1}}}};
        add_port(*image, 1, kZone, 3);
        add_port(*image, 2, kZone + 1, 3);
    }
    to.bound = {{3, 101}};
    (void)diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(to.ports.at(2).view.epoch, 9U);
}

// Interface 3 of the zone, from some groups to others; policy 3 names group 1, policy 4 group 9.
struct Membership {
    Membership(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after) {
        const Owner seen{.key = member(0, 11, 32), .number = 2, .row = {.interface = 3, .subnet = 5}};
        from = to = image_of({kSubnet, seen});
        from.policy.interfaces = {{3, {.groups = before}}};
        to.policy.interfaces = {{3, {.groups = after}}};
        for (HostImage* image : {&from, &to}) {
            image->policy.group_sets = {{{.policy = 3, .group = 1}, 7}, {{.policy = 4, .group = 9}, 7}};
            add_port(*image, 1, kZone, 3);
            add_port(*image, 2, kZone, 4);
        }
    }
    HostImage from, to;
};

TEST(Epochs, AMemberThatLeavesAGroupConcernsThePortsThatNameTheGroupAlone) {
    Membership change({1, 2}, {2});
    const ImageDiff made = diff(change.from, change.to);
    EXPECT_EQ(change.to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(change.to.ports.at(2).view.epoch, 9U);
    EXPECT_THAT(made.interfaces, SizeIs(1));
    EXPECT_THAT(made.ports, SizeIs(1));
}

TEST(Epochs, AMemberThatJoinsAGroupConcernsNoPortButThoseThatCutFlows) {
    Membership change({2}, {2, 1});
    const ImageDiff made = diff(change.from, change.to);
    EXPECT_THAT(made.interfaces, SizeIs(1));
    EXPECT_THAT(made.ports, IsEmpty());
    Membership cutting({2}, {2, 1});
    for (HostImage* image : {&cutting.from, &cutting.to}) {
        image->ports.at(1).view.flags |= PC_PORT_CUT;
        image->ports.at(2).view.flags |= PC_PORT_CUT;
    }
    (void)diff(cutting.from, cutting.to);
    EXPECT_EQ(cutting.to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(cutting.to.ports.at(2).view.epoch, 9U);
}

TEST(Epochs, TheCircleOfEpochsLeavesOutZero) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    from.ports.at(1).view.epoch = PC_WORD_EPOCH_MASK;
    HostImage to = from;
    to.ports.at(1).view.subnet = 77;
    (void)diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 1U);
}

TEST(Epochs, ChangedAddressesOfTheHostConcernEveryPort) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    add_port(from, 2, kZone + 1, 3);
    HostImage to = from;
    to.host_addresses = {{pc_host_address_key{.address = {0xfe, 0x80}}, 1}};
    const ImageDiff made = diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
    EXPECT_EQ(to.ports.at(2).view.epoch, 10U);
    EXPECT_THAT(made.host_addresses.added, SizeIs(1));
}

TEST(Epochs, ADeviceThatWasTakenOutBeforeConcernsEveryPort) {
    HostImage from;
    add_port(from, 1, kZone, 3);
    HostImage to = from;
    from.has_stale_flows = true;
    (void)diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
}

TEST(Epochs, APortThatGoesConcernsEveryPortAndAnotherDeviceNone) {
    for (const std::uint32_t kind : {PC_DEVICE_PORT, PC_DEVICE_UPLINK, PC_DEVICE_HOST}) {
        HostImage from;
        add_port(from, 1, kZone, 3);
        HostImage to = from;
        from.devices[7] = pc_device{.kind = kind, .slot = kind == PC_DEVICE_PORT ? 2U : 0U, .bridge = 0};
        (void)diff(from, to);
        EXPECT_EQ(to.ports.at(1).view.epoch, kind == PC_DEVICE_PORT ? 10U : 9U) << kind;
    }
}

TEST(Epochs, AnOwnerInAllZonesConcernsEveryPort) {
    HostImage from = image_of({kSubnet});
    HostImage to = image_of({kSubnet, {.key = member(0, 11, 32, PC_ZONE_ALL), .number = 2, .row = {.interface = 0, .subnet = 0}}});
    for (HostImage* image : {&from, &to}) {
        add_port(*image, 1, kZone, 3);
    }
    (void)diff(from, to);
    EXPECT_EQ(to.ports.at(1).view.epoch, 10U);
}

}  // namespace
}  // namespace portcullis
