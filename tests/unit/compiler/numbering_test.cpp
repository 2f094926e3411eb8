// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/numbering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

using testing::HasSubstr;

TEST(Numbering, AKeyKeepsItsNumberWhateverElseChanges) {
    Numbering numbering("things", 10);
    EXPECT_EQ(*numbering.number_of("a"), 1u);
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    numbering.retire_unused();
    EXPECT_EQ(*numbering.number_of("c"), 3u);
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    numbering.retire_unused();
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    EXPECT_EQ(numbering.key_of(2), "b");
    EXPECT_EQ(numbering.highest(), 3u);
}

TEST(Numbering, AFreedNumberIsGivenOutOnlyAfterTheChangeBehindTheOneThatFreedIt) {
    Numbering numbering("things", 10);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    numbering.retire_unused();  // carried out: a
    ASSERT_EQ(*numbering.number_of("b"), 2u);
    numbering.retire_unused();  // carried out: b, so 1 is freed
    EXPECT_EQ(numbering.key_of(1), "");
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    EXPECT_EQ(*numbering.number_of("c"), 3u);
    numbering.retire_unused();
    EXPECT_EQ(*numbering.number_of("d"), 1u);
    EXPECT_EQ(numbering.key_of(1), "d");
}

TEST(Numbering, WhatIsRetiredByNameIsAllThatGoesAndRestsAsLong) {
    Numbering numbering("things", 10);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    ASSERT_EQ(*numbering.number_of("b"), 2u);
    numbering.retire_unused();
    const std::uint32_t gone[] = {1};
    numbering.retire(gone);  // nobody asked for b
    EXPECT_EQ(numbering.key_of(1), "");
    EXPECT_EQ(numbering.key_of(2), "b");
    EXPECT_EQ(*numbering.number_of("c"), 3u);
    numbering.retire({});
    EXPECT_EQ(*numbering.number_of("d"), 1u);
    EXPECT_EQ(*numbering.number_of("b"), 2u);
}

TEST(Numbering, AFreedNumberIsNotTheOneOfAKeyThatComesBack) {
    Numbering numbering("things", 10);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    numbering.retire_unused();
    numbering.retire_unused();
    EXPECT_EQ(*numbering.number_of("a"), 2u);
}

TEST(Numbering, RollingBackUndoesWhatWasGivenAndWhatWasAsked) {
    Numbering numbering("things", 10);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    ASSERT_EQ(*numbering.number_of("b"), 2u);
    numbering.retire_unused();
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    ASSERT_EQ(*numbering.number_of("c"), 3u);
    numbering.roll_back();
    EXPECT_EQ(numbering.key_of(3), "");
    EXPECT_EQ(numbering.key_of(1), "a") << "given out before the change that failed";
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    EXPECT_EQ(*numbering.number_of("d"), 3u) << "its number is free at once";
    numbering.retire_unused();
    EXPECT_EQ(numbering.key_of(1), "") << "only the change that failed asked for it";
    EXPECT_EQ(numbering.key_of(2), "b");
}

TEST(Numbering, RollingBackKeepsFreedNumbersBack) {
    Numbering numbering("things", 2);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    numbering.retire_unused();
    numbering.retire_unused();  // 1 is freed
    ASSERT_EQ(*numbering.number_of("b"), 2u);
    numbering.roll_back();
    EXPECT_EQ(*numbering.number_of("b"), 2u);
    EXPECT_FALSE(numbering.number_of("c").has_value());
}

TEST(Numbering, ExhaustionNamesTheKindAndTheLimit) {
    Numbering numbering("port sets", 2);
    ASSERT_TRUE(numbering.number_of("a").has_value());
    ASSERT_TRUE(numbering.number_of("b").has_value());
    const auto refused = numbering.number_of("c");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, testing::AllOf(HasSubstr("port sets"), HasSubstr("limit is 2")));
    EXPECT_EQ(*numbering.number_of("a"), 1u);
}

TEST(Numbering, SurvivesBeingMoved) {
    Numbering numbering("things", 10);
    ASSERT_EQ(*numbering.number_of("a"), 1u);
    const Numbering moved = std::move(numbering);
    EXPECT_EQ(moved.key_of(1), "a");
}

TEST(Numbering, ZeroIsNobodysNumber) {
    Numbering numbering("things", 1);
    EXPECT_EQ(numbering.key_of(0), "");
    EXPECT_EQ(*numbering.number_of("a"), 1u);
    EXPECT_EQ(numbering.key_of(0), "");
}

}  // namespace
}  // namespace portcullis
