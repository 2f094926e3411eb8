// SPDX-License-Identifier: Apache-2.0
// An enforced host whose programs are run on packets one by one, beside the peers of bench.bpf.c.
#pragma once

#include <array>
#include <memory>

#include "tests/bench/bench_model.h"
#include "tests/bench/bench_object.h"
#include "tests/bench/effort.h"
#include "tests/bench/sampling.h"
#include "tests/support/enforced_host.h"

namespace portcullis::bench {

// Those of the daemon, with room for so many flows of each family; small ones for a smoke test.
[[nodiscard]] MapCapacities capacities_for(const Effort& effort, std::uint64_t flows);

class ProgramBench {
   public:
    // Tables for so many flows. Pre: a PrivateBpffs outlives this.
    ProgramBench(const Effort& effort, std::uint64_t flows);

    void apply(const PolicyShape& shape);
    void forget_flows() { host_.forget_flows(); }

    // Packets from the first port to the second pass the first one's outbound program and the second one's inbound program; answers the
    // other two.
    [[nodiscard]] ProgramRun outbound() const { return run_of(0, Direction::Outbound); }
    [[nodiscard]] ProgramRun inbound() const { return run_of(1, Direction::Inbound); }
    [[nodiscard]] ProgramRun answers() const { return run_of(0, Direction::Inbound); }
    [[nodiscard]] ProgramRun peer(int program_fd) const { return {.program_fd = program_fd, .repeat = effort_.packets}; }
    [[nodiscard]] ProgramRun limit(Family family) const { return peer(programs_.limit(family)); }

    // Opens the first port's flows 0 … `flows` - 1 as the frame says, and has each answered; the limit's exist too. In memory they lie in
    // no order, in both. Ends the process where they do not come about.
    void establish(const test::Bytes& frame, std::uint64_t flows);

    // Ends the process unless the outbound and the inbound program of the frame give this code.
    void expect_code(const test::Bytes& frame, std::uint32_t code) const;

    [[nodiscard]] const BenchObject& programs() const { return programs_; }
    [[nodiscard]] test::EnforcedHost& host() { return host_; }

    // Times the run of the frame: once and again, or varied.
    [[nodiscard]] Contender timed(std::string name, const ProgramRun& run, const test::Bytes& frame, const Budget* budget = nullptr) const;

   private:
    [[nodiscard]] ProgramRun run_of(std::size_t port, Direction direction) const;
    void open(const test::Bytes& frame, std::uint64_t flows);
    Effort effort_;
    BenchObject programs_;
    test::EnforcedHost host_;
    test::NetNamespace::Entered here_;
    std::array<std::uint64_t, 2> used_{};  // elements of the tables for IPv4 and IPv6 that were once given out and back
};

// A run that is varied.
struct Rotated {
    std::string name;
    ProgramRun run;
    test::Bytes frame;
    Rotation rotation;
    const Budget* budget = nullptr;
};
// One row for each, interleaved; what the varying itself costs is taken off, turn by turn.
[[nodiscard]] std::vector<Row> interleave_rotated(const ProgramBench& bench, const std::vector<Rotated>& runs, std::size_t turns);

}  // namespace portcullis::bench
