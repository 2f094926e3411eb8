// SPDX-License-Identifier: Apache-2.0
// What was measured: samples of peers that were taken in turn, their medians and spreads, and ratios between them.
#pragma once

#include <string>
#include <vector>

namespace portcullis::bench {

struct Row {
    std::string name;
    std::vector<double> nanoseconds;  // per packet, one for each repetition, in the order taken
    [[nodiscard]] double median() const;
    [[nodiscard]] double lowest() const;
    [[nodiscard]] double highest() const;
};

// Rows of one table are measured in the same run, interleaved; the first is the one that ratios refer to.
struct Table {
    std::string id;  // "B1"
    std::string title;
    bool is_rate = false;  // ratio = reference / row (faster is more), else row / reference
    std::vector<Row> rows;
};

// Single numbers of peers, each with its unit.
struct Quantity {
    std::string name;            // with the unit
    std::vector<double> values;  // one for each column
};
struct Quantities {
    std::string id;
    std::string title;
    std::vector<std::string> columns;
    std::vector<Quantity> rows;
};

[[nodiscard]] std::string to_markdown(const Table& table);
[[nodiscard]] std::string to_markdown(const Quantities& quantities);
// With kernel, CPU count and every sample.
[[nodiscard]] std::string to_json(const std::vector<Table>& tables, const std::vector<Quantities>& quantities = {});

}  // namespace portcullis::bench
