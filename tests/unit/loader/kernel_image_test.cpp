// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/lower_bpf/keys.h"

namespace portcullis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint32_t kDevice = 7;
constexpr std::uint32_t kSlot = 1;
constexpr std::uint32_t kPortId = 3U << PC_PORT_ID_SLOT_BITS | kSlot;
constexpr std::uint32_t kInterface = 2;

// One open port of eni-1, at generation 4: both versions of every row are equal.
KernelContent one_port() {
    KernelContent content{.generation = 4, .policy = {}, .last_port_ids = {0, kPortId}};
    add_name(PC_NAME_INTERFACE, kInterface, interface_key("eni-1"), content.policy.names);
    pc_port port{.ifindex = kDevice, .port_id = kPortId, .bridge = 9};
    port.view[0] = {.flags = PC_PORT_OPEN, .epoch = 5, .zone = 1, .interface = kInterface};
    port.view[1] = port.view[0];
    content.ports = {{kSlot, port}};
    content.devices = {{kDevice, pc_device{.kind = PC_DEVICE_PORT, .slot = kSlot, .bridge = 0}}};
    content.interfaces = {{kInterface, pc_interface{.ifindex = {kDevice, kDevice}}}};
    return content;
}

struct Restored {
    MapCapacities capacities{.ports = 4};
    Numberings numberings{capacities};
    DeviceSlots slots{capacities.ports};
    Result<KernelImage> image;
    explicit Restored(const KernelContent& content) : image(restore_image(content, capacities, numberings, slots)) {
        EXPECT_TRUE(image) << image.error().message;
    }
};

TEST(KernelImage, APortKeepsItsIdItsEpochAndItsInterface) {
    const Restored restored(one_port());
    ASSERT_THAT(restored.image->image.ports, SizeIs(1));
    const PortState& port = restored.image->image.ports.at(kSlot);
    EXPECT_EQ(port.port_id, kPortId);
    EXPECT_EQ(port.view.epoch, 5U);
    EXPECT_EQ(port.interface_id, "eni-1");
    EXPECT_TRUE(restored.image->leftovers.to_settle.empty());
    EXPECT_FALSE(restored.image->image.has_stale_flows);
}

TEST(KernelImage, AVersionThatNeverCameIntoForceIsWrittenOverAndEveryEpochIsRenewed) {
    KernelContent content = one_port();
    content.ports.front().second.view[1].group_policy[0] = 8;
    const Restored restored(content);
    const auto& rows = restored.image->leftovers.to_settle.ports;
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows.front().settled.view[1].group_policy[0], 0U);
    EXPECT_TRUE(restored.image->image.has_stale_flows);
}

// Whose flows it has is not known: the device could be another interface's next.
TEST(KernelImage, AClosedPortThatWasSomebodysBeginsAnew) {
    KernelContent content = one_port();
    for (pc_port_view& view : content.ports.front().second.view) {
        view = {.epoch = 6, .zone = 1};
    }
    Restored restored(content);
    EXPECT_THAT(restored.image->image.ports, IsEmpty());
    EXPECT_THAT(restored.image->leftovers.to_settle.devices.removed, ElementsAre(kDevice));
    restored.slots.recycle();
    for (std::uint32_t slot = 2; slot <= restored.capacities.ports; ++slot) {
        EXPECT_EQ(DeviceSlots::slot_of(restored.slots.take().value()), slot);
    }
    EXPECT_EQ(restored.slots.take().value(), (4U << PC_PORT_ID_SLOT_BITS | kSlot));
}

TEST(KernelImage, AClosedPortThatWasNobodysIsKept) {
    KernelContent content = one_port();
    for (pc_port_view& view : content.ports.front().second.view) {
        view = {.epoch = 1};
    }
    const Restored restored(content);
    EXPECT_THAT(restored.image->image.ports, SizeIs(1));
}

TEST(KernelImage, APortWhoseInterfaceHasNoNameBeginsAnew) {
    KernelContent content = one_port();
    content.policy.names.clear();
    const Restored restored(content);
    EXPECT_THAT(restored.image->image.ports, IsEmpty());
}

TEST(KernelImage, DeparturesCountOnlyIfTheirGenerationBegan) {
    KernelContent content = one_port();
    const pc_member4_key came{.prefixlen = 64, .zone = 1, .address = 1};
    const pc_member4_key did_not{.prefixlen = 64, .zone = 1, .address = 2};
    content.departed4 = {{came, content.generation}, {did_not, content.generation + 1}};
    const Restored restored(content);
    ASSERT_THAT(restored.image->leftovers.to_settle.departed4, SizeIs(1));
    EXPECT_EQ(restored.image->leftovers.to_settle.departed4.front().address, 1U);
    ASSERT_THAT(restored.image->leftovers.to_undo.departed4, SizeIs(1));
    EXPECT_EQ(restored.image->leftovers.to_undo.departed4.front().address, 2U);
}

TEST(KernelImage, ASetKeepsItsNumberOnlyWithAllOfItsContent) {
    KernelContent content = one_port();
    const pc_port_set_key ssh{.set = 5, .port = 22, .protocol = 6, .length = 16};
    content.policy.set_heads = {{5, pc_set_head{.number = 5, .lengths = {1U << 16}}}};
    content.policy.port_sets = {{ssh, 1}};
    PortSetContent wanted{.head = {.lengths = {1U << 16}}, .ports = {{ssh, 1}}};
    wanted.ports.front().first.set = 0;
    EXPECT_EQ(Restored(content).numberings.port_sets.number_of(key_of(wanted)).value(), 5U);
    content.policy.port_sets.clear();  // as somebody may have done
    EXPECT_NE(Restored(content).numberings.port_sets.number_of(key_of(wanted)).value(), 5U);
}

TEST(KernelImage, ANumberBeyondTheMapsIsRefused) {
    KernelContent content = one_port();
    MapCapacities capacities{.interfaces = kInterface - 1};
    Numberings numberings(capacities);
    DeviceSlots slots(capacities.ports);
    EXPECT_FALSE(restore_image(content, capacities, numberings, slots));
}

TEST(BpfKeys, NamesOfAnyLengthComeBackWholeAndNoneComesBackInPart) {
    for (const std::size_t bytes : {1U, PC_NAME_PART, PC_NAME_PART + 1, 5 * PC_NAME_PART}) {
        MapImage::Entries<pc_name_key, pc_name> names;
        const std::string name(bytes, 'x');
        add_name(PC_NAME_RULE, 3, name, names);
        EXPECT_EQ(names_of(PC_NAME_RULE, names).at(3), name);
        EXPECT_THAT(names_of(PC_NAME_GROUP, names), IsEmpty());
        if (names.size() > 1) {
            names.pop_back();
            EXPECT_EQ(names_of(PC_NAME_RULE, names).at(3), "");
        }
    }
}

TEST(BpfKeys, ARowForSeveralInterfacesIsNoInterface) {
    const std::string_view ids[] = {"eni-1", "eni-2"};
    EXPECT_EQ(interface_id_of(interface_key("eni-1")), "eni-1");
    EXPECT_EQ(interface_id_of(interface_key(ids)), std::nullopt);
}

}  // namespace
}  // namespace portcullis
