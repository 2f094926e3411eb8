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

[[nodiscard]] std::string to_markdown(const Table& table);
[[nodiscard]] std::string to_json(const std::vector<Table>& tables);  // with kernel, CPU count and every sample

}  // namespace portcullis::bench
