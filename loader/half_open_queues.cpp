// SPDX-License-Identifier: Apache-2.0
#include "loader/half_open_queues.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bpf/abi.h"

namespace portcullis {
namespace {

constexpr const char* kMap = "pc_half_open";
constexpr std::uint32_t kSides = 2;

Result<> add_queues(const BpfObject& object, std::uint32_t slot, std::uint32_t entries, std::vector<MapOfMaps::Row>& rows) {
    for (std::uint32_t side = 0; side < kSides; ++side) {
        auto queue = object.make_inner(kMap, entries);
        if (!queue) {
            return fail(std::move(queue.error()));
        }
        rows.push_back({.number = slot * kSides + side, .map = std::move(*queue)});
    }
    return {};
}

}  // namespace

Result<HalfOpenQueues> HalfOpenQueues::open(const BpfObject& object) {
    auto queues = object.map(kMap).and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
    if (!queues) {
        return fail(std::move(queues.error()));
    }
    return HalfOpenQueues(std::move(*queues));
}

Result<> HalfOpenQueues::prepare(const BpfObject& object, const HostImage& wanted) {
    std::vector<MapOfMaps::Row> rows;
    std::map<std::uint32_t, Made> making;
    for (const auto& [slot, port] : wanted.ports) {
        const Made needed{.port_id = port.port_id, .entries = std::max(port.view.half_open_quota, 1U)};
        const auto made = made_.find(slot);
        if ((port.view.flags & PC_PORT_OPEN) == 0 || (made != made_.end() && made->second == needed)) {
            continue;
        }
        if (auto added = add_queues(object, slot, needed.entries, rows); !added) {
            return added;
        }
        making.emplace(slot, needed);
    }
    auto written = queues_.write_all(rows);
    if (written) {
        making.merge(made_);
        made_ = std::move(making);
    }
    return written;
}

Result<> HalfOpenQueues::release_others(const HostImage& in_force) {
    std::vector<std::uint32_t> numbers;
    for (const auto& [slot, made] : made_) {
        if (!in_force.ports.contains(slot)) {
            numbers.insert(numbers.end(), {slot * kSides, slot * kSides + 1});
        }
    }
    auto cleared = queues_.clear_all(numbers);
    if (cleared) {
        std::erase_if(made_, [&](const auto& entry) { return !in_force.ports.contains(entry.first); });
    }
    return cleared;
}

}  // namespace portcullis
