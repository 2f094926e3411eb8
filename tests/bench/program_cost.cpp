// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/program_cost.h"

#include <cerrno>
#include <functional>

#include "tests/bench/answered.h"
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
               {.capacities = {
                    .rules = 65'536, .port_sets = 16'384, .policies = 4'096, .interfaces = 4'096, .owners = 16'384, .ports = 32}}) {
        host.apply(make_model(wanted.prefixes));
    }

    // One program of a port, with packets that come from, or go to, the other port.
    [[nodiscard]] ProgramRun run_of(std::size_t port, Direction direction) const {
        const std::size_t entrance = direction == Direction::Outbound ? port : 1 - port;
        return {.program_fd = host.program(port, direction).fd(),
                .ifindex = host.test_host().port_ifindex(port),
                .ingress_ifindex = host.test_host().port_ifindex(entrance),
                .repeat = effort.repeat};
    }
    [[nodiscard]] ProgramRun outbound() const { return run_of(0, Direction::Outbound); }
    [[nodiscard]] ProgramRun inbound() const { return run_of(1, Direction::Inbound); }
};

Direction opposite(Direction direction) { return direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound; }

// Fails unless the program passes the frame: a benchmark of drops would look fast.
void pass(const Bench& bench, std::size_t port, Direction direction, const test::Bytes& frame) {
    const ProgramRun run = bench.run_of(port, direction);
    if (bench.host.program(port, direction).run(frame, run.ifindex, run.ingress_ifindex) != test::kNext) {
        errno = EACCES;
        test::end_test_run("pass a packet of the benchmark");
    }
}

void establish(const Bench& bench, std::size_t port, Direction direction, const test::Bytes& frame) {
    pass(bench, port, direction, frame);
    pass(bench, port, opposite(direction), answer_to(frame));
}

Table one_flow(const Bench& bench) {
    // A TCP ACK picks its flow up, another one answers.
    const test::Bytes tcp = tcp_frame(kAllowedPort, test::kAck);
    const test::Bytes tcp6 = tcp6_frame(kAllowedPort, test::kAck);
    const test::Bytes udp = udp_frame(kAllowedPort);
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    ProgramRun floor{.program_fd = bench.programs.empty(), .repeat = bench.effort.repeat};
    ProgramRun limit{.program_fd = bench.programs.limit(), .repeat = bench.effort.repeat};
    bench.programs.fill_limit(tcp, 1);
    for (const test::Bytes& frame : {tcp, tcp6, udp}) {
        establish(bench, 0, Direction::Outbound, frame);
    }
    establish(bench, 1, Direction::Inbound, tcp);
    expect_answered(bench.host, 4);
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

// Opens flows 0 … `flows` - 1 of the first port and has each answered.
void establish_many(Bench& bench, const test::Bytes& frame, std::uint64_t flows) {
    ProgramRun opening = bench.outbound();
    ProgramRun answering = bench.run_of(0, Direction::Inbound);
    opening.repeat = answering.repeat = static_cast<std::uint32_t>(flows);
    bench.host.forget_flows();
    (void)bench.programs.time_rotating(opening, frame, {.flows = flows});                                  // for its effect
    (void)bench.programs.time_rotating(answering, answer_to(frame), {.flows = flows, .is_answer = true});  // likewise
    expect_answered(bench.host, flows);
}

Table many_flows(Bench& bench, std::uint64_t flows) {
    const test::Bytes tcp = tcp_frame(kAllowedPort, test::kAck);
    const test::Bytes denied = tcp_frame(kDeniedPort, test::kSyn);
    ProgramRun floor{.program_fd = bench.programs.empty(), .repeat = bench.effort.repeat};
    ProgramRun limit{.program_fd = bench.programs.limit(), .repeat = bench.effort.repeat};
    bench.programs.fill_limit(tcp, flows);
    establish_many(bench, tcp, flows);
    const auto rotated = [&](std::string name, const ProgramRun& run, const test::Bytes& frame) {
        return Contender{std::move(name),
                         [&bench, run, &frame, flows] { return bench.programs.time_rotating(run, frame, {.flows = flows}); }};
    };
    const std::vector<Contender> contenders{rotated("limit: parse + one look-up", limit, tcp), rotated("empty program", floor, tcp),
                                            rotated("established TCP, IPv4, from the instance", bench.outbound(), tcp),
                                            rotated("denied TCP, IPv4, from the instance", bench.outbound(), denied)};
    return {.id = "B1",
            .title = "one program run, " + std::to_string(flows) + " flows in rotation (the rotation's cost is in every row)",
            .rows = interleave(contenders, bench.effort.turns)};
}

// Every packet opens a flow; both tables are emptied before each sample. In the last row the flows without an answer are as many as may
// be, by as many packets before the sample.
Table new_flows(Bench& bench) {
    constexpr Rotation kAllNew{.flows = 3 * kMostHalfOpen};
    const test::Bytes udp = udp_frame(kAllowedPort);
    const ProgramRun insertion{.program_fd = bench.programs.insert(), .repeat = kMostHalfOpen};
    ProgramRun run = bench.outbound();
    run.repeat = kMostHalfOpen;
    const std::vector<Contender> contenders{{"bare insertion into the same kind of table",
                                             [&] {
                                                 bench.programs.clear_flows();
                                                 return bench.programs.time_rotating(insertion, udp, kAllNew);
                                             }},
                                            {"new UDP flow, IPv4, from the instance",
                                             [&] {
                                                 bench.host.forget_flows();
                                                 return bench.programs.time_rotating(run, udp, kAllNew);
                                             }},
                                            {"the same, the oldest without an answer giving way", [&] {
                                                 bench.host.forget_flows();
                                                 ProgramRun before = run;
                                                 before.repeat = kAllNew.flows;
                                                 (void)bench.programs.time_rotating(before, udp, kAllNew);  // for its effect
                                                 return bench.programs.time_rotating(run, udp, kAllNew);
                                             }}};
    return {.id = "B1",
            .title = "one program run, every packet a new flow (the rotation's cost is in every row)",
            .rows = interleave(contenders, bench.effort.turns)};
}

}  // namespace

std::vector<Table> measure_program_cost(const Effort& effort) {
    constexpr std::uint64_t kManyFlows = 50'000;  // of one port, which may have 65,536
    Bench bench(effort);
    const test::NetNamespace::Entered here = bench.host.test_host().host().enter();
    std::vector<Table> tables{one_flow(bench), many_flows(bench, kManyFlows), new_flows(bench)};
    return tables;
}

}  // namespace portcullis::bench
