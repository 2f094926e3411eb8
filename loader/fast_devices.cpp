// SPDX-License-Identifier: Apache-2.0
#include "loader/fast_devices.h"

#include <cerrno>
#include <utility>
#include <vector>

namespace portcullis {
namespace {

bool has_fast_path(const PortState& port) { return (port.view.flags & PC_PORT_FAST) != 0; }

}  // namespace

Result<FastDevices> FastDevices::open(const BpfObject& object, std::uint32_t slots) {
    auto fd = object.map("pc_fast_devices");
    auto map = fd ? BpfMap<std::uint32_t, std::uint32_t>::adopt(std::move(*fd)) : fail(std::move(fd.error()));
    if (!map) {
        return fail(std::move(map.error()));
    }
    FastDevices opened(std::move(*map));
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        std::uint32_t ifindex = 0;
        const auto found = opened.devices_.look_up(slot, ifindex);
        if (!found) {
            return fail(found.error());
        }
        if (*found) {
            opened.held_.emplace(slot, ifindex);
        }
    }
    return opened;
}

// Asked after it was put in: what the map holds is what holds our programs then, or goes out of it by itself.
Result<> FastDevices::put(std::uint32_t slot, std::uint32_t ifindex, const HoldsEnforcement& holds_enforcement) {
    const std::pair<std::uint32_t, std::uint32_t> entry{slot, ifindex};
    if (auto written = devices_.write_all({&entry, 1}); !written) {
        return written.error().code == EINVAL ? Result<>() : written;  // there is no such device any more
    }
    held_.emplace(slot, ifindex);
    const auto holds = holds_enforcement(ifindex);
    if (holds && *holds) {
        return {};
    }
    auto taken_out = take_out(slot);
    return holds ? taken_out : fail(holds.error());
}

Result<> FastDevices::take_out(std::uint32_t slot) {
    const auto removed = devices_.remove(slot);
    if (!removed) {
        return fail(removed.error());
    }
    held_.erase(slot);
    return {};
}

Result<> FastDevices::follow(const HostImage& in_force, const HoldsEnforcement& holds_enforcement) {
    for (const auto& [slot, ifindex] : std::map(held_)) {
        const auto port = in_force.ports.find(slot);
        const bool is_of_port = port != in_force.ports.end() && port->second.ifindex == ifindex && has_fast_path(port->second);
        if (auto done = is_of_port ? Result<>() : take_out(slot); !done) {
            return done;
        }
    }
    for (const auto& [slot, port] : in_force.ports) {
        const bool is_missing = has_fast_path(port) && !held_.contains(slot);
        if (auto done = is_missing ? put(slot, port.ifindex, holds_enforcement) : Result<>(); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace portcullis
