// SPDX-License-Identifier: Apache-2.0
// Devices before and after they are ports: closed from the moment they are given, and again once their programs are gone.
#include <cstdint>
#include <utility>

#include "loader/bpf_dataplane_state.h"

namespace portcullis {

Result<> BpfDataplane::State::close_lost_device(std::uint32_t ifindex) {
    const auto device = in_force.devices.find(ifindex);
    if (device == in_force.devices.end()) {
        return {};
    }
    const std::uint32_t slot = device->second.slot;
    if (auto closed = maps.close_device(ifindex, slot); !closed) {
        return closed;
    }
    check.reset();
    in_force.devices.erase(device);
    in_force.has_stale_flows = true;
    if (in_force.ports.erase(slot) != 0) {
        slots.release(slot);
    }
    return {};
}

// The entries of devices whose programs are gone from their hooks: whatever comes under their numbers finds nothing of theirs.
Result<> BpfDataplane::State::close_lost(const Result<std::vector<std::uint32_t>>& lost) {
    if (!lost) {
        return fail(lost.error());
    }
    for (const std::uint32_t ifindex : *lost) {
        if (auto closed = close_lost_device(ifindex); !closed) {
            return closed;
        }
        hooks.forget(ifindex);
    }
    return {};
}

// Whatever has come under the number of a device that is gone has none of our programs, and inherits nothing.
Result<> BpfDataplane::State::adopt_devices(const Standing& standing) {
    if (!is_adopting) {
        return {};
    }
    std::vector<std::uint32_t> known;
    for (const auto& [slot, port] : in_force.ports) {
        known.push_back(port.ifindex);
    }
    auto closed = close_lost(hooks.adopt(known, standing));
    is_adopting = !closed;
    return closed;
}

// First of all, whatever becomes of the policy or of what the last change left: a managed device is closed from the moment it is given.
Result<std::vector<DeviceBinding>> BpfDataplane::State::close_devices(std::span<const DeviceBinding> devices, const Standing& standing) {
    if (auto pinned = pin(standing); !pinned) {
        return fail(std::move(pinned.error()));
    }
    auto tidied = finish();
    tidied = tidied ? adopt_devices(standing) : tidied;
    tidied = tidied ? close_lost(hooks.find_lost(devices, standing)) : tidied;
    auto present = hooks.close_newcomers(devices, standing);
    if (!tidied) {
        return fail(std::move(tidied.error()));
    }
    return present;
}

Result<> BpfDataplane::State::close_newcomers(std::span<const DeviceBinding> devices) {
    check.reset();
    auto standing = find_former();
    if (!standing) {
        return fail(std::move(standing.error()));
    }
    const auto present = close_devices(devices, *standing);
    return present ? Result<>() : fail(present.error());
}

}  // namespace portcullis
