// SPDX-License-Identifier: Apache-2.0
// B8: memory per rule, flow and port; what the sweep of a full flow table costs.
#include <algorithm>

#include "tests/bench/map_memory.h"
#include "tests/bench/nft_peers.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"

namespace portcullis::bench {
namespace {

// Maps whose rows are ports, or as many for each port.
constexpr const char* kMapsOfPorts[] = {"pc_ports", "pc_port_states", "pc_fragments", "pc_counters", "pc_macs", "pc_claims"};

Table memory(ProgramBench& bench, const MapCapacities& capacities, std::size_t rules) {
    Table table{.id = "B8", .title = "memory of the maps", .unit = "bytes", .ratio = Ratio::None, .rows = {}};
    const auto add = [&](const std::string& name, double bytes, const Budget* budget) {
        table.rows.push_back({.name = name, .samples = {bytes}, .unit = {}, .budget = budget, .x = {}});
    };
    bench.apply({});
    const auto few = map_memory();
    bench.apply({.prefixes = rules});
    const auto many = map_memory();
    const auto bytes_of = [&](const char* map) { return static_cast<double>(few.at(map).bytes); };
    // Rows of arrays stand whether they are used or not: what a rule takes of them comes on top of what its entries take. Both directions
    // of both ports' group have the rules, and share what is equal.
    const double entries = static_cast<double>(sum_of(many).bytes) - static_cast<double>(sum_of(few).bytes);
    const double rows = bytes_of("pc_rule_hits") / capacities.rules + bytes_of("pc_set_heads") / capacities.port_sets;
    add("a rule: its entries, and its rows of arrays", entries / static_cast<double>(2 * rules) + rows, nullptr);
    add("an IPv4 flow: the tables by the flows that they are for", bytes_of("pc_flows4") / capacities.flows4, &budget::kFlow4);
    add("an IPv6 flow, likewise", bytes_of("pc_flows6") / capacities.flows6, &budget::kFlow6);
    double ports = 0;
    for (const char* map : kMapsOfPorts) {
        ports += bytes_of(map);
    }
    add("a port that may be, on this machine", ports / capacities.ports, nullptr);
    add("half-open queues of a bound port, of a quota of " + std::to_string(kMostHalfOpen), bytes_of("pc_half_open") / 2, nullptr);
    add("a peer: an entry of nf_conntrack, without extensions and buckets", static_cast<double>(conntrack_entry_bytes()), nullptr);
    return table;
}

Table sweep(ProgramBench& bench, std::uint64_t flows, bool is_budgeted) {
    constexpr double kPercent = 100;
    constexpr double kEvery_s = 1;
    bench.apply({.flows = static_cast<std::uint32_t>(std::max<std::uint64_t>(flows, 1'000))});
    bench.establish(udp_frame(kAllowedPort), flows);
    constexpr std::size_t kCalls = 64;  // at least one round of all shards
    Row row{.name = "called every second", .samples = {}, .unit = {}, .budget = is_budgeted ? &budget::kSweep : nullptr, .x = {}};
    for (std::size_t call = 0; call < kCalls; ++call) {
        row.samples.push_back(seconds([&] { test::value_or_end(bench.host().dataplane().sweep(), "sweep"); }) / kEvery_s * kPercent);
    }
    return {.id = "B8",
            .title = "sweep, live flows: " + std::to_string(flows),
            .unit = "% of one core",
            .ratio = Ratio::None,
            .rows = {std::move(row)}};
}

}  // namespace

Tables measure_memory(const Effort& effort) {
    const std::uint64_t flows = *std::max_element(effort.rotations.begin(), effort.rotations.end());
    ProgramBench bench(effort, flows);
    Tables tables;
    tables.push_back(memory(bench, capacities_for(effort, flows), effort.prefixes));
    tables.push_back(sweep(bench, flows, effort.extent == "full"));
    return tables;
}

}  // namespace portcullis::bench
