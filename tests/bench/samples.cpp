// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/samples.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace portcullis::bench {
namespace {

std::string format(const char* pattern, double value) {
    char text[64];
    (void)std::snprintf(text, sizeof text, pattern, value);  // cut at worst
    return text;
}

std::string kernel_release() {
    utsname name{};
    return ::uname(&name) == 0 ? name.release : "unknown";
}

// Each repetition compared with the reference's of the same turn: drift of the machine between turns cancels out.
Row ratios(const Table& table, const Row& row) {
    Row result{.name = row.name, .nanoseconds = {}};
    const Row& reference = table.rows.front();
    for (std::size_t turn = 0; turn < std::min(row.nanoseconds.size(), reference.nanoseconds.size()); ++turn) {
        const double ratio = row.nanoseconds[turn] / reference.nanoseconds[turn];
        result.nanoseconds.push_back(table.is_rate ? 1 / ratio : ratio);
    }
    return result;
}

}  // namespace

double Row::median() const {
    std::vector<double> sorted = nanoseconds;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Row::lowest() const { return *std::min_element(nanoseconds.begin(), nanoseconds.end()); }
double Row::highest() const { return *std::max_element(nanoseconds.begin(), nanoseconds.end()); }

std::string to_markdown(const Table& table) {
    std::string text =
        "### " + table.id + ": " + table.title + "\n\n| | ns per packet (lowest-highest) | ratio (lowest-highest) |\n|---|---|---|\n";
    for (const Row& row : table.rows) {
        const Row ratio = ratios(table, row);
        text += "| " + row.name + " | " + format("%.1f", row.median()) + " (" + format("%.1f", row.lowest()) + "-" +
                format("%.1f", row.highest()) + ") | " + format("%.2f", ratio.median()) + " (" + format("%.2f", ratio.lowest()) + "-" +
                format("%.2f", ratio.highest()) + ") |\n";
    }
    return text;
}

std::string to_markdown(const Quantities& quantities) {
    std::string text = "### " + quantities.id + ": " + quantities.title + "\n\n|";
    std::string line = "|---|";
    for (const std::string& column : quantities.columns) {
        text += " | " + column;
        line += "---|";
    }
    text += " |\n" + line + "\n";
    for (const Quantity& row : quantities.rows) {
        text += "| " + row.name;
        for (const double value : row.values) {
            text += " | " + format("%.0f", value);
        }
        text += " |\n";
    }
    return text;
}

std::string to_json(const std::vector<Table>& tables, const std::vector<Quantities>& quantities) {
    nlohmann::json document{{"Kernel", kernel_release()}, {"Cpus", ::sysconf(_SC_NPROCESSORS_ONLN)}, {"Tables", nlohmann::json::array()}};
    for (const Table& table : tables) {
        nlohmann::json rows = nlohmann::json::array();
        for (const Row& row : table.rows) {
            rows.push_back({{"Name", row.name}, {"Nanoseconds", row.nanoseconds}});
        }
        document["Tables"].push_back({{"Id", table.id}, {"Title", table.title}, {"Rows", rows}});
    }
    for (const Quantities& one : quantities) {
        nlohmann::json rows = nlohmann::json::array();
        for (const Quantity& row : one.rows) {
            rows.push_back({{"Name", row.name}, {"Values", row.values}});
        }
        document["Quantities"].push_back({{"Id", one.id}, {"Title", one.title}, {"Columns", one.columns}, {"Rows", rows}});
    }
    return document.dump(2);
}

}  // namespace portcullis::bench
