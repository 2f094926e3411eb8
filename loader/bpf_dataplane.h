// SPDX-License-Identifier: Apache-2.0
// The BPF back end: Dataplane over the maps and programs of bpf/tc.bpf.c. Owns the loaded object, its pins, the numbers given out and the
// image of the maps that is in force; called by the daemon's controller, from one thread.
//
// Invariant: between calls both parities of every row are equal, and the maps hold exactly the image in force (docs/kernel-state.md,
// "Switching"). Destruction leaves the pinned enforcement standing.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/lower_bpf/lower_bpf.h"
#include "core/dataplane.h"
#include "core/fast_path.h"
#include "core/result.h"
#include "core/work.h"
#include "loader/attach_mode.h"
#include "loader/log.h"
#include "loader/xdp_mode.h"

namespace portcullis {

struct BpfDataplaneOptions {
    std::string bpffs_directory = "/sys/fs/bpf/portcullis";
    AttachMode attach_mode = AttachMode::Auto;
    XdpMode xdp = XdpMode::Off;
    FastPath fast_path = FastPath::Off;       // as far as any port may have it
    std::chrono::seconds fast_path_lease{3};  // how long it may be taken after a call of apply or heal
    MapCapacities capacities;
    LogCallback log;
    WorkCallback work = {};
};

class BpfDataplane final : public Dataplane {
   public:
    // Mounts a bpffs where none is and loads programs and maps; the first apply pins and attaches them. Where a former
    // daemon's enforcement stands it is left alone until the first successful apply replaces it, hook by hook, without a gap.
    // Acts on the network namespace of the calling thread, as every later call must.
    [[nodiscard]] static Result<std::unique_ptr<BpfDataplane>> create(const BpfDataplaneOptions& options);
    ~BpfDataplane() override;
    BpfDataplane(const BpfDataplane&) = delete;
    BpfDataplane& operator=(const BpfDataplane&) = delete;
    BpfDataplane(BpfDataplane&&) = delete;  // it is used through a pointer
    BpfDataplane& operator=(BpfDataplane&&) = delete;

    [[nodiscard]] Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                            const HostFacts& facts) override;
    [[nodiscard]] Result<> close_newcomers(std::span<const DeviceBinding> devices) override;
    [[nodiscard]] Result<std::vector<PlannedWrites>> plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                          const HostFacts& facts) override;
    [[nodiscard]] Result<std::vector<PortCounters>> port_counters() const override;
    [[nodiscard]] Result<std::vector<RuleHits>> rule_hits() const override;
    [[nodiscard]] Result<Healing> heal() override;
    [[nodiscard]] Result<std::vector<Neighbour>> neighbours() override;
    [[nodiscard]] Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const override;
    [[nodiscard]] Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) override;
    [[nodiscard]] Result<VerifiedPart> verify(std::uint64_t from) override;
    [[nodiscard]] bool can_probe() const override { return true; }
    [[nodiscard]] Result<std::vector<ProbeVerdict>> probe(std::span<const ProbePacket> conversation, ProbeRules rules) override;
    [[nodiscard]] Result<> sweep() override;
    // All of it at once.
    [[nodiscard]] Result<> sweep_all();
    [[nodiscard]] Result<std::vector<Event>> take_events() override;
    [[nodiscard]] int events_fd() const override;
    [[nodiscard]] std::string description() const override;

   private:
    struct State;
    explicit BpfDataplane(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
