// SPDX-License-Identifier: Apache-2.0
// A Dataplane that remembers what it was given, and fails when told to.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/dataplane.h"

namespace portcullis::test {

class FakeDataplane final : public Dataplane {
   public:
    std::string why_nothing_is_enforced() const override { return why_open; }
    // A successful apply that changes anything is a new generation, as in the kernel.
    Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) override {
        ++applies;
        if (failure) {
            return fail(*failure);
        }
        std::vector<std::string> labels;
        for (const Rule& rule : ruleset.rules) {
            labels.push_back(rule.label);
        }
        const bool is_change =
            !std::equal(devices.begin(), devices.end(), enforced.begin(), enforced.end()) || labels != rule_labels || facts != host_facts;
        generation += is_change ? 1 : 0;
        enforced.assign(devices.begin(), devices.end());
        rule_labels = std::move(labels);
        host_facts = facts;
        return ApplyReport{.generation = generation, .kernel_writes = is_change ? 1U : 0U, .unenforced = unenforced};
    }
    Result<> close_newcomers(std::span<const DeviceBinding> devices) override {
        closed_first.assign(devices.begin(), devices.end());
        return {};
    }
    Result<std::vector<PlannedWrites>> plan(const Ruleset& /*ruleset*/, std::span<const DeviceBinding> /*devices*/,
                                            const HostFacts& /*facts*/) override {
        return writes;
    }
    Result<std::vector<PortCounters>> port_counters() const override { return counters; }
    Result<std::vector<RuleHits>> rule_hits() const override { return hits; }
    // One flow to a part.
    Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const override {
        FlowPage page;
        if (from < flows.size() && filter.matches(flows[from])) {
            page.flows.push_back(flows[from]);
        }
        if (from + 1 < flows.size()) {
            page.next = from + 1;
        }
        return page;
    }
    // All at once.
    Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t /*from*/) override {
        return FlowsEnded{.count = std::erase_if(flows, [&](const Flow& flow) { return filter.matches(flow); })};
    }
    Result<std::vector<portcullis::Neighbour>> neighbours() override { return others; }
    bool can_probe() const override { return can_probe_packets; }
    // The same verdict for every packet.
    Result<std::vector<ProbeVerdict>> probe(std::span<const ProbePacket> conversation, ProbeRules /*rules*/) override {
        return std::vector<ProbeVerdict>(conversation.size(), probe_verdict);
    }
    // One difference to a part.
    Result<VerifiedPart> verify(std::uint64_t from) override {
        VerifiedPart part;
        if (from < differences.size()) {
            part.differences.push_back(differences[from]);
        }
        if (from + 1 < differences.size()) {
            part.next = from + 1;
        }
        return part;
    }
    Result<Healing> heal() override { return healing; }
    Result<> sweep() override { return {}; }
    Result<std::vector<Event>> take_events() override { return std::exchange(events, {}); }
    int events_fd() const override { return -1; }
    std::string description() const override { return "fake"; }

    std::string why_open;                // empty: it enforces
    std::optional<std::string> failure;  // of the next applies
    std::vector<PortCounters> counters;
    std::vector<PlannedWrites> writes;  // that plan tells
    std::vector<RuleHits> hits;
    std::vector<Flow> flows;
    std::vector<std::string> differences;       // that verify finds
    std::vector<portcullis::Neighbour> others;  // at our hooks
    bool can_probe_packets = false;
    ProbeVerdict probe_verdict;
    std::vector<Event> events;
    std::vector<Unenforced> unenforced;  // what applies report
    Result<Healing> healing;             // what looks report

    int applies = 0;
    std::uint64_t generation = 0;
    std::vector<DeviceBinding> enforced;
    std::vector<DeviceBinding> closed_first;  // what close_newcomers was given last
    std::vector<std::string> rule_labels;
    HostFacts host_facts;
};

}  // namespace portcullis::test
