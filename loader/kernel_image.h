// SPDX-License-Identifier: Apache-2.0
// From what a former daemon left in the maps to what this one goes on from: the image in force, the numbers that are given out, the slots
// that are taken, and what is left to be done of a change that was interrupted. Pure; read by loader/host_maps.h.
//
// What the active generation says is in force. Entries that nothing refers to, of a change that was interrupted, are part of the image, so
// that the next change removes them; their numbers are not given out before. What a number stands for is told by what the maps hold under
// it, all of it (compiler/lower_bpf/keys.h): what somebody has tampered with is no longer what is wanted, and is written anew.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/abi.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "core/result.h"
#include "loader/device_slots.h"
#include "loader/host_image.h"
#include "loader/image_diff.h"

namespace portcullis {

// Sorted like MapImage. Of arrays: the rows that are not all zero.
struct KernelContent {
    std::uint32_t generation = 0;
    MapImage policy;  // without owners, interfaces and what is by index
    MapImage::Entries<std::uint32_t, pc_owner> owners;
    MapImage::Entries<std::uint32_t, pc_interface> interfaces;
    MapImage::Entries<std::uint32_t, pc_port> ports;
    MapImage::Entries<std::uint32_t, pc_device> devices;
    MapImage::Entries<pc_mac_key, std::uint32_t> macs;
    MapImage::Entries<pc_host_address_key, std::uint32_t> host_addresses;
    MapImage::Entries<pc_tunnel_key, std::uint32_t> tunnels;
    MapImage::Entries<pc_member4_key, std::uint32_t> departed4;
    MapImage::Entries<pc_member6_key, std::uint32_t> departed6;
    std::vector<std::uint32_t> last_port_ids;  // by slot; 0: none yet
};

// What an interrupted change left, to be done in this order before anything else.
struct Leftovers {
    ImageDiff to_undo;    // prefixes whose departure did not come to pass
    ImageDiff to_settle;  // rows whose versions differ, prefixes that departed, devices without a port of their own
};

struct KernelImage {
    HostImage image;
    Leftovers leftovers;
};

// Pre: nothing has been numbered and no slot taken; `capacities` are those of the maps. Fails where the content is none that a daemon of
// this layout leaves, and changes nothing then.
[[nodiscard]] Result<KernelImage> restore_image(const KernelContent& content, const MapCapacities& capacities, Numberings& numberings,
                                                DeviceSlots& slots);

}  // namespace portcullis
