// SPDX-License-Identifier: Apache-2.0
// A copy of the programs that judge packets, for questions: it reads the maps of policy and devices that the enforcing programs read, and
// has maps of its own for everything that programs write (docs/decisions/0009-probe-programs.md). Attached nowhere, run by
// BPF_PROG_TEST_RUN.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "bpf/abi.h"
#include "compiler/lower_bpf/numbering.h"
#include "core/dataplane.h"
#include "core/result.h"
#include "loader/bpf_map.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"
#include "loader/map_of_maps.h"
#include "loader/traffic_counters.h"

namespace portcullis {

class ProbePrograms {
   public:
    // The verifier goes over the programs once more: about a second. `object`: whose maps are read.
    [[nodiscard]] static Result<ProbePrograms> load(const BpfObject& object, const MapCapacities& capacities);

    // As Dataplane::probe. `rules`: by which rules are named; none: they are not asked for, which reads as much as there are rules.
    [[nodiscard]] Result<std::vector<ProbeVerdict>> run(std::span<const ProbePacket> conversation, const HostImage& in_force,
                                                        const Numbering* rules);

   private:
    ProbePrograms(BpfObject object, TrafficCounters counters) : object_(std::move(object)), counters_(std::move(counters)) {}
    [[nodiscard]] Result<> take_maps();
    [[nodiscard]] Result<> give_queues(std::span<const std::uint32_t> slots);
    [[nodiscard]] Result<> forget(const std::vector<std::uint32_t>& slots, const HostImage& in_force);
    [[nodiscard]] Result<ProbeVerdict> judge(const ProbePacket& packet, const std::map<std::uint32_t, PortState>& port,
                                             const Numbering* rules);

    BpfObject object_;
    TrafficCounters counters_;
    MapOfMaps queues_;
    BpfRows<pc_port_state> states_;
    BpfRows<pc_flow_pool> pool_;
    BpfMap<pc_flow4_key, pc_flow4> flows4_;  // the one table that all shards name
    BpfMap<pc_flow6_key, pc_flow6> flows6_;
    UniqueFd queue_;                      // the one queue that all ports share
    std::set<std::uint32_t> has_queues_;  // slots
};

}  // namespace portcullis
