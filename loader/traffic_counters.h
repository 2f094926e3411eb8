// SPDX-License-Identifier: Apache-2.0
// What the programs count: packets and bytes by port, direction and reason; decisions by rule; flows and lost events by port.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "compiler/lower_bpf/numbering.h"
#include "core/dataplane.h"
#include "core/result.h"
#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"

namespace portcullis {

class TrafficCounters {
   public:
    [[nodiscard]] static Result<TrafficCounters> open(const BpfObject& object);

    [[nodiscard]] Result<std::vector<PortCounters>> ports(const std::map<std::uint32_t, PortState>& in_use) const;
    // Rules that decided at least once.
    [[nodiscard]] Result<std::vector<RuleHits>> rules(const Numbering& numbering) const;

    // Goes on from what a former daemon's programs counted, under the numbers that it gave out.
    [[nodiscard]] Result<> adopt(const Numbering& numbering);
    // The last port id that each slot had.
    [[nodiscard]] Result<std::vector<std::uint32_t>> last_port_ids() const;

    // Numbers that mean another rule than before start at zero. Pre: no program refers to the new meaning yet.
    [[nodiscard]] Result<> restart_rules(const Numbering& numbering);
    [[nodiscard]] Result<> restart_rules(const Numbering& numbering, std::span<const std::uint32_t> numbers);  // of no others
    // Slots that a port before has used start at zero.
    [[nodiscard]] Result<> restart_ports(const HostImage& in_force, const HostImage& wanted);

   private:
    [[nodiscard]] Result<> restart_rule(const Numbering& numbering, std::uint32_t number);
    TrafficCounters() = default;
    BpfSums counters_;
    BpfSums rule_hits_;
    BpfRows<pc_port_state> states_;
    std::map<std::uint32_t, std::uint64_t> lost_before_;  // by slot: events that its former ports lost
    std::vector<std::size_t> rule_keys_;                  // by number: hash of the rule that it counts for; 0: none yet
};

}  // namespace portcullis
