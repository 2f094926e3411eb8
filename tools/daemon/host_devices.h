// SPDX-License-Identifier: Apache-2.0
// The network devices of this host as netlink last described them. Filled by netlink_monitor.h, read by bindings.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace portcullis {

struct Device {
    std::uint32_t ifindex = 0;
    std::string name;
    std::string alias;         // `ip link set X alias …`: claims the interface of that id
    std::uint32_t master = 0;  // ifindex of the bridge (or bond, …) it is a port of; 0: none
    bool is_bridge = false;    // of the kernel's kind "bridge"
    bool is_physical = false;  // it hangs on a bus: the kernel names a parent device
    bool operator==(const Device&) const = default;
};

using HostDevices = std::map<std::uint32_t, Device>;  // by ifindex

}  // namespace portcullis
