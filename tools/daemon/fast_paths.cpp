// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/fast_paths.h"

#include <algorithm>

namespace portcullis {
namespace {

bool is_plain_bridge(const Ruleset& ruleset, const HostDevices& devices, std::uint32_t ifindex) {
    const auto bridge = devices.find(ifindex);
    return bridge != devices.end() && !bridge->second.link.filters_vlans &&
           std::ranges::find(ruleset.bridges, bridge->second.name, &Bridge::device) != ruleset.bridges.end();
}

}  // namespace

void choose_fast_paths(FastPath most, const Ruleset& ruleset, const HostDevices& devices, std::vector<DeviceBinding>& bindings) {
    for (DeviceBinding& binding : bindings) {
        const auto device = devices.find(binding.ifindex);
        if (most == FastPath::Off || binding.kind != DeviceBinding::Kind::Bound || device == devices.end() ||
            !device->second.link.is_plain_port || !is_plain_bridge(ruleset, devices, binding.bridge)) {
            continue;
        }
        const bool has_namespace = device->second.link.is_veth && device->second.is_linked_elsewhere;
        binding.fast_path = has_namespace ? most : FastPath::Port;
    }
}

}  // namespace portcullis
