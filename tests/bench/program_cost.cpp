// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/program_cost.h"

#include <cerrno>
#include <functional>

#include "tests/bench/bench_object.h"
#include "tests/bench/model.h"
#include "tests/support/enforced_host.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

using test::EnforcedHost;

// Something to be timed: `sample` gives nanoseconds per packet.
struct Contender {
    std::string name;
    std::function<double()> sample;
};

std::vector<Row> interleave(const std::vector<Contender>& contenders, std::size_t turns) {
    std::vector<Row> rows;
    for (const Contender& contender : contenders) {
        rows.push_back({.name = contender.name, .nanoseconds = {}});
    }
    for (std::size_t turn = 0; turn < turns; ++turn) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            rows[i].nanoseconds.push_back(contenders[i].sample());
        }
    }
    return rows;
}

struct Bench {
    const Effort& effort;
    BenchObject programs;
    EnforcedHost host;

    explicit Bench(const Effort& wanted)
        : effort(wanted),
          host({.ports = 2, .separate_namespaces = false, .instance_macs = {sender_mac(), receiver_mac()}},
               {.rules = 65'536, .port_sets = 16'384, .policies = 4'096, .interfaces = 4'096, .owners = 16'384, .ports = 32}) {
        host.apply(make_model(wanted.prefixes));
    }

    [[nodiscard]] ProgramRun outbound() const {
        return {.program_fd = host.program(0, Direction::Outbound).fd(),
                .ifindex = host.test_host().port_ifindex(0),
                .ingress_ifindex = host.test_host().port_ifindex(0),
                .repeat = effort.repeat};
    }
    [[nodiscard]] ProgramRun inbound() const {
        return {.program_fd = host.program(1, Direction::Inbound).fd(),
                .ifindex = host.test_host().port_ifindex(1),
                .ingress_ifindex = host.test_host().port_ifindex(0),
                .repeat = effort.repeat};
    }
};

// Opens the flow, then fails unless the program passes its packets: a benchmark of drops would look fast.
void establish(const Bench& bench, const ProgramRun& run, const test::Bytes& frame) {
    const bool is_inbound = run.program_fd == bench.inbound().program_fd;
    const auto& program = bench.host.program(is_inbound ? 1 : 0, is_inbound ? Direction::Inbound : Direction::Outbound);
    if (program.run(frame, run.ifindex, run.ingress_ifindex) != test::kNext) {
        errno = EACCES;
        test::end_test_run("open a flow for the benchmark");
    }
}

Table one_flow(const Bench& bench) {
    const test::Bytes tcp = tcp_frame(kAllowedPort, test::kAck);
    const test::Bytes tcp6 = tcp6_frame(kAllowedPort, test::kAck);
    const test::Bytes udp = udp_frame(kAllowedPort);
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    ProgramRun floor{.program_fd = bench.programs.empty(), .repeat = bench.effort.repeat};
    ProgramRun limit{.program_fd = bench.programs.limit(), .repeat = bench.effort.repeat};
    bench.programs.fill_limit(tcp, 1);
    establish(bench, bench.outbound(), tcp);
    establish(bench, bench.outbound(), tcp6);
    establish(bench, bench.outbound(), udp);
    establish(bench, bench.inbound(), tcp);
    const auto timed = [&](std::string name, const ProgramRun& run, const test::Bytes& frame) {
        return Contender{std::move(name), [&bench, run, &frame] { return bench.programs.time(run, frame); }};
    };
    const std::vector<Contender> contenders{timed("limit: parse + one look-up", limit, tcp),
                                            timed("empty program", floor, tcp),
                                            timed("established TCP, IPv4, from the instance", bench.outbound(), tcp),
                                            timed("established TCP, IPv4, to the instance", bench.inbound(), tcp),
                                            timed("established TCP, IPv6, from the instance", bench.outbound(), tcp6),
                                            timed("established UDP, IPv4, from the instance", bench.outbound(), udp),
                                            timed("denied TCP, IPv4, from the instance", bench.outbound(), denied)};
    return {.id = "B1", .title = "one program run, one flow", .rows = interleave(contenders, bench.effort.turns)};
}

Table many_flows(const Bench& bench, std::uint64_t flows) {
    // A TCP ACK picks its flow up: the first turn around opens them all.
    const test::Bytes tcp = tcp_frame(kAllowedPort, test::kAck);
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    ProgramRun limit{.program_fd = bench.programs.limit(), .repeat = bench.effort.repeat};
    bench.programs.fill_limit(tcp, flows);
    const auto rotated = [&](std::string name, const ProgramRun& run, const test::Bytes& frame) {
        return Contender{std::move(name), [&bench, run, &frame, flows] { return bench.programs.time_rotating(run, frame, flows); }};
    };
    (void)bench.programs.time_rotating(bench.outbound(), tcp, flows);  // for its effect
    ProgramRun floor{.program_fd = bench.programs.empty(), .repeat = bench.effort.repeat};
    const std::vector<Contender> contenders{rotated("limit: parse + one look-up", limit, tcp), rotated("empty program", floor, tcp),
                                            rotated("established TCP, IPv4, from the instance", bench.outbound(), tcp),
                                            rotated("denied TCP, IPv4, from the instance", bench.outbound(), denied)};
    return {.id = "B1",
            .title = "one program run, " + std::to_string(flows) + " flows in rotation (the rotation's cost is in every row)",
            .rows = interleave(contenders, bench.effort.turns)};
}

// Every packet opens a flow; both tables are emptied before each sample.
Table new_flows(Bench& bench) {
    constexpr std::uint32_t kFlows = 200'000;
    const test::Bytes udp = udp_frame(kAllowedPort);
    ProgramRun insertion{.program_fd = bench.programs.insert(), .repeat = kFlows};
    ProgramRun run = bench.outbound();
    run.repeat = kFlows;
    const std::vector<Contender> contenders{{"bare insertion into the same kind of table",
                                             [&] {
                                                 bench.programs.clear_flows();
                                                 return bench.programs.time_rotating(insertion, udp, kFlows);
                                             }},
                                            {"new UDP flow, IPv4, from the instance", [&] {
                                                 bench.host.forget_flows();
                                                 return bench.programs.time_rotating(run, udp, kFlows);
                                             }}};
    return {.id = "B1",
            .title = "one program run, every packet a new flow (the rotation's cost is in every row)",
            .rows = interleave(contenders, bench.effort.turns)};
}

}  // namespace

std::vector<Table> measure_program_cost(const Effort& effort) {
    constexpr std::uint64_t kManyFlows = 100'000;
    Bench bench(effort);
    const test::NetNamespace::Entered here = bench.host.test_host().host().enter();
    std::vector<Table> tables{one_flow(bench), many_flows(bench, kManyFlows), new_flows(bench)};
    return tables;
}

}  // namespace portcullis::bench
