// SPDX-License-Identifier: Apache-2.0
#include "loader/flow_shards.h"

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "loader/bpf_object.h"
#include "loader/map_of_maps.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kFewest = 64;  // of a shard: small tables spread less evenly

Result<> fill_table(const BpfObject& object, const char* table, std::uint32_t flows) {
    auto outer = object.map(table).and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
    if (!outer) {
        return fail(std::move(outer.error()));
    }
    std::vector<MapOfMaps::Row> rows;
    for (std::uint32_t shard = 0; shard < PC_FLOW_SHARDS; ++shard) {
        auto map = object.make_inner(table, shard_entries(flows));
        if (!map) {
            return fail(std::move(map.error()));
        }
        rows.push_back({.number = shard, .map = std::move(*map)});
    }
    return outer->write_all(rows);
}

Result<> check_table(const PinnedByName& standing, const char* table, std::uint32_t flows) {
    const auto found = standing.find(table);
    UniqueFd own(found == standing.end() ? -1 : ::fcntl(found->second.value(), F_DUPFD_CLOEXEC, 0));
    if (!own.is_open()) {
        return fail(std::string(table) + " is not there");
    }
    auto outer = MapOfMaps::adopt(std::move(own));
    for (std::uint32_t shard = 0; outer && shard < PC_FLOW_SHARDS; ++shard) {
        const auto map = outer->open(shard).and_then([](UniqueFd fd) { return RawMap::adopt(std::move(fd)); });
        if (!map) {
            return fail(map.error());
        }
        if (map->capacity() != shard_entries(flows)) {
            return fail(std::string(table) + " has shards of another size");
        }
    }
    return outer ? Result<>() : fail(std::move(outer.error()));
}

std::uint64_t flows_of(const MapCapacities& capacities) { return std::uint64_t{capacities.flows4} + capacities.flows6; }

}  // namespace

std::uint32_t shard_entries(std::uint32_t flows) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(std::uint64_t{flows} * 5 / 4 / PC_FLOW_SHARDS, kFewest));
}

Result<> make_flow_shards(const BpfObject& object, const MapCapacities& capacities) {
    auto made = fill_table(object, "pc_flows4", capacities.flows4);
    return made ? fill_table(object, "pc_flows6", capacities.flows6) : made;
}

Result<> check_flow_shards(const PinnedByName& standing, const MapCapacities& capacities) {
    auto checked = check_table(standing, "pc_flows4", capacities.flows4);
    return checked ? check_table(standing, "pc_flows6", capacities.flows6) : checked;
}

std::uint32_t flow_reserve(const MapCapacities& capacities) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(flows_of(capacities) / 2 / std::max(capacities.ports, 1U), 1));
}

std::uint32_t flow_shared(const MapCapacities& capacities, std::uint32_t quota) {
    const std::uint64_t all = std::min<std::uint64_t>(quota, flows_of(capacities));
    const std::uint64_t reserved = std::uint64_t{capacities.ports} * flow_reserve(capacities);
    return static_cast<std::uint32_t>(all > reserved ? all - reserved : 0);
}

}  // namespace portcullis
