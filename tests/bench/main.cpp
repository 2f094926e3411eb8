// SPDX-License-Identifier: Apache-2.0
// `portcullis_bench`: asks the questions, prints the tables as Markdown, and writes report, samples and plots. Run by `tools/dev bench`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>

#include "tests/bench/apart.h"
#include "tests/bench/machine.h"
#include "tests/bench/nft_scale_report.h"
#include "tests/bench/questions.h"
#include "tests/bench/report.h"
#include "tests/bench/sampling.h"
#include "tests/support/private_bpffs.h"

namespace {

using namespace portcullis::bench;

struct Question {
    const char* id;
    const char* title;
    Tables (*measure)(const Effort&);
};

constexpr std::array<Question, 9> kQuestions{{{"B1", "cost of one program run", measure_program_cost},
                                              {"B2", "cost against the size of the policy", measure_policy_size},
                                              {"B3", "live path", measure_live_path},
                                              {"B4", "TCP", measure_tcp},
                                              {"B5", "new connections", measure_connections},
                                              {"B6", "from change to enforced", measure_changes},
                                              {"B7", "cold start", measure_cold_start},
                                              {"B8", "memory and sweep", measure_memory},
                                              {"B9", "floods", measure_floods}}};

struct Wish {
    std::vector<std::string> only;  // ids; empty: all
    std::string extent = "full";
    std::string directory;
    Circumstances circumstances;
};

Effort effort_of(const std::string& extent) {
    return extent == "full" ? full_effort() : extent == "quick" ? quick_effort() : smoke_effort();
}

void keep(const Wish& wish, const Tables& tables) {
    if (!wish.directory.empty()) {
        write_report(wish.directory, wish.circumstances, tables);
    }
}

// What has been measured is written before the next question is asked. Whether every question was answered.
bool measure(const Wish& wish) {
    const Effort effort = effort_of(wish.extent);
    Tables tables;
    bool is_complete = true;
    for (const Question& question : kQuestions) {
        if (!wish.only.empty() && std::find(wish.only.begin(), wish.only.end(), question.id) == wish.only.end()) {
            continue;
        }
        std::cerr << "bench: " << question.id << ", " << question.title << '\n';
        std::optional<Tables> measured;
        const double took = seconds([&] {
            measured = measure_apart([&] {
                const portcullis::test::PrivateBpffs bpffs;
                return question.measure(effort);
            });
        });
        std::cerr << "bench: " << question.id << (measured ? " took " : " was given up after ") << std::lround(took) << " s\n";
        is_complete &= measured.has_value();
        for (Table& table : measured.value_or(Tables{})) {
            std::cout << to_markdown(table) << '\n' << std::flush;
            tables.push_back(std::move(table));
        }
        keep(wish, tables);
    }
    std::cout << budgets_to_markdown(tables);
    return is_complete;
}

void measure_nftables(const Wish& wish, const ScaleEffort& effort) {
    const Tables tables = measure_scale(effort);
    for (const Table& table : tables) {
        std::cout << to_markdown(table) << '\n';
    }
    keep(wish, tables);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Measures Portcullis beside its peers, in the same run and in turn.\nExample: portcullis_bench --quick --only B1,B3"};
    Wish wish;
    ScaleEffort scale;
    std::vector<std::string> ids;
    for (const Question& question : kQuestions) {
        ids.emplace_back(question.id);
    }
    app.add_option("--only", wish.only, "these questions alone: B1,B3")->delimiter(',')->check(CLI::IsMember(ids));
    auto* extent = app.add_option_group("extent")->require_option(0, 1);
    extent->add_flag_callback(
        "--quick", [&] { wish.extent = "quick"; }, "minutes: a glance, not a result");
    extent->add_flag_callback(
        "--smoke", [&] { wish.extent = "smoke"; }, "seconds: whether it runs at all; the numbers say nothing");
    bool prints_budgets = false;
    app.add_flag("--budgets", prints_budgets, "print the budgets alone, without measuring");
    app.add_option("--directory", wish.directory, "write report.md, samples.json and plots there");
    app.add_option("--commit", wish.circumstances.commit, "what is measured, for the report")->default_val("unknown");
    bool has_scale = false;
    app.add_flag("--scale", has_scale, "measure a large model under nftables instead");
    app.add_option("--ports", scale.scale.ports, "its ports, at most 1,000")->check(CLI::Range(4, 1000))->capture_default_str();
    app.add_option("--rules", scale.scale.rules, "its rules, at least 10 for each port")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    if (prints_budgets) {
        std::cout << budgets_to_markdown({});
        return 0;
    }
    wish.circumstances.kernel = kernel_release();
    wish.circumstances.machine = machine_description();
    wish.circumstances.extent = wish.extent;
    std::cout << "Commit " << wish.circumstances.commit << ", Linux " << wish.circumstances.kernel << ", " << wish.circumstances.machine
              << "; a " << wish.extent << " run.\n\n";
    // Samples of one run are comparable only if the scheduler does not move them about.
    stay_on_cpu(last_cpu());
    if (has_scale) {
        scale.turns = effort_of(wish.extent).turns;
        measure_nftables(wish, scale);
        return 0;
    }
    return measure(wish) ? 0 : 1;
}
