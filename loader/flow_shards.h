// SPDX-License-Identifier: Apache-2.0
// The flow tables: two maps of PC_FLOW_SHARDS hash maps each (bpf/abi.h), allocated when the object is loaded, and how the room in them is
// divided between ports.
#pragma once

#include <cstdint>

#include "compiler/lower_bpf/lower_bpf.h"
#include "core/result.h"
#include "loader/standing_set.h"

namespace portcullis {

class BpfObject;

// Entries of one shard of a table for `flows`: a quarter more than its share, since hashes do not spread evenly.
[[nodiscard]] std::uint32_t shard_entries(std::uint32_t flows);

// Makes the shards and puts them into pc_flows4 and pc_flows6.
[[nodiscard]] Result<> make_flow_shards(const BpfObject& object, const MapCapacities& capacities);

// Fails unless the shards that stand have the size that make_flow_shards gives them.
[[nodiscard]] Result<> check_flow_shards(const PinnedByName& standing, const MapCapacities& capacities);

// Entries, of both tables together. A port always has its reserve; beyond it, ports share.
[[nodiscard]] std::uint32_t flow_reserve(const MapCapacities& capacities);
// `quota`: of the model, for the whole host. Never more than the tables hold.
[[nodiscard]] std::uint32_t flow_shared(const MapCapacities& capacities, std::uint32_t quota);

}  // namespace portcullis
