// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/bench/plot.h"
#include "tests/support/temporary_directory.h"

namespace portcullis::bench {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Table live() {
    Table table{.id = "B3", .title = "live <path>", .unit = "ns per packet", .ratio = Ratio::OfRate, .rows = {}};
    table.rows.push_back({.name = "bare", .samples = {400, 410, 390}, .unit = {}, .budget = nullptr, .x = {}});
    table.rows.push_back({.name = "ours", .samples = {500, 512.5, 487.5}, .unit = {}, .budget = &budget::kLiveOne, .x = {}});
    return table;
}

const Circumstances kHere{.commit = "abc", .kernel = "6.1", .machine = "a processor, CPUs: 2", .extent = "quick"};

TEST(Markdown, HasMedianSpreadRatioAndBudget) {
    EXPECT_THAT(to_markdown(live()), AllOf(HasSubstr("| bare | 400.0 (390.0-410.0) | 1.00 (1.00-1.00) |  |  |\n"),
                                           HasSubstr("| ours | 500.0 (487.5-512.5) | 0.80 (0.80-0.80) | ≥ 0.75 × bare bridge | held |\n")));
}

TEST(Markdown, SaysOfARowWithAUnitOfItsOwnWhichAndOfOneSampleNoSpread) {
    Table table{.id = "B7", .title = "start", .unit = "as said", .ratio = Ratio::None, .rows = {}};
    table.rows.push_back({.name = "all", .samples = {12}, .unit = "s", .budget = &budget::kColdStart, .x = {}});
    EXPECT_THAT(to_markdown(table), HasSubstr("| all | 12.0 s | ≤ 10.0 s | **missed** |\n"));
}

TEST(BudgetTable, HasEveryBudgetMeasuredOrNot) {
    const std::vector<Table> tables{live()};
    const std::string text = budgets_to_markdown(tables);
    for (const Budget* budget : kBudgets) {
        EXPECT_THAT(text, HasSubstr("| " + std::string(budget->what) + " |"));
    }
    EXPECT_THAT(text, AllOf(HasSubstr("established, 1 flow | ≥ 0.75 × bare bridge | 0.80 | held |"),
                            HasSubstr("50,000 flows | ≥ 0.52 × bare bridge | not measured |  |")));
}

TEST(BudgetTable, CountsTheRowThatIsNearestToMissing) {
    std::vector<Table> tables{live(), live()};
    tables[1].rows[1].samples = {800, 820, 780};
    EXPECT_THAT(budgets_to_markdown(tables), HasSubstr("| 0.50 | **missed** |"));
    std::swap(tables[0], tables[1]);
    EXPECT_THAT(budgets_to_markdown(tables), HasSubstr("| 0.50 | **missed** |"));
}

TEST(Json, HasTheCircumstancesAndEverySample) {
    const std::vector<Table> tables{live()};
    const nlohmann::json read = nlohmann::json::parse(to_json(kHere, tables));
    EXPECT_EQ(read["Commit"], "abc");
    EXPECT_EQ(read["Kernel"], "6.1");
    EXPECT_EQ(read["Tables"][0]["Rows"][1]["Samples"], (std::vector<double>{500, 512.5, 487.5}));
    EXPECT_EQ(read["Tables"][0]["Rows"][1]["Unit"], "ns per packet");
}

TEST(Plot, IsABarForEachRowAndEscapesText) {
    const std::string svg = to_svg(live());
    EXPECT_THAT(svg, AllOf(HasSubstr("live &lt;path>"), HasSubstr(">bare</text>"), HasSubstr(">ours</text>"), Not(HasSubstr("polyline"))));
}

TEST(Plot, IsACurveWhereRowsHaveAPlaceFromLeftToRight) {
    Table table = live();
    table.rows[0].x = 10;
    table.rows[1].x = 1'000;
    const std::string svg = to_svg(table);
    // 900 wide with a margin of 60: the first is on the axis, the last at the other end; the highest sample reaches the top.
    EXPECT_THAT(svg, AllOf(HasSubstr("<polyline points=\"60,97 800,46 \""), HasSubstr("y2=\"40\"")));
}

TEST(ReportFiles, AreTheReportTheSamplesAndAPlotForEachTable) {
    const test::TemporaryDirectory directory;
    const std::vector<Table> tables{live(), live()};
    write_report(directory.path("new"), kHere, tables);
    for (const char* name : {"report.md", "samples.json", "B3-1.svg", "B3-2.svg"}) {
        EXPECT_TRUE(std::filesystem::file_size(directory.path("new/") + name) > 0) << name;
    }
    std::ifstream file(directory.path("new/report.md"));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, AllOf(HasSubstr("A quick run of `tools/dev bench` on commit abc, Linux 6.1, a processor, CPUs: 2"),
                            HasSubstr("](B3-2.svg)")));
}

}  // namespace
}  // namespace portcullis::bench
