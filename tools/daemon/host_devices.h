// SPDX-License-Identifier: Apache-2.0
// The network devices and addresses of this host as netlink last described them. Filled by netlink_monitor.h, read by bindings.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/host_facts.h"
#include "tools/daemon/bridge_links.h"

namespace portcullis {

struct Device {
    std::uint32_t ifindex = 0;
    std::string name;
    std::string alias;                 // `ip link set X alias …`: claims the interface of that id
    std::uint32_t master = 0;          // ifindex of the bridge (or bond, …) it is a port of; 0: none
    bool is_bridge = false;            // of the kernel's kind "bridge"
    bool is_physical = false;          // it hangs on a bus: the kernel names a parent device
    bool is_ethernet = true;           // of that link type: no other device can be a port of a bridge
    bool is_linked_elsewhere = false;  // to a device of another namespace, its other end where it is a veth
    BridgeLink link = {};
    std::vector<TunnelEndpoint> tunnels = {};  // what it would unwrap
    bool operator==(const Device&) const = default;
};

using HostDevices = std::map<std::uint32_t, Device>;  // by ifindex

// An address of a device of the host.
struct DeviceAddress {
    std::uint32_t ifindex = 0;
    Address address;
    std::vector<Address> shared = {};  // the network's broadcast and anycast addresses: what is sent to them is delivered here too
    auto operator<=>(const DeviceAddress&) const = default;
};
using HostAddresses = std::set<DeviceAddress>;

// What back ends are told of it. `fou`: UDP ports at which the kernel unwraps without a device. Loopback addresses are left out: nothing
// that enters by a bridge reaches them.
[[nodiscard]] HostFacts host_facts(const HostDevices& devices, const HostAddresses& addresses, const std::vector<TunnelEndpoint>& fou);

}  // namespace portcullis
