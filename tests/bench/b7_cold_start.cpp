// SPDX-License-Identifier: Apache-2.0
// B7: cold start: from the text of a large model to its enforcement, on one core: seconds, memory of the process, memory of the maps.
#include <cerrno>

#include "compiler/compile/compile.h"
#include "compiler/parse/parse.h"
#include "tests/bench/map_memory.h"
#include "tests/bench/memory_use.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"
#include "tests/bench/scale_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::bench {
namespace {

using test::value_or_end;

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr unsigned kManyCpus = 64;
constexpr std::size_t kRulesPerGroup = 100;
constexpr const char* kMapsOfFlows[] = {"pc_flows4", "pc_flows6", "pc_half_open"};  // they have budgets of their own (B8)

struct Start {
    double parse_s = 0, compile_s = 0, load_s = 0, write_s = 0, attach_s = 0, peak_mib = 0;
    [[nodiscard]] double all_s() const { return parse_s + compile_s + load_s + write_s + attach_s; }
};

// `document` is the daemon's own then: it is read by it, and counts. Ports come when the model is written, so that what each of them takes
// is seen apart.
Start start(const ScaleHost& host, const std::string& document, const MapCapacities& capacities) {
    const test::NetNamespace::Entered here = host.host().enter();
    Start taken;
    forget_peak();
    const std::int64_t before = present_memory();
    std::optional<Model> model;
    taken.parse_s = seconds([&] {
        const std::vector<Document> documents{{"model.json", document}};
        model = parse(documents).model;
    });
    if (!model) {
        errno = EINVAL;
        test::end_test_run("parse the large model");
    }
    Result<Ruleset> ruleset;
    taken.compile_s = seconds([&] { ruleset = compile(*model, Aliases()); });
    const std::string pins = test::PrivateBpffs::directory();
    std::unique_ptr<BpfDataplane> dataplane;
    taken.load_s = seconds([&] {
        dataplane =
            value_or_end(BpfDataplane::create({.bpffs_directory = pins, .capacities = capacities, .log = {}}), "load the BPF back end");
    });
    const Ruleset& compiled = ruleset.value();
    taken.write_s = seconds([&] { (void)value_or_end(dataplane->apply(compiled, {}, {}), "apply the model"); });
    taken.attach_s = seconds([&] { (void)value_or_end(dataplane->apply(compiled, host.bindings(compiled), {}), "attach the ports"); });
    taken.peak_mib = static_cast<double>(peak_memory() - before) / kMebibyte;
    return taken;
}

}  // namespace

Tables measure_cold_start(const Effort& effort) {
    const Scale scale{.ports = effort.ports, .rules = effort.interfaces * kRulesPerGroup, .interfaces = effort.interfaces};
    const ScaleHost host(scale);
    const std::string document = document_of(make_scale_model(scale));
    MapCapacities capacities = capacities_for(effort, 1'000'000);
    capacities.ports = std::max<std::uint32_t>(capacities.ports, 1'024);
    Table table{.id = "B7",
                .title = std::to_string(scale.rules) + " rules, interfaces and groups: " + std::to_string(scale.groups()) +
                         ", ports: " + std::to_string(scale.ports) + ", " + std::to_string(document.size() / 1'000'000) + " MB of JSON",
                .unit = "as said",
                .ratio = Ratio::None,
                .rows = {}};
    const bool is_budgeted = effort.extent == "full";
    const auto add = [&](const char* name, std::vector<double> samples, const char* unit, const Budget* budget) {
        table.rows.push_back(
            {.name = name, .samples = std::move(samples), .unit = unit, .budget = is_budgeted ? budget : nullptr, .x = {}});
    };
    const test::PrivateBpffs bpffs;
    // Once: what the kernel has yet to free of a former start is in the way of the next one.
    const Start taken = start(host, document, capacities);
    const auto by_name = map_memory();
    const MapMemory maps = sum_of(by_name);
    MapMemory of_flows;
    for (const char* name : kMapsOfFlows) {
        of_flows.bytes += by_name.at(name).bytes;
    }
    add("parse and validate", {taken.parse_s}, "s", nullptr);
    add("compile", {taken.compile_s}, "s", nullptr);
    add("load programs and maps", {taken.load_s}, "s", nullptr);
    add("lower and write", {taken.write_s}, "s", nullptr);
    add("attach the ports: at tcx each hook waits for a grace period, one after the other", {taken.attach_s}, "s", nullptr);
    add("from JSON to enforced", {taken.all_s()}, "s", &budget::kColdStart);
    add("memory of the process at its peak", {taken.peak_mib}, "MiB", &budget::kColdStartPeak);
    const auto mebibytes = [](std::uint64_t bytes) { return std::vector<double>{static_cast<double>(bytes) / kMebibyte}; };
    add("memory of all maps", mebibytes(maps.bytes), "MiB", nullptr);
    add("of them, flow tables and queues of half-open flows, whatever the rules", mebibytes(of_flows.bytes), "MiB", nullptr);
    add("all others, on 64 CPUs", mebibytes(bytes_on(maps, kManyCpus) - of_flows.bytes), "MiB", &budget::kColdStartMaps);
    return {std::move(table)};
}

}  // namespace portcullis::bench
