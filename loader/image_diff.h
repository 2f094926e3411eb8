// SPDX-License-Identifier: Apache-2.0
// What has to be written to get from one image of the maps to another, ordered by when: aside (before the switch, invisible to running
// programs), settled (a grace period after it) or undone (instead of the switch). Pure; written by loader/host_maps.h.
//
// Entries of hash maps and tries, and immutable rows (EntryChanges), are inserted aside and deleted, rows cleared, when settled; undone,
// what was added is deleted.
//
// Each of the three can be carried out again from the start: what is written twice is the same, what is deleted twice is gone.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "bpf/abi.h"
#include "compiler/lower_bpf/change.h"
#include "compiler/lower_bpf/map_changes.h"
#include "core/result.h"
#include "loader/host_image.h"

namespace portcullis {

// Entries whose value matters to no program as long as there is one: written over in place.
template <class Key, class Value>
struct EntryRewrites {
    std::vector<std::pair<Key, Value>> written;
    std::vector<std::pair<Key, Value>> former;  // of those written that were there before
    std::vector<Key> removed;
    [[nodiscard]] bool empty() const { return written.empty() && removed.empty(); }
};

// A row with two versions.
template <class Row>
struct RowChange {
    std::uint32_t number = 0;
    Row aside{};    // active version as before, inactive version as wanted
    Row settled{};  // both as wanted
    Row undone{};   // both as before
};

// A device that becomes something else, or gets another slot: its entry is deleted and, after a grace period, inserted anew, as the last
// thing before the switch. In between it is closed.
struct DeviceMove {
    std::uint32_t ifindex = 0;
    pc_device from{}, to{};
};

struct ImageDiff {
    EntryChanges<std::uint32_t, pc_policy> policies;
    EntryChanges<std::uint32_t, pc_set_head> set_heads;
    EntryChanges<pc_port_set_key, std::uint32_t> port_sets;
    EntryChanges<pc_cidr4_key, std::uint32_t> cidrs4;
    EntryChanges<pc_cidr6_key, std::uint32_t> cidrs6;
    EntryChanges<pc_group_set_key, std::uint32_t> group_sets;
    EntryChanges<pc_address4_key, std::uint32_t> addresses4;
    EntryChanges<pc_address6_key, std::uint32_t> addresses6;
    EntryChanges<pc_member4_key, std::uint32_t> members4;
    EntryChanges<pc_member6_key, std::uint32_t> members6;
    EntryChanges<pc_service_key, pc_service> services;
    EntryChanges<pc_name_key, pc_name> names;
    EntryChanges<pc_host_address_key, std::uint32_t> host_addresses;
    EntryChanges<pc_tunnel_key, std::uint32_t> tunnels;
    EntryRewrites<pc_mac_key, std::uint32_t> macs;
    EntryChanges<std::uint32_t, pc_device> devices;
    std::vector<DeviceMove> moves;
    std::vector<RowChange<pc_owner>> owners;
    std::vector<RowChange<pc_interface>> interfaces;
    std::vector<RowChange<pc_port>> ports;
    std::vector<std::uint32_t> new_ports;  // port ids that no slot had before
    // Prefixes that an interface has lost: flows of the zone's ports that have an address of theirs end (docs/semantics.md 7.8).
    std::vector<pc_member4_key> departed4;
    std::vector<pc_member6_key> departed6;
    [[nodiscard]] bool empty() const;
    [[nodiscard]] bool ends_flows() const { return !departed4.empty() || !departed6.empty(); }
};

// `parity`: the active one. Gives the ports of `to` whose cached verdicts may have changed a new epoch: those whose view changed, every
// port of a zone in which an address became somebody else's or is at another device, those whose policies name a group that an interface
// left, or, where flows are cut, came into; all ports where the host's addresses or tunnels changed. Fails when an immutable entry would
// have to change, which no numbering does.
//
// `policies`: where they are given, what differs is not looked for in the maps that they are about, which in `to` are not filled in yet.
[[nodiscard]] Result<ImageDiff> diff_images(const HostImage& from, HostImage& to, std::uint32_t parity,
                                            const PolicyChanges* policies = nullptr);

}  // namespace portcullis
