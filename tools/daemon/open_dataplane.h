// SPDX-License-Identifier: Apache-2.0
// What `--on-unsupported degrade` runs with on a host where neither back end can be had: takes every change, writes nothing, enforces
// nothing, and says so. A daemon that is asked for nothing but to answer is worth having where other parts of a host wait for its socket;
// that it guards nothing is in each of its answers (Api::handle).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/dataplane.h"

namespace portcullis {

class OpenDataplane final : public Dataplane {
   public:
    // `why`: no back end can be had, in one sentence.
    explicit OpenDataplane(std::string why) : why_(std::move(why)) {}

    [[nodiscard]] std::string why_nothing_is_enforced() const override { return why_; }

    // Each successful call is a generation, so that answers and `If-Match` work as ever.
    [[nodiscard]] Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                            const HostFacts& facts) override;
    [[nodiscard]] Result<> close_newcomers(std::span<const DeviceBinding> /*devices*/) override { return {}; }
    [[nodiscard]] Result<std::vector<PlannedWrites>> plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                          const HostFacts& facts) override;
    [[nodiscard]] Result<std::vector<PortCounters>> port_counters() const override { return std::vector<PortCounters>(); }
    [[nodiscard]] Result<std::vector<RuleHits>> rule_hits() const override { return std::vector<RuleHits>(); }
    [[nodiscard]] Result<Healing> heal() override { return Healing(); }
    // Asked to show or end flows, or to compare, it fails: an empty answer would read as one.
    [[nodiscard]] Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const override;
    [[nodiscard]] Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) override;
    [[nodiscard]] Result<VerifiedPart> verify(std::uint64_t from) override;
    [[nodiscard]] Result<> sweep() override { return {}; }
    [[nodiscard]] Result<std::vector<Event>> take_events() override { return std::vector<Event>(); }
    [[nodiscard]] int events_fd() const override { return -1; }
    [[nodiscard]] std::string description() const override { return "none"; }

   private:
    [[nodiscard]] Error refusal() const;

    std::string why_;
    std::uint64_t generation_ = 0;
};

}  // namespace portcullis
