// SPDX-License-Identifier: Apache-2.0
// B1: what one run of the loaded programs costs, beside the empty program and the limit: parse and one look-up with a key of the same size
// among as many flows.
#include <algorithm>

#include "tests/bench/answered.h"
#include "tests/bench/event_consumer.h"
#include "tests/bench/program_bench.h"
#include "tests/bench/questions.h"

namespace portcullis::bench {
namespace {

const char* const kLimit = "limit: parse + one look-up";
constexpr std::uint64_t kBudgetedFlows = 100'000;

// A SYN that no flow is begun for, and what becomes of it.
struct Judged {
    std::string what;
    std::uint32_t code;
};

struct Kind {
    const char* name;
    test::Bytes frame;  // opens the flow, and goes on with it
    Family family;
};

std::vector<Kind> kinds() {
    return {{"TCP over IPv4", tcp_frame(kAllowedPort, test::kAck), Family::Ipv4},
            {"UDP over IPv4", udp_frame(kAllowedPort), Family::Ipv4},
            {"TCP over IPv6", tcp6_frame(kAllowedPort, test::kAck), Family::Ipv6},
            {"UDP over IPv6", udp6_frame(kAllowedPort), Family::Ipv6}};
}

Table table(const std::string& title, std::vector<Row> rows) {
    return {.id = "B1", .title = "one program run, " + title, .unit = "ns per packet", .ratio = Ratio::OfCost, .rows = std::move(rows)};
}

Table established(ProgramBench& bench, const Kind& kind, const Effort& effort) {
    const Budget* budget = kind.family == Family::Ipv4 ? &budget::kEstablished4 : &budget::kEstablished6;
    const test::Bytes answer = answer_to(kind.frame);
    bench.establish(kind.frame, 1);
    return table(std::string("established, ") + kind.name + ", one flow",
                 interleave({bench.timed(kLimit, bench.limit(kind.family), kind.frame),
                             bench.timed("empty program", bench.peer(bench.programs().empty()), kind.frame),
                             bench.timed("from the instance", bench.outbound(), kind.frame, budget),
                             bench.timed("to the instance", bench.answers(), answer, budget)},
                            effort.turns));
}

Table established_many(ProgramBench& bench, const Kind& kind, std::uint64_t flows, const Effort& effort) {
    const Budget* budget = kind.family == Family::Ipv4 ? &budget::kEstablished4Many : &budget::kEstablished6Many;
    budget = flows == kBudgetedFlows ? budget : nullptr;
    const Rotation there{.flows = flows};
    const Rotation back{.flows = flows, .ends = Rotation::Ends::Answer};
    bench.establish(kind.frame, flows);
    return table(std::string("established, ") + kind.name + ", flows in rotation: " + std::to_string(flows),
                 interleave_rotated(bench,
                                    {{kLimit, bench.limit(kind.family), kind.frame, there},
                                     {"from the instance", bench.outbound(), kind.frame, there, budget},
                                     {"to the instance", bench.answers(), answer_to(kind.frame), back, budget}},
                                    effort.turns));
}

// A policy that needs no flow for the packet, or lets none begin.
Table without_flow(ProgramBench& bench, const Judged& judged, const Effort& effort) {
    const test::Bytes frame = tcp_frame(kDeniedPort, test::kSyn);
    bench.expect_code(frame, judged.code);
    bench.programs().clear_flows();
    bench.programs().fill_limit(frame, 1);
    return table(judged.what + ", one flow", interleave({bench.timed(kLimit, bench.limit(Family::Ipv4), frame),
                                                         bench.timed("from the instance", bench.outbound(), frame),
                                                         bench.timed("to the instance", bench.inbound(), frame)},
                                                        effort.turns));
}

Table without_flow_many(ProgramBench& bench, const Judged& judged, const Effort& effort) {
    const test::Bytes frame = tcp_frame(kDeniedPort, test::kSyn);
    const Rotation rotation{.flows = effort.rotations.front()};
    bench.programs().clear_flows();
    bench.programs().fill_limit(frame, rotation.flows);
    return table(
        judged.what + ", flows in rotation: " + std::to_string(rotation.flows),
        interleave_rotated(bench,
                           {{kLimit, bench.limit(Family::Ipv4), frame, rotation}, {"from the instance", bench.outbound(), frame, rotation}},
                           effort.turns));
}

void add_denied(ProgramBench& bench, const Effort& effort, Tables& tables) {
    for (const std::size_t prefixes : {std::size_t{0}, effort.prefixes}) {
        const Budget* budget = prefixes == 0 ? &budget::kDenied : &budget::kDeniedPrefixes;
        const Judged denied{"denied, prefixes: " + std::to_string(prefixes), test::kShot};
        bench.apply({.prefixes = prefixes});
        for (const auto measure : {without_flow, without_flow_many}) {
            tables.push_back(measure(bench, denied, effort));
            for (Row& row : tables.back().rows) {
                const bool is_ours = row.name.ends_with("the instance");
                row.budget = is_ours ? budget : nullptr;
            }
        }
    }
}

// Samples of the same run without and with somebody who takes the events.
Table consumed(ProgramBench& bench, const std::string& what, const std::function<double()>& sample, const Budget* budget) {
    std::vector<Row> rows = interleave({{.name = "nobody takes events", .sample = sample},
                                        {.name = "events are consumed",
                                         .sample =
                                             [&] {
                                                 const EventConsumer consumer(bench.host().dataplane());
                                                 return sample();
                                             }}},
                                       5);
    rows.push_back({.name = "consumed / not consumed",
                    .samples = quotients(rows[1].samples, rows[0].samples),
                    .unit = "×",
                    .budget = budget,
                    .x = {}});
    return table(what, std::move(rows));
}

// Every packet opens a flow; all tables are emptied before each sample.
Table new_flows(ProgramBench& bench, const Kind& kind, const Effort& effort) {
    const Rotation all_new{.flows = effort.new_flows};
    ProgramRun run = bench.outbound();
    ProgramRun insertion = bench.peer(bench.programs().insert(kind.family));
    run.repeat = insertion.repeat = effort.new_flows;
    const auto sample = [&](const ProgramRun& one) {
        bench.programs().clear_flows();
        bench.forget_flows();
        return bench.programs().time_rotating(one, kind.frame, all_new);
    };
    const auto opened = [&] {
        const double took = sample(run);
        expect_half_open(bench.host(), effort.new_flows);
        return took;
    };
    return table(std::string("every packet a new flow, ") + kind.name + ", prefixes: " + std::to_string(effort.prefixes) +
                     " (the varying is in every row)",
                 interleave({{.name = "bare insertion into the same kind of table", .sample = [&] { return sample(insertion); }},
                             {.name = "from the instance", .sample = opened, .budget = &budget::kNewFlow},
                             {.name = "the same, the oldest without an answer giving way",
                              .sample =
                                  [&] {
                                      (void)opened();  // for its effect
                                      Rotation next = all_new;
                                      next.first = effort.new_flows;
                                      return bench.programs().time_rotating(run, kind.frame, next);
                                  }}},
                            effort.turns));
}

void add_consumed(ProgramBench& bench, const Effort& effort, Tables& tables) {
    bench.apply({.prefixes = effort.prefixes, .logs_denials = true});
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    const Rotation rotation{.flows = effort.rotations.front()};
    tables.push_back(consumed(
        bench, "denied and logged, flows in rotation", [&] { return bench.programs().time_rotating(bench.outbound(), denied, rotation); },
        &budget::kDeniedEvents));
    const test::Bytes opening = udp_frame(kAllowedPort);
    ProgramRun run = bench.outbound();
    run.repeat = effort.new_flows;
    tables.push_back(consumed(
        bench, "every packet a new flow, denials logged",
        [&] {
            bench.forget_flows();
            return bench.programs().time_rotating(run, opening, {.flows = effort.new_flows});
        },
        &budget::kNewFlowEvents));
}

}  // namespace

Tables measure_program_cost(const Effort& effort) {
    constexpr std::size_t kAclEntries = 20;
    const std::uint64_t most = *std::max_element(effort.rotations.begin(), effort.rotations.end());
    ProgramBench bench(effort, std::max<std::uint64_t>(most, 2 * effort.new_flows));
    Tables tables;
    bench.apply({.prefixes = effort.prefixes, .flows = static_cast<std::uint32_t>(std::max<std::uint64_t>(most, 2 * effort.new_flows))});
    // So that all kinds find tables of which as much was in use: the fewer elements have been, the nearer they lie.
    bench.establish(kinds()[0].frame, most);
    bench.establish(kinds()[2].frame, most);
    for (const Kind& kind : kinds()) {
        tables.push_back(established(bench, kind, effort));
        for (const std::uint64_t flows : effort.rotations) {
            tables.push_back(established_many(bench, kind, flows, effort));
        }
    }
    for (const Kind& kind : {kinds()[1], kinds()[3]}) {
        tables.push_back(new_flows(bench, kind, effort));
    }
    add_denied(bench, effort, tables);
    for (const std::size_t entries : {std::size_t{0}, kAclEntries}) {
        const Judged passed{entries == 0 ? "untracked" : "untracked, an ACL decides", test::kNext};
        bench.apply({.is_untracked = true, .acl_entries = entries});
        tables.push_back(without_flow(bench, passed, effort));
        tables.push_back(without_flow_many(bench, passed, effort));
    }
    add_consumed(bench, effort, tables);
    return tables;
}

}  // namespace portcullis::bench
