// SPDX-License-Identifier: Apache-2.0
// What BpfDataplane holds, and the steps that its changes are made of. Internal to bpf_dataplane*.cpp.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "compiler/lower_bpf/change.h"
#include "loader/bpf_dataplane.h"
#include "loader/device_hooks.h"
#include "loader/events.h"
#include "loader/fast_devices.h"
#include "loader/flow_reader.h"
#include "loader/half_open_queues.h"
#include "loader/host_image.h"
#include "loader/host_maps.h"
#include "loader/image_check.h"
#include "loader/image_diff.h"
#include "loader/pins.h"
#include "loader/probe_programs.h"
#include "loader/standing_set.h"
#include "loader/sweeper.h"
#include "loader/traffic_counters.h"
#include "loader/xdp_hooks.h"

namespace portcullis {

// The policy to be enforced; of what a change of the ruleset in force made of it, `policies` is all, and `image` is without
// (take_policies).
struct LoweredPolicy {
    MapImage image;
    std::optional<PolicyChanges> policies;
};

struct PlannedChange {
    HostImage image;
    ImageDiff diff;
    std::optional<PolicyChanges> policies;  // as LoweredPolicy's
};

// What a change left to be done when the kernel refused to go on; nothing else is done before it is.
struct UnfinishedChange {
    enum class Step : std::uint8_t { Settle, Undo };
    ImageDiff diff;
    Step step = Step::Settle;
};

struct BpfDataplane::State {
    LogCallback log;
    WorkCallback work;
    MapCapacities capacities;
    Pins pins;
    BpfObject object;
    HostMaps maps;
    TrafficCounters counters;
    HalfOpenQueues queues;
    Sweeper sweeper;
    FlowReader flows;
    EventRing events;
    DeviceHooks hooks;
    XdpHooks early;
    std::optional<FastDevices> fast;  // none: no port may have a fast path
    std::chrono::seconds fast_path_lease;
    DeviceSlots slots;
    Numberings numberings;
    HostImage in_force{};
    LoweredPolicies lowered{};                   // of the ruleset in force, while it can be gone on from
    std::vector<UnfinishedChange> unfinished{};  // in the order in which it is to be done
    std::optional<ProbePrograms> probes{};
    std::optional<KernelCheck> check{};  // under way
    std::uint64_t next_part = 0;         // of it
    std::uint64_t last_part = 0;         // that was ever given out
    UniqueFd lock{};
    bool is_pinned = false;
    bool is_taking_over = false;
    bool is_adopting = false;        // ports are in force whose devices have not been looked at yet
    bool replaces_programs = false;  // by ours, over maps whose flows remember what the former ones found

    [[nodiscard]] static Result<std::unique_ptr<State>> open(const BpfDataplaneOptions& options, Pins& pins,
                                                             const std::optional<StandingSet>& standing);
    [[nodiscard]] Result<ApplyReport> apply(const Wanted& wanted);
    [[nodiscard]] Result<> close_newcomers(std::span<const DeviceBinding> devices);
    [[nodiscard]] Result<> renew_epochs(const Wanted& wanted);
    [[nodiscard]] Result<> finish();
    [[nodiscard]] Result<> finish_settling(const ImageDiff& diff);
    [[nodiscard]] Result<> recycle_slots();
    [[nodiscard]] Result<> pin(const Standing& standing);
    [[nodiscard]] Result<> adopt();
    [[nodiscard]] Result<> adopt_devices(const Standing& standing);
    [[nodiscard]] Result<> close_lost_device(std::uint32_t ifindex);
    [[nodiscard]] Result<> close_lost(const Result<std::vector<std::uint32_t>>& lost);
    [[nodiscard]] Result<std::vector<DeviceBinding>> close_devices(std::span<const DeviceBinding> devices, const Standing& standing);
    [[nodiscard]] Result<LoweredPolicy> lower(const Wanted& wanted);
    [[nodiscard]] Result<PlannedChange> plan(const Wanted& wanted);
    [[nodiscard]] Result<std::vector<PlannedWrites>> count_writes(const Wanted& wanted);
    [[nodiscard]] Result<> carry_out(PlannedChange& plan);
    [[nodiscard]] Healing heal();
    void lock_again(Healing& healing);
    [[nodiscard]] Result<VerifiedPart> verify(std::uint64_t from);
    [[nodiscard]] Result<std::vector<ProbeVerdict>> probe(std::span<const ProbePacket> conversation, const Numbering* rules);
    [[nodiscard]] Result<Standing> find_former() const;
    [[nodiscard]] Result<> hand_over(const Standing& standing, std::span<const DeviceBinding> devices);
    void put_in_force(PlannedChange& plan);
    void lend_fast_path();
    void follow_fast_devices();
    void roll_back_numbers();
    void forget(const HostImage& image);
    void settle(ImageDiff diff);
};

}  // namespace portcullis
