// SPDX-License-Identifier: Apache-2.0
// B2: what a packet costs against the size of the policy: rules, members of a group, nested prefixes.
#include <algorithm>

#include "tests/bench/answered.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"

namespace portcullis::bench {
namespace {

// One size: what a packet of each kind takes.
struct Costs {
    double size;
    std::vector<double> new_flow, established, denied, prefix;
};

Costs costs_at(ProgramBench& bench, std::size_t size, const PolicyShape& shape, const Effort& effort) {
    bench.apply(shape);
    const test::Bytes opening = udp_frame(kAllowedPort);
    const test::Bytes going_on = tcp_frame(kAllowedPort, test::kAck);
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    ProgramRun run = bench.outbound();
    run.repeat = effort.new_flows;
    bench.expect_code(opening, test::kNext);
    bench.expect_code(denied, test::kShot);
    const auto new_flow = [&] {
        bench.forget_flows();
        const double took = bench.programs().time_rotating(run, opening, {.flows = effort.new_flows});
        expect_half_open(bench.host(), effort.new_flows);
        return took;
    };
    const auto established = [&] {
        bench.establish(going_on, 1);
        return bench.programs().time(bench.outbound(), going_on);
    };
    std::vector<Row> rows =
        interleave({{.name = "new flow", .sample = new_flow},
                    {.name = "established", .sample = established},
                    bench.timed("denied", bench.outbound(), denied),
                    bench.timed("parse + one look-up of a prefix", bench.peer(bench.programs().prefix_look_up()), denied)},
                   effort.turns);
    return {static_cast<double>(size), rows[0].samples, rows[1].samples, rows[2].samples, rows[3].samples};
}

Table curve(const std::string& title, const std::vector<Costs>& all, std::vector<double> Costs::*what) {
    Table table{.id = "B2", .title = title, .unit = "ns per packet", .ratio = Ratio::OfCost, .rows = {}};
    for (const Costs& one : all) {
        table.rows.push_back({.name = std::to_string(static_cast<std::size_t>(one.size)),
                              .samples = one.*what,
                              .unit = {},
                              .budget = nullptr,
                              .x = one.size});
    }
    return table;
}

// What is left of growth once a trie's own is taken off; from 10 on, where every map has entries.
Table flatness(const std::string& of, const std::vector<Costs>& all) {
    constexpr double kFrom = 10;
    Table table{.id = "B2",
                .title = "new flow against " + of + ", less the look-up of a prefix, to the smallest",
                .unit = "×",
                .ratio = Ratio::None,
                .rows = {}};
    const auto base = std::find_if(all.begin(), all.end(), [](const Costs& one) { return one.size >= kFrom; });
    for (auto at = base; at != all.end(); ++at) {
        table.rows.push_back({.name = std::to_string(static_cast<std::size_t>(at->size)),
                              .samples = quotients(differences(at->new_flow, at->prefix), differences(base->new_flow, base->prefix)),
                              .unit = {},
                              .budget = &budget::kFlat,
                              .x = at->size});
    }
    return table;
}

void add_curves(const std::string& of, const std::vector<Costs>& all, Tables& tables) {
    tables.push_back(curve("new UDP flow against " + of, all, &Costs::new_flow));
    tables.push_back(curve("established TCP against " + of, all, &Costs::established));
    tables.push_back(curve("denied TCP against " + of, all, &Costs::denied));
    tables.push_back(curve("a peer, one look-up of a prefix, against " + of, all, &Costs::prefix));
}

}  // namespace

Tables measure_policy_size(const Effort& effort) {
    ProgramBench bench(effort, 2 * std::uint64_t{effort.new_flows});
    Tables tables;
    std::vector<Costs> rules;
    std::size_t prefixes = 0;
    for (const std::size_t size : effort.sizes) {
        for (; prefixes < size; ++prefixes) {
            bench.programs().add_prefix(bystander(prefixes));
        }
        rules.push_back(costs_at(bench, size, {.prefixes = size}, effort));
    }
    add_curves("rules", rules, tables);
    tables.push_back(flatness("rules", rules));
    std::vector<Costs> members;
    for (const std::size_t size : effort.sizes) {
        members.push_back(costs_at(bench, size, {.members = size}, effort));
    }
    add_curves("members", members, tables);
    tables.push_back(flatness("members", members));
    std::vector<Costs> nested;
    for (const std::size_t depth : {std::size_t{1}, std::size_t{8}, std::size_t{24}}) {
        nested.push_back(costs_at(bench, depth, {.nested = depth}, effort));
    }
    add_curves("nested prefixes", nested, tables);
    return tables;
}

}  // namespace portcullis::bench
