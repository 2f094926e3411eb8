// SPDX-License-Identifier: Apache-2.0
// A TestHost on which the BPF back end enforces a model: the i-th of Model::ports is bound to the i-th port of the bridge, up0 is an
// uplink. Reads the programs' counters by port, direction and reason, row for row as the programs write them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/verdict.h"
#include "loader/bpf_dataplane.h"
#include "tests/support/prog_run.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

// Packets by reason.
using ReasonCounts = std::array<std::uint64_t, PC_REASON_COUNT>;

class EnforcedHost {
   public:
    // Small maps: the tests' models are small, and every test program has its own.
    static constexpr MapCapacities kSmall{.rules = 65'536,
                                          .port_sets = 16'384,
                                          .policies = 4'096,
                                          .interfaces = 4'096,
                                          .owners = 16'384,
                                          .host_addresses = 1'024,
                                          .ports = 32,
                                          .flows4 = 16'384,
                                          .flows6 = 16'384};

    // Pre: a PrivateBpffs outlives this.
    explicit EnforcedHost(const TestHostOptions& options, const MapCapacities& capacities = kSmall, XdpMode xdp = XdpMode::Off,
                          AttachMode attach_mode = AttachMode::Auto);
    // What was pinned goes on until another daemon has applied a model.
    void end_daemon() { dataplane_.reset(); }
    void start_daemon();

    // Pre: the model validates and binds at most as many interfaces as the host has ports. Ports without an interface are closed.
    // Failure ends the process.
    void apply(const Model& model, const HostFacts& facts = {});
    // Flows, and what else programs remember from one packet to the next.
    void forget_flows();
    // Time passes for the programs: every flow and every memory is that much older.
    void age_flows(unsigned seconds);

    [[nodiscard]] const TestHost& test_host() const { return host_; }
    [[nodiscard]] std::size_t port_of(const std::string& interface_id) const { return ports_.at(interface_id); }
    [[nodiscard]] const AttachedProgram& program(std::size_t port, Direction direction) const;
    // What drops early on the device. Ends the process where nothing does.
    [[nodiscard]] static AttachedProgram xdp_program(std::uint32_t ifindex);
    [[nodiscard]] ReasonCounts counts(std::size_t port, Direction direction) const;
    // Slot 0 is no port's: what was dropped early on uplinks.
    [[nodiscard]] ReasonCounts counts_of_slot(std::uint32_t slot, Direction direction) const;
    [[nodiscard]] std::map<std::string, std::uint64_t> rule_hits() const;  // by label, those that are not zero

   private:
    struct Hooks {
        AttachedProgram program[2];  // by Direction
    };
    TestHost host_;
    BpfDataplaneOptions options_;
    std::unique_ptr<BpfDataplane> dataplane_;
    std::vector<Hooks> hooks_;  // by port
    [[nodiscard]] static KernelMap map(std::string_view name);
    std::optional<KernelMap> counters_;
    std::vector<std::uint32_t> slots_;
    std::map<std::string, std::size_t> ports_;  // by interface id
};

}  // namespace portcullis::test
