// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/apart.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

using testing::ElementsAre;

TEST(MeasuringApart, BringsTablesOverWhole) {
    const Row budgeted{.name = "one \"row\"", .samples = {1.5, 2e9}, .unit = {}, .budget = &budget::kFlat, .x = 10};
    const Row plain{.name = "another", .samples = {}, .unit = "ms", .budget = nullptr, .x = {}};
    const Table sent{.id = "B2", .title = "some", .unit = "ns", .ratio = Ratio::OfRate, .rows = {budgeted, plain}};

    const std::optional<Tables> received = measure_apart([&] { return Tables{sent, Table{}}; });

    ASSERT_TRUE(received);
    ASSERT_EQ(received->size(), 2U);
    const Table& table = received->front();
    EXPECT_EQ(table.id, "B2");
    EXPECT_EQ(table.title, "some");
    EXPECT_EQ(table.unit, "ns");
    EXPECT_EQ(table.ratio, Ratio::OfRate);
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(table.rows[0].name, "one \"row\"");
    EXPECT_THAT(table.rows[0].samples, ElementsAre(1.5, 2e9));
    EXPECT_EQ(table.rows[0].budget, &budget::kFlat);
    EXPECT_EQ(table.rows[0].x, 10);
    EXPECT_EQ(table.rows[1].unit, "ms");
    EXPECT_EQ(table.rows[1].budget, nullptr);
    EXPECT_FALSE(table.rows[1].x);
    EXPECT_TRUE(received->back().rows.empty());
}

TEST(MeasuringApart, GivesNothingWhereTheMeasuringCannotGoOn) {
    const auto failing = [] {
        errno = EIO;
        test::end_test_run("find what the test looks for");
        return Tables{};
    };
    EXPECT_FALSE(measure_apart(failing));
}

TEST(MeasuringApart, EndsWhatTheMeasuringLeavesBehind) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    UniqueFd reader(ends[0]), writer(ends[1]);
    const auto leaving = [&] {
        if (::fork() == 0) {
            (void)::close(STDOUT_FILENO);
            for (;;) {
                (void)::pause();
            }
        }
        return Tables{};
    };
    EXPECT_TRUE(measure_apart(leaving));
    writer.reset();
    char byte = 0;
    EXPECT_EQ(::read(reader.value(), &byte, 1), 0) << "somebody still has the other end";
}

}  // namespace
}  // namespace portcullis::bench
