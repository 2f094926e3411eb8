// SPDX-License-Identifier: Apache-2.0
#include "loader/device_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace portcullis {
namespace {

TEST(DeviceSlots, NoPortIdIsEverGivenOutTwice) {
    DeviceSlots slots(3);
    std::set<std::uint32_t> seen;
    for (int round = 0; round < 100; ++round) {
        const auto id = slots.take();
        ASSERT_TRUE(id);
        EXPECT_TRUE(seen.insert(*id).second);
        slots.release(DeviceSlots::slot_of(*id));
        slots.recycle();
    }
}

TEST(DeviceSlots, AReleasedSlotIsNotTakenBeforeAGracePeriodHasPassed) {
    DeviceSlots slots(1);
    const auto id = slots.take();
    ASSERT_TRUE(id);
    slots.release(DeviceSlots::slot_of(*id));
    EXPECT_TRUE(slots.has_released());
    EXPECT_FALSE(slots.take());
    slots.recycle();
    EXPECT_TRUE(slots.take());
}

TEST(DeviceSlots, WithoutASlotTheLimitIsNamed) {
    DeviceSlots slots(1);
    ASSERT_TRUE(slots.take());
    const auto second = slots.take();
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, ::testing::HasSubstr("the limit is 1"));
}

TEST(DeviceSlots, SlotZeroIsNeverGivenOut) {
    DeviceSlots slots(5);
    for (int count = 0; count < 5; ++count) {
        const auto id = slots.take();
        ASSERT_TRUE(id);
        EXPECT_NE(DeviceSlots::slot_of(*id), 0U);
        EXPECT_LE(DeviceSlots::slot_of(*id), 5U);
    }
}

}  // namespace
}  // namespace portcullis
