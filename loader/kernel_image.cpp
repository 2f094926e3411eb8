// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel_image.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "compiler/lower_bpf/keys.h"
#include "loader/kernel_numbers.h"
#include "loader/same_bytes.h"

namespace portcullis {
namespace {

template <class Row>
RowChange<Row> left_as(std::uint32_t number, const Row& row) {
    return {.number = number, .aside = row, .settled = row, .undone = row};
}

// The row with both versions as the active one. `versions...`: members of Row that are pairs by parity.
template <class Row, class... Pairs>
Row levelled(Row row, std::uint32_t parity, Pairs... versions) {
    const auto level = [&](auto& pair) { std::memcpy(&pair[1 - parity], &pair[parity], sizeof(pair[parity])); };
    (level(row.*versions), ...);
    return row;
}

template <class Row, class... Pairs>
void level(std::uint32_t number, const Row& row, std::uint32_t parity, std::vector<RowChange<Row>>& changes, Pairs... versions) {
    const Row wanted = levelled(row, parity, versions...);
    if (!is_same(wanted, row)) {
        changes.push_back(left_as(number, wanted));
    }
}

std::set<std::uint32_t> rows_in_use(const MapImage& policy) {
    std::set<std::uint32_t> rows;
    for (const auto& [key, row] : policy.members4) {
        rows.insert(row);
    }
    for (const auto& [key, row] : policy.members6) {
        rows.insert(row);
    }
    return rows;
}

// Rows that no prefix leads to may hold anything.
void restore_owners(const KernelContent& content, std::uint32_t parity, HostImage& image, ImageDiff& to_settle) {
    const std::map<std::uint32_t, pc_owner> rows(content.owners.begin(), content.owners.end());
    for (const std::uint32_t number : rows_in_use(content.policy)) {
        const auto found = rows.find(number);
        const pc_owner row = found == rows.end() ? pc_owner{} : found->second;
        OwnerRow owner{.interface = row.interface[parity], .subnet = row.subnet[parity]};
        if (row.own[parity] != 0) {
            owner.own = row.own[parity] == PC_OWN_NONE ? 0 : row.own[parity];
        }
        image.policy.owners.emplace_back(number, owner);
        level(number, row, parity, to_settle.owners, &pc_owner::interface, &pc_owner::subnet, &pc_owner::own);
    }
}

// A row whose number has no name any more is cleared.
Result<> restore_interfaces(const KernelContent& content, std::uint32_t parity, HostImage& image, ImageDiff& to_settle) {
    const std::map<std::uint32_t, pc_interface> rows(content.interfaces.begin(), content.interfaces.end());
    const auto names = names_of(PC_NAME_INTERFACE, content.policy.names);
    for (const auto& [number, name] : names) {
        const auto found = rows.find(number);
        const pc_interface row = found == rows.end() ? pc_interface{} : found->second;
        if (row.group_count[parity] > PC_GROUPS_PER_INTERFACE) {
            return fail("row " + std::to_string(number) + " of pc_interfaces holds more groups than it can");
        }
        const std::uint32_t* const groups = row.groups[parity];
        image.policy.interfaces.emplace_back(number, InterfaceRow{.groups = {groups, groups + row.group_count[parity]}});
        if (row.ifindex[parity] != 0) {
            image.bound.emplace(number, row.ifindex[parity]);
        }
        level(number, row, parity, to_settle.interfaces, &pc_interface::ifindex, &pc_interface::group_count, &pc_interface::groups);
    }
    for (const auto& [number, row] : rows) {
        if (!names.contains(number)) {
            to_settle.interfaces.push_back(left_as(number, pc_interface{}));
        }
    }
    return {};
}

// The interface whose port it is; none: nobody's yet. Fails where it is not known: what flows it has is not known then either.
Result<std::string> interface_of(const pc_port_view& view, const KernelNumbers::Keys& interfaces) {
    if ((view.flags & PC_PORT_OPEN) == 0) {
        return view.zone == 0 ? Result<std::string>("") : fail("it is closed, and was somebody's");
    }
    const auto key = interfaces.find(view.interface);
    auto id = key == interfaces.end() ? std::nullopt : interface_id_of(key->second);
    return id ? Result<std::string>(std::move(*id)) : fail("its interface has no name");
}

void restore_port(std::uint32_t ifindex, const pc_device& device, const pc_port& row, std::uint32_t parity,
                  const KernelNumbers::Keys& interfaces, HostImage& image) {
    const pc_port_view& view = row.view[parity];
    auto interface = interface_of(view, interfaces);
    if (!interface || row.ifindex != ifindex || DeviceSlots::slot_of(row.port_id) != device.slot || image.ports.contains(device.slot)) {
        return;
    }
    image.devices.emplace(ifindex, device);
    image.ports.emplace(
        device.slot, PortState{.ifindex = ifindex, .port_id = row.port_id, .bridge = row.bridge, .interface_id = *interface, .view = view});
}

// A device that is a port and has no row of its own, or one of which too little is known, is forgotten: it begins anew.
void restore_devices(const KernelContent& content, std::uint32_t parity, const KernelNumbers::Keys& interfaces, HostImage& image,
                     ImageDiff& to_settle) {
    const std::map<std::uint32_t, pc_port> rows(content.ports.begin(), content.ports.end());
    for (const auto& [ifindex, device] : content.devices) {
        if (device.kind == PC_DEVICE_UPLINK || device.kind == PC_DEVICE_HOST) {
            image.devices.emplace(ifindex, device);
        } else if (const auto row = rows.find(device.slot); row != rows.end()) {
            restore_port(ifindex, device, row->second, parity, interfaces, image);
        }
        if (!image.devices.contains(ifindex)) {
            to_settle.devices.removed.push_back(ifindex);
        }
    }
    for (const auto& [slot, row] : rows) {
        if (image.ports.contains(slot)) {
            level(slot, row, parity, to_settle.ports, &pc_port::view);
        } else {
            to_settle.ports.push_back(left_as(slot, pc_port{}));
        }
    }
}

template <class Key>
void sort_departed(const MapImage::Entries<Key, std::uint32_t>& departed, std::uint32_t generation, std::vector<Key>& came_to_pass,
                   std::vector<Key>& did_not) {
    for (const auto& [key, with_generation] : departed) {
        (with_generation == generation ? came_to_pass : did_not).push_back(key);
    }
}

// pc_names holds all names in one.
void tell_names_apart(MapImage& policy) {
    const auto rules =
        std::stable_partition(policy.names.begin(), policy.names.end(), [](const auto& entry) { return entry.first.kind != PC_NAME_RULE; });
    policy.rule_names.assign(rules, policy.names.end());
    policy.names.erase(rules, policy.names.end());
}

}  // namespace

Result<KernelImage> restore_image(const KernelContent& content, const MapCapacities& capacities, Numberings& numberings,
                                  DeviceSlots& slots) {
    const std::uint32_t parity = content.generation & 1;
    const KernelNumbers numbers = numbers_in(content);
    KernelImage restored{.image = {.policy = content.policy}, .leftovers = {}};
    HostImage& image = restored.image;
    tell_names_apart(image.policy);
    ImageDiff& to_settle = restored.leftovers.to_settle;
    restore_owners(content, parity, image, to_settle);
    if (auto done = restore_interfaces(content, parity, image, to_settle); !done) {
        return fail(std::move(done.error()));
    }
    restore_devices(content, parity, numbers.interfaces, image, to_settle);
    image.macs = content.macs;
    image.host_addresses = content.host_addresses;
    image.tunnels = content.tunnels;
    sort_departed(content.departed4, content.generation, to_settle.departed4, restored.leftovers.to_undo.departed4);
    sort_departed(content.departed6, content.generation, to_settle.departed6, restored.leftovers.to_undo.departed6);
    // What the interrupted change took away at once, flows may have cached.
    image.has_stale_flows = !to_settle.empty() || to_settle.ends_flows() || restored.leftovers.to_undo.ends_flows();
    if (content.last_port_ids.size() > std::size_t{capacities.ports} + 1) {
        return fail("pc_ports has more rows than there can be ports");
    }
    if (auto done = restore_numbers(numbers, numberings); !done) {
        return fail(std::move(done.error()));
    }
    std::set<std::uint32_t> taken;
    for (const auto& [slot, port] : image.ports) {
        taken.insert(slot);
    }
    slots.restore(content.last_port_ids, taken);
    return restored;
}

}  // namespace portcullis
