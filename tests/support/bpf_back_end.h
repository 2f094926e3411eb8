// SPDX-License-Identifier: Apache-2.0
// The BPF back end under test. Reads the programs' counters by port, direction and reason, row for row as the programs write them, and
// writes the maps that they remember by.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "loader/bpf_dataplane.h"
#include "tests/support/prog_run.h"
#include "tests/support/test_back_end.h"

namespace portcullis::test {

class BpfBackEnd final : public TestBackEnd {
   public:
    explicit BpfBackEnd(const TestBackEndOptions& options);

    void start_daemon() override;
    void end_daemon() override { dataplane_.reset(); }
    [[nodiscard]] Dataplane& dataplane() override { return *dataplane_; }
    void apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) override;
    void forget_flows() override;
    void age_flows(unsigned seconds) override;
    [[nodiscard]] ReasonCounts counts(std::uint32_t ifindex, Direction direction) const override;
    // In slot 0, which is no port's.
    [[nodiscard]] std::uint64_t drops_at_uplinks() const override;

    // What passed outbound and took the fast path.
    [[nodiscard]] std::uint64_t fast_packets(std::uint32_t ifindex) const;

    // What is attached to the device.
    [[nodiscard]] const AttachedProgram& program(std::uint32_t ifindex, Direction direction) const;
    // What drops early on the device. Ends the process where nothing does.
    [[nodiscard]] static AttachedProgram xdp_program(std::uint32_t ifindex);

   private:
    struct Hooks {
        std::uint32_t slot = 0;
        AttachedProgram program[2];  // by Direction
    };
    [[nodiscard]] KernelMap map(std::string_view name) const;
    // By PC_REASON_* and PC_COUNTED_FAST.
    [[nodiscard]] std::array<std::uint64_t, PC_REASONS_MAX> rows_of_slot(std::uint32_t slot, Direction direction) const;
    [[nodiscard]] ReasonCounts counts_of_slot(std::uint32_t slot, Direction direction) const;

    BpfDataplaneOptions options_;
    std::unique_ptr<BpfDataplane> dataplane_;
    std::map<std::uint32_t, Hooks> hooks_;  // by ifindex
    std::optional<KernelMap> counters_;
};

}  // namespace portcullis::test
