// SPDX-License-Identifier: Apache-2.0
// Devices and rulesets for the tests of the daemon: a host with one bridge, br0, whose ifindex is 1.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/daemon/bindings.h"

namespace portcullis::test {

inline constexpr std::uint32_t kBridge = 1;

inline HostDevices devices_of(const std::vector<Device>& list) {
    HostDevices devices{{kBridge, {.ifindex = kBridge, .name = "br0", .is_bridge = true}}};
    for (const Device& device : list) {
        devices[device.ifindex] = device;
    }
    return devices;
}

// A ruleset in which nothing but ports and bridges matters. Ports: {interface, device named by the documents}.
inline Ruleset ruleset_of(const std::vector<std::pair<std::string, std::string>>& ports, std::vector<Bridge> bridges = {}) {
    Ruleset ruleset;
    for (const auto& [interface, device] : ports) {
        ruleset.interfaces.push_back({.id = interface, .groups = {}});
        ruleset.ports.push_back({.interface_id = interface, .device = device});
    }
    ruleset.bridges = std::move(bridges);
    return ruleset;
}

inline std::optional<DeviceBinding> binding_of(const std::vector<DeviceBinding>& devices, std::uint32_t ifindex) {
    const auto found = std::ranges::find(devices, ifindex, &DeviceBinding::ifindex);
    return found == devices.end() ? std::nullopt : std::optional(*found);
}

}  // namespace portcullis::test
