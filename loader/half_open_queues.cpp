// SPDX-License-Identifier: Apache-2.0
#include "loader/half_open_queues.h"

#include <bpf/bpf.h>

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

// 0: there is no queue.
Result<std::uint32_t> size_of(const MapOfMaps& queues, std::uint32_t number) {
    auto found = queues.find(number);
    if (!found) {
        return fail(std::move(found.error()));
    }
    return *found ? RawMap::adopt(std::move(**found)).map([](const RawMap& queue) { return queue.capacity(); }) : Result<std::uint32_t>(0U);
}

// What the queue holds, oldest first. No program uses it any more.
std::vector<pc_half_open_record> drain(int queue) {
    std::vector<pc_half_open_record> records;
    pc_half_open_record record{};
    while (::bpf_map_lookup_and_delete_elem(queue, nullptr, &record) == 0) {
        records.push_back(record);
    }
    return records;
}

// The queues of each slot, as they are.
Result<std::vector<MapOfMaps::Row>> open_queues(const MapOfMaps& queues, const std::vector<std::uint32_t>& slots) {
    std::vector<MapOfMaps::Row> rows;
    rows.reserve(slots.size() * kSides);
    for (const std::uint32_t slot : slots) {
        for (const std::uint32_t number : {slot * kSides, slot * kSides + 1}) {
            auto queue = queues.find(number);
            if (!queue) {
                return fail(std::move(queue.error()));
            }
            if (*queue) {
                rows.push_back({.number = number, .map = std::move(**queue)});
            }
        }
    }
    return rows;
}

}  // namespace

Result<HalfOpenQueues> HalfOpenQueues::open(const BpfObject& object) {
    auto queues = object.map(kMap).and_then([](UniqueFd fd) { return MapOfMaps::adopt(std::move(fd)); });
    if (!queues) {
        return fail(std::move(queues.error()));
    }
    return HalfOpenQueues(std::move(*queues));
}

Result<> HalfOpenQueues::adopt(const HostImage& in_force) {
    for (std::uint32_t slot = 1; slot < queues_.capacity() / kSides; ++slot) {
        const auto outbound = size_of(queues_, slot * kSides);
        const auto inbound = size_of(queues_, slot * kSides + 1);
        if (!outbound || !inbound) {
            return fail(!outbound ? outbound.error() : inbound.error());
        }
        if (*outbound == 0 && *inbound == 0) {
            continue;
        }
        // Two of different sizes are of a change that was interrupted: they are made anew.
        const auto port = in_force.ports.find(slot);
        made_.emplace(slot, Made{.port_id = port == in_force.ports.end() ? 0 : port->second.port_id,
                                 .entries = *outbound == *inbound ? *outbound : 0});
    }
    return {};
}

Result<> HalfOpenQueues::prepare(const BpfObject& object, const HostImage& wanted, const Sweeper& sweeper) {
    std::vector<MapOfMaps::Row> rows;
    std::vector<std::uint32_t> replaced;
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
        if (made != made_.end() && made->second.port_id == needed.port_id) {  // else there is none, or it is of flows that are gone
            replaced.push_back(slot);
        }
        making.emplace(slot, needed);
    }
    auto former = open_queues(queues_, replaced);
    if (!former) {
        return fail(std::move(former.error()));
    }
    auto written = queues_.write_all(rows);
    if (written) {
        making.merge(made_);
        made_ = std::move(making);
    }
    for (auto queue = former->begin(); written && queue != former->end(); ++queue) {
        written = sweeper.requeue(queue->number, drain(queue->map.value()));
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
