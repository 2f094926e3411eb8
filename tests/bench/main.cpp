// SPDX-License-Identifier: Apache-2.0
// `portcullis_bench`: measures, prints the tables as Markdown, and writes every sample as JSON. Run by `tools/dev bench`.
#include <sched.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>

#include "tests/bench/live_path.h"
#include "tests/bench/program_cost.h"
#include "tests/bench/scale_report.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace {

// Samples of one run are comparable only if the scheduler does not move them about.
void pin_to_last_cpu() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN) - 1), &cpus);
    if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
        portcullis::test::end_test_run("pin the benchmark to one CPU");
    }
}

std::vector<portcullis::bench::Table> measure_data_path(const portcullis::bench::Effort& effort) {
    using namespace portcullis;
    std::cerr << "bench: B1, program cost\n";
    std::vector<bench::Table> tables = bench::measure_program_cost(effort);
    std::cerr << "bench: B3, live path\n";
    for (bench::Table& table : bench::measure_live_path(effort)) {
        tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace portcullis;
    CLI::App app{
        "Measures the data path beside its peers, in the same run and in turn.\nExample: portcullis_bench --quick --json samples.json"};
    bool is_quick = false;
    std::string json_file;
    app.add_flag("--quick", is_quick, "fewer repetitions: a glance, not a result");
    app.add_option("--json", json_file, "write every sample to this file");
    bench::ScaleEffort scale;
    bool has_scale = false;
    app.add_flag("--scale", has_scale, "measure a large model under nftables instead");
    app.add_option("--ports", scale.scale.ports, "its ports, at most 1,000")->check(CLI::Range(4, 1000))->capture_default_str();
    app.add_option("--rules", scale.scale.rules, "its rules, at least 10 for each port")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const bench::Effort effort = is_quick ? bench::Effort{.turns = 5, .repeat = 200'000} : bench::Effort{};
    const test::PrivateBpffs bpffs;
    pin_to_last_cpu();
    std::vector<bench::Table> tables;
    std::vector<bench::Quantities> quantities;
    if (has_scale) {
        scale.turns = effort.turns;
        bench::ScaleReport report = bench::measure_scale(scale);
        quantities.push_back(std::move(report.costs));
        tables = std::move(report.packets);
    } else {
        tables = measure_data_path(effort);
    }
    for (const bench::Quantities& one : quantities) {
        std::cout << bench::to_markdown(one) << '\n';
    }
    for (const bench::Table& table : tables) {
        std::cout << bench::to_markdown(table) << '\n';
    }
    if (!json_file.empty() && !(std::ofstream(json_file) << bench::to_json(tables, quantities) << '\n')) {
        std::cerr << "portcullis_bench: cannot write " << json_file << '\n';
        return 1;
    }
    return 0;
}
