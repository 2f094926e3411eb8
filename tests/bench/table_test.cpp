// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bench/sampling.h"

namespace portcullis::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Table table_of(Ratio ratio, std::vector<double> first, std::vector<double> second) {
    Table table{.id = "B1", .title = "two", .unit = "ns", .ratio = ratio, .rows = {}};
    table.rows.push_back({.name = "first", .samples = std::move(first), .unit = {}, .budget = nullptr, .x = {}});
    table.rows.push_back({.name = "second", .samples = std::move(second), .unit = {}, .budget = nullptr, .x = {}});
    return table;
}

TEST(Statistics, TheMedianIsTheMiddleOneOrBetweenTheTwoInTheMiddle) {
    EXPECT_EQ(median({9, 1, 5}), 5);
    EXPECT_EQ(median({9, 1, 5, 6}), 5.5);
}

TEST(Statistics, AQuantileIsASampleThatSoManyDoNotExceed) {
    std::vector<double> samples;
    for (int i = 200; i > 0; --i) {
        samples.push_back(i);
    }
    EXPECT_EQ(quantile(samples, 0.99), 198);
    EXPECT_EQ(quantile(samples, 1), 200);
    EXPECT_EQ(quantile({7}, 0.5), 7);
}

TEST(Statistics, LowestAndHighestAreTheSpread) {
    EXPECT_EQ(lowest({3, 1, 2}), 1);
    EXPECT_EQ(highest({3, 1, 2}), 3);
}

TEST(Ratios, AreTakenTurnByTurnAndOfTimesAsRatesTheOtherWayRound) {
    const Table cost = table_of(Ratio::OfCost, {10, 20}, {20, 80});
    const Table rate = table_of(Ratio::OfRate, {10, 20}, {20, 80});
    const Table share = table_of(Ratio::Of, {10, 20}, {20, 80});
    EXPECT_THAT(ratios(cost, cost.rows[1]), ElementsAre(2, 4));
    EXPECT_THAT(ratios(rate, rate.rows[1]), ElementsAre(0.5, 0.25));
    EXPECT_THAT(ratios(share, share.rows[1]), ElementsAre(2, 4));
    EXPECT_THAT(ratios(cost, cost.rows[0]), ElementsAre(1, 1));
    const Table none = table_of(Ratio::None, {1}, {2});
    EXPECT_THAT(ratios(none, none.rows[1]), IsEmpty());
}

TEST(Ratios, DifferencesToo) { EXPECT_THAT(differences({10, 20}, {1, 5}), ElementsAre(9, 15)); }

TEST(Budgets, AreHeldToTheMedianOfTheRatioOrOfTheValue) {
    Table table = table_of(Ratio::OfCost, {10, 10, 10}, {15, 16, 90});
    table.rows[1].budget = &budget::kEstablished4;
    EXPECT_EQ(held_to_budget(table, table.rows[1]), 1.6);
    table.rows[1].budget = &budget::kColdStart;
    EXPECT_EQ(held_to_budget(table, table.rows[1]), 16);
}

TEST(Budgets, TheBoundItselfHolds) {
    EXPECT_TRUE(budget::kEstablished4.is_held_by(1.6));
    EXPECT_FALSE(budget::kEstablished4.is_held_by(1.61));
    EXPECT_TRUE(budget::kLiveOne.is_held_by(0.75));
    EXPECT_FALSE(budget::kLiveOne.is_held_by(0.74));
}

TEST(Sampling, TakesThePeersInTurn) {
    std::vector<char> order;
    const auto noting = [&](char name, double value) {
        return Contender{.name = std::string(1, name),
                         .sample =
                             [&order, name, value] {
                                 order.push_back(name);
                                 return value;
                             },
                         .budget = nullptr};
    };
    const std::vector<Row> rows = interleave({noting('a', 1), noting('b', 2)}, 3);
    EXPECT_THAT(order, ElementsAre('a', 'b', 'a', 'b', 'a', 'b'));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_THAT(rows[0].samples, ElementsAre(1, 1, 1));
    EXPECT_THAT(rows[1].samples, ElementsAre(2, 2, 2));
}

}  // namespace
}  // namespace portcullis::bench
