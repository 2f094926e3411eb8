// SPDX-License-Identifier: Apache-2.0
#include "core/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bpf/abi.h"

namespace portcullis {
namespace {

TEST(Reason, HasANameATextAndAStageEach) {
    std::set<std::string_view> names;
    for (int number = 0; number < PC_REASON_COUNT; ++number) {
        const auto reason = static_cast<Reason>(number);
        EXPECT_TRUE(names.insert(name_of(reason)).second) << name_of(reason);
        EXPECT_FALSE(text_of(reason).empty()) << name_of(reason);
        EXPECT_LE(stage_of(reason), 8) << name_of(reason);
        EXPECT_EQ(reason_named(name_of(reason)), reason);
    }
}

TEST(Reason, IsFoundByItsExactNameAlone) {
    EXPECT_EQ(reason_named("security_group"), PC_REASON_security_group);
    EXPECT_EQ(stage_of(PC_REASON_security_group), 7);
    EXPECT_EQ(reason_named("Security_group"), std::nullopt);
    EXPECT_EQ(reason_named("security"), std::nullopt);
    EXPECT_EQ(reason_named(""), std::nullopt);
}

// Counters have one row per reason.
TEST(Reason, FitsTheCounters) { EXPECT_LE(static_cast<unsigned>(PC_REASON_COUNT), PC_REASONS_MAX); }

TEST(Reason, CountsZeroAsPassed) { EXPECT_EQ(static_cast<int>(PC_REASON_passed), 0); }

TEST(Direction, HasTheValuesOfTheKernelSide) {
    EXPECT_EQ(static_cast<unsigned>(Direction::Outbound), PC_OUTBOUND);
    EXPECT_EQ(static_cast<unsigned>(Direction::Inbound), PC_INBOUND);
    EXPECT_EQ(to_string(Direction::Outbound), "outbound");
    EXPECT_EQ(to_string(Direction::Inbound), "inbound");
}

}  // namespace
}  // namespace portcullis
