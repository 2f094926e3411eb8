// SPDX-License-Identifier: Apache-2.0
// Tables as Markdown, as JSON with every sample, and as plots; the table of budgets. Texts are pure; `write_report` writes files.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tests/bench/table.h"

namespace portcullis::bench {

// Under which circumstances tables came about.
struct Circumstances {
    std::string commit;  // with "+" where files differed from it
    std::string kernel;
    std::string machine;  // processor and number of CPUs
    std::string extent;   // "full", "quick" or "smoke"
};

[[nodiscard]] std::string to_markdown(const Table& table);
// Every budget with the worst row that is held to it, or that it was not measured.
[[nodiscard]] std::string budgets_to_markdown(std::span<const Table> tables);
[[nodiscard]] std::string to_markdown(const Circumstances& circumstances, std::span<const Table> tables);
[[nodiscard]] std::string to_json(const Circumstances& circumstances, std::span<const Table> tables);

// report.md, samples.json and a plot for each table of more than one row, in a directory that is made where it is missing. Failure ends
// the process.
void write_report(const std::filesystem::path& directory, const Circumstances& circumstances, std::span<const Table> tables);

}  // namespace portcullis::bench
