// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/program_bench.h"

#include <algorithm>
#include <cerrno>

#include "tests/bench/answered.h"

namespace portcullis::bench {

MapCapacities capacities_for(const Effort& effort, std::uint64_t flows) {
    if (effort.extent == "smoke") {
        return test::TestBackEndOptions::kSmall;
    }
    MapCapacities capacities;
    capacities.ports = 32;  // each has a reserve of the flow tables: those of a thousand would leave one port too few
    capacities.flows4 = capacities.flows6 = static_cast<std::uint32_t>(std::max<std::uint64_t>(flows, 65'536));
    return capacities;
}

ProgramBench::ProgramBench(const Effort& effort, std::uint64_t flows)
    : effort_(effort),
      programs_(flows),
      host_(
          [] {
              test::TestHostOptions options = bench_host();
              options.separate_namespaces = false;
              return options;
          }(),
          {.capacities = capacities_for(effort, flows)}),
      here_(host_.test_host().host().enter()) {}

void ProgramBench::apply(const PolicyShape& shape) {
    host_.apply(make_model(shape));
    forget_flows();
}

ProgramRun ProgramBench::run_of(std::size_t port, Direction direction) const {
    const std::size_t entrance = direction == Direction::Outbound ? port : 1 - port;
    return {.program_fd = host_.program(port, direction).fd(),
            .ifindex = host_.test_host().port_ifindex(port),
            .ingress_ifindex = host_.test_host().port_ifindex(entrance),
            .repeat = effort_.packets};
}

void ProgramBench::establish(const test::Bytes& frame, std::uint64_t flows) {
    // Tables give out their elements in the order of memory, which the processor foresees, until they have been given back in another.
    std::uint64_t& used = used_[static_cast<std::size_t>(family_of(frame))];
    if (flows > used) {
        open(frame, flows);
        used = flows;
    }
    open(frame, flows);
    expect_answered(host_, flows);
}

void ProgramBench::open(const test::Bytes& frame, std::uint64_t flows) {
    constexpr std::uint64_t kBatch = 60'000;  // all half-open at once
    forget_flows();
    programs_.clear_flows();
    programs_.fill_limit(frame, flows);
    ProgramRun opening = outbound();
    ProgramRun answering = answers();
    for (std::uint64_t first = 0; first < flows; first += kBatch) {
        Rotation rotation{.flows = std::min(kBatch, flows - first), .first = first};
        opening.repeat = answering.repeat = static_cast<std::uint32_t>(rotation.flows);
        (void)programs_.time_rotating(opening, frame, rotation);  // for its effect, as below
        rotation.ends = Rotation::Ends::Answer;
        (void)programs_.time_rotating(answering, answer_to(frame), rotation);
    }
}

void ProgramBench::expect_code(const test::Bytes& frame, std::uint32_t code) const {
    const auto code_of = [&](std::size_t port, Direction direction) {
        const ProgramRun run = run_of(port, direction);
        return host_.program(port, direction).run(frame, run.ifindex, run.ingress_ifindex);
    };
    if (code_of(0, Direction::Outbound) != code || code_of(1, Direction::Inbound) != code) {
        errno = EACCES;
        test::end_test_run("have a packet of the benchmark judged as expected");
    }
}

Contender ProgramBench::timed(std::string name, const ProgramRun& run, const test::Bytes& frame, const Budget* budget) const {
    return {.name = std::move(name), .sample = [this, run, frame] { return programs_.time(run, frame); }, .budget = budget};
}

std::vector<Row> interleave_rotated(const ProgramBench& bench, const std::vector<Rotated>& runs, std::size_t turns) {
    const ProgramRun empty = bench.peer(bench.programs().empty());
    const auto rotated = [&](const Rotated& one) {
        return Contender{.name = one.name,
                         .sample = [&bench, &one] { return bench.programs().time_rotating(one.run, one.frame, one.rotation); },
                         .budget = one.budget};
    };
    const Rotated varying{.name = {}, .run = empty, .frame = runs.front().frame, .rotation = runs.front().rotation};
    std::vector<Contender> contenders{rotated(varying), bench.timed("empty program", empty, runs.front().frame)};
    for (const Rotated& one : runs) {
        contenders.push_back(rotated(one));
    }
    std::vector<Row> rows = interleave(contenders, turns);
    const std::vector<double> cost = differences(rows[0].samples, rows[1].samples);
    for (std::size_t i = 2; i < rows.size(); ++i) {
        rows[i].samples = differences(rows[i].samples, cost);
    }
    rows.erase(rows.begin());
    std::rotate(rows.begin(), rows.begin() + 1, rows.begin() + 2);  // the first of the runs is the one that ratios refer to
    return rows;
}

}  // namespace portcullis::bench
