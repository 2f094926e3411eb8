// SPDX-License-Identifier: Apache-2.0
// What the maps hold, or are to hold, when no change is under way: the lowered policy and, what lowering cannot know, the host's devices
// and addresses. Passive data and the pure step that makes it; the dataplane keeps one, the image in force.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "bpf/abi.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "core/dataplane.h"
#include "core/result.h"
#include "core/ruleset.h"
#include "loader/device_slots.h"

namespace portcullis {

// A row of pc_ports that a device uses.
struct PortState {
    std::uint32_t ifindex = 0;
    std::uint32_t port_id = 0;
    std::uint32_t bridge = 0;
    std::string interface_id;  // last interface that was bound here; empty: none yet
    pc_port_view view{};
};

struct HostImage {
    MapImage policy;
    std::map<std::uint32_t, pc_device> devices;    // pc_devices, by ifindex
    std::map<std::uint32_t, PortState> ports;      // pc_ports, by slot
    std::map<std::uint32_t, std::uint32_t> bound;  // row of pc_interfaces -> ifindex of its device on this host
    MapImage::Entries<pc_mac_key, std::uint32_t> macs;
    MapImage::Entries<pc_host_address_key, std::uint32_t> host_addresses;
    MapImage::Entries<pc_tunnel_key, std::uint32_t> tunnels;
    // Of the image in force: what flows have cached may be wrong, whatever comes next. Entries of devices were taken out since it was put
    // in force, or other programs wrote it.
    bool has_stale_flows = false;
};

struct Wanted {
    const Ruleset& ruleset;
    std::span<const DeviceBinding> devices;
    const HostFacts& facts;
};

// Names of the given devices -> their numbers, for lowering.
[[nodiscard]] DeviceNumbers device_numbers(std::span<const DeviceBinding> devices);

// Bound or Closed: the device gets programs and a row of pc_ports.
[[nodiscard]] bool is_port(const DeviceBinding& binding);

// Two bindings of one device, of one interface, or of a port that the ruleset does not have.
[[nodiscard]] Result<> check_bindings(const Wanted& wanted);

// The image that enforces `wanted`. Devices of `in_force` keep their slots and views' epochs (diff_images gives new ones); new devices, and
// devices whose interface or bridge is another one now, take slots. On failure the slots taken are released.
[[nodiscard]] Result<HostImage> plan_host(MapImage policy, const Wanted& wanted, const HostImage& in_force, DeviceSlots& slots);

// Releases the slots that `image` uses and `other` does not.
void release_slots(const HostImage& image, const HostImage& other, DeviceSlots& slots);

}  // namespace portcullis
