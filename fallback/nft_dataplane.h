// SPDX-License-Identifier: Apache-2.0
// The nftables back end: Dataplane over the tables that compiler/lower_nft/lower_nft.h makes of a ruleset. Called by the daemon's
// controller, from one thread, in the network namespace in which it was created.
//
// Invariant: what it believes to be in the kernel was read from there or committed by itself, and counts only as long as the kernel's
// generation is the one it then had. Destruction leaves the enforcement standing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/result.h"
#include "core/work.h"

namespace portcullis {

struct NftDataplaneOptions {
    // Tables that no other process can change, where the kernel lets them outlive their owner (since Linux 6.9). Off: anybody may.
    bool owns_tables = true;
    WorkCallback work = {};
};

class NftDataplane final : public Dataplane {
   public:
    [[nodiscard]] static Result<std::unique_ptr<NftDataplane>> create(const NftDataplaneOptions& options = {});
    ~NftDataplane() override;
    NftDataplane(const NftDataplane&) = delete;
    NftDataplane& operator=(const NftDataplane&) = delete;
    NftDataplane(NftDataplane&&) = delete;  // it is used through a pointer
    NftDataplane& operator=(NftDataplane&&) = delete;

    [[nodiscard]] Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                            const HostFacts& facts) override;
    [[nodiscard]] Result<> close_newcomers(std::span<const DeviceBinding> devices) override;
    [[nodiscard]] Result<std::vector<PlannedWrites>> plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                          const HostFacts& facts) override;
    [[nodiscard]] Result<std::vector<PortCounters>> port_counters() const override;
    [[nodiscard]] Result<std::vector<RuleHits>> rule_hits() const override;
    [[nodiscard]] Result<Healing> heal() override;
    [[nodiscard]] Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const override;
    [[nodiscard]] Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) override;
    // All at once.
    [[nodiscard]] Result<VerifiedPart> verify(std::uint64_t from) override;
    // Nothing is to be done: expired state is freed by the kernel.
    [[nodiscard]] Result<> sweep() override;
    [[nodiscard]] Result<std::vector<Event>> take_events() override;
    [[nodiscard]] int events_fd() const override;
    [[nodiscard]] std::string description() const override;

   private:
    struct State;
    explicit NftDataplane(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
