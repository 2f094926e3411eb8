// SPDX-License-Identifier: Apache-2.0
// What was measured: samples of peers taken in turn, their medians and spreads, ratios between them, and the budgets they are held to.
// The one form that every question answers in. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/budgets.h"

namespace portcullis::bench {

struct Row {
    std::string name;
    std::vector<double> samples;  // one for each turn, in the order taken
    std::string unit;             // empty: the table's
    const Budget* budget = nullptr;
    std::optional<double> x;  // where it is on a curve: the size that the table is about
};

enum class Ratio {
    None,    // rows have nothing in common
    OfCost,  // row / first row: of times; less is better
    OfRate,  // first row / row: of times as rates
    Of,      // row / first row of what is a rate already; more is better
};

// Rows are measured in the same run, interleaved; the first is the one that ratios refer to.
struct Table {
    std::string id;  // "B1"
    std::string title;
    std::string unit;  // "ns per packet"
    Ratio ratio = Ratio::None;
    std::vector<Row> rows;
};
using Tables = std::vector<Table>;

// Pre: not empty, as in all below.
[[nodiscard]] double median(std::vector<double> samples);
// The smallest sample that at least this part of them (0 < part <= 1) does not exceed.
[[nodiscard]] double quantile(std::vector<double> samples, double part);
[[nodiscard]] double lowest(const std::vector<double>& samples);
[[nodiscard]] double highest(const std::vector<double>& samples);

// Turn by turn, so that drift of the machine between turns cancels out. Empty where the table has no ratios.
[[nodiscard]] std::vector<double> ratios(const Table& table, const Row& row);
// `more` less `less`, turn by turn.
[[nodiscard]] std::vector<double> differences(const std::vector<double>& more, const std::vector<double>& less);
[[nodiscard]] std::vector<double> quotients(const std::vector<double>& dividends, const std::vector<double>& divisors);

// What the row's budget is about. Pre: it has one.
[[nodiscard]] double held_to_budget(const Table& table, const Row& row);

}  // namespace portcullis::bench
