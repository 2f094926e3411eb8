// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/bench/plot.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

// Three digits that say something, four of large numbers' fractions none.
std::string format(double value) {
    const double size = std::fabs(value);
    const int decimals = size >= 1'000 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
    char text[64];
    (void)std::snprintf(text, sizeof text, "%.*f", decimals, value);  // cut at worst
    return text;
}

std::string spread(const std::vector<double>& samples) {
    if (samples.empty()) {
        return "";
    }
    const std::string middle = format(median(samples));
    return samples.size() == 1 ? middle : middle + " (" + format(lowest(samples)) + "-" + format(highest(samples)) + ")";
}

std::string limit_of(const Budget& budget) {
    return (budget.bound == Budget::Bound::AtMost ? "≤ " : "≥ ") + format(budget.limit) + " " + std::string(budget.unit);
}

std::string line(std::initializer_list<std::string> cells) {
    std::string text = "|";
    for (const std::string& cell : cells) {
        text += " " + cell + " |";
    }
    return text + "\n";
}

std::string judgement(const Budget& budget, double measured) { return budget.is_held_by(measured) ? "held" : "**missed**"; }

// Of two rows that are held to the same budget the one that is nearer to missing it counts.
bool is_worse(const Budget& budget, double one, double other) { return budget.bound == Budget::Bound::AtMost ? one > other : one < other; }

std::string plot_name(std::span<const Table> tables, const Table& table) {
    int number = 1;
    for (const Table* other = tables.data(); other != &table; ++other) {
        number += other->id == table.id ? 1 : 0;
    }
    return table.id + "-" + std::to_string(number) + ".svg";
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    if (!(std::ofstream(path) << text << std::flush)) {
        test::end_test_run("write " + path.string());
    }
}

bool is_plotted(const Table& table) { return table.rows.size() > 1 && table.rows.front().unit.empty(); }

}  // namespace

std::string to_markdown(const Table& table) {
    std::string text = "### " + table.id + ": " + table.title + "\n\n";
    const bool has_ratios = table.ratio != Ratio::None;
    text += has_ratios ? line({"", table.unit + ", median (lowest-highest)", "ratio", "budget", ""}) + "|---|---|---|---|---|\n"
                       : line({"", table.unit + ", median (lowest-highest)", "budget", ""}) + "|---|---|---|---|\n";
    for (const Row& row : table.rows) {
        const std::string budget = row.budget != nullptr ? limit_of(*row.budget) : "";
        const std::string held = row.budget != nullptr ? judgement(*row.budget, held_to_budget(table, row)) : "";
        const std::string value = spread(row.samples) + (row.unit.empty() ? "" : " " + row.unit);
        text += has_ratios ? line({row.name, value, spread(ratios(table, row)), budget, held}) : line({row.name, value, budget, held});
    }
    return text;
}

std::string budgets_to_markdown(std::span<const Table> tables) {
    std::map<const Budget*, double> worst;
    for (const Table& table : tables) {
        for (const Row& row : table.rows) {
            if (row.budget != nullptr) {
                const double measured = held_to_budget(table, row);
                const auto [at, is_first] = worst.emplace(row.budget, measured);
                at->second = is_first || is_worse(*row.budget, measured, at->second) ? measured : at->second;
            }
        }
    }
    std::string text = line({"", "what", "budget", "measured", ""}) + "|---|---|---|---|---|\n";
    for (const Budget* budget : kBudgets) {
        const auto found = worst.find(budget);
        const std::string measured = found == worst.end() ? "not measured" : format(found->second);
        text += line({std::string(budget->question), std::string(budget->what), limit_of(*budget), measured,
                      found == worst.end() ? "" : judgement(*budget, found->second)});
    }
    return text;
}

std::string to_markdown(const Circumstances& circumstances, std::span<const Table> tables) {
    std::string text = "# Measured\n\nA " + circumstances.extent + " run of `tools/dev bench` on commit " + circumstances.commit +
                       ", Linux " + circumstances.kernel + ", " + circumstances.machine +
                       ". How to read it: `docs/performance.md`.\n\n## Budgets\n\n" + budgets_to_markdown(tables) + "\n## Tables\n\n";
    for (const Table& table : tables) {
        text += to_markdown(table) + (is_plotted(table) ? "\n![" + table.title + "](" + plot_name(tables, table) + ")\n\n" : "\n");
    }
    return text;
}

std::string to_json(const Circumstances& circumstances, std::span<const Table> tables) {
    nlohmann::json document{{"Commit", circumstances.commit},
                            {"Kernel", circumstances.kernel},
                            {"Machine", circumstances.machine},
                            {"Extent", circumstances.extent},
                            {"Tables", nlohmann::json::array()}};
    for (const Table& table : tables) {
        nlohmann::json rows = nlohmann::json::array();
        for (const Row& row : table.rows) {
            rows.push_back({{"Name", row.name}, {"Unit", row.unit.empty() ? table.unit : row.unit}, {"Samples", row.samples}});
        }
        document["Tables"].push_back({{"Id", table.id}, {"Title", table.title}, {"Rows", rows}});
    }
    return document.dump(2) + "\n";
}

void write_report(const std::filesystem::path& directory, const Circumstances& circumstances, std::span<const Table> tables) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        errno = error.value();
        test::end_test_run("make " + directory.string());
    }
    write_file(directory / "report.md", to_markdown(circumstances, tables));
    write_file(directory / "samples.json", to_json(circumstances, tables));
    for (const Table& table : tables) {
        if (is_plotted(table)) {
            write_file(directory / plot_name(tables, table), to_svg(table));
        }
    }
}

}  // namespace portcullis::bench
