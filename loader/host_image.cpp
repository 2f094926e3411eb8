// SPDX-License-Identifier: Apache-2.0
#include "loader/host_image.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <type_traits>

namespace portcullis {
namespace {

// What a device is bound to; all empty where it is closed.
struct Binding {
    std::string interface_id;
    std::uint32_t zone = 0;
};

// The row that the device has and may keep: not when it was another interface's or of another VPC, where the addresses of its flows are
// other people's, nor when it was a port of another bridge, where what it claimed meant something else.
const PortState* port_to_keep(const HostImage& in_force, const DeviceBinding& binding, const Binding& wanted) {
    const auto device = in_force.devices.find(binding.ifindex);
    if (device == in_force.devices.end() || device->second.kind != PC_DEVICE_PORT) {
        return nullptr;
    }
    const PortState& port = in_force.ports.at(device->second.slot);
    const bool is_bound_anew = !wanted.interface_id.empty() && !port.interface_id.empty();
    const bool is_other = is_bound_anew && (wanted.interface_id != port.interface_id || wanted.zone != port.view.zone);
    return is_other || port.bridge != binding.bridge ? nullptr : &port;
}

// Closed: everything zero but what live flows need in order to survive until the port opens again, and to end when an address departs from
// their zone.
pc_port_view closed_view(const pc_port_view& former) {
    pc_port_view view{.epoch = former.epoch, .zone = former.zone};
    std::ranges::copy(former.timeout_ticks, view.timeout_ticks);
    return view;
}

// The row with which the device begins: its own, or a new one. Without a port id: no slot is left.
Result<PortState> port_of(const DeviceBinding& binding, const Binding& wanted, const HostImage& in_force, DeviceSlots& slots) {
    if (const PortState* kept = port_to_keep(in_force, binding, wanted)) {
        PortState port = *kept;
        port.interface_id = wanted.interface_id.empty() ? kept->interface_id : wanted.interface_id;
        return port;
    }
    const auto port_id = slots.take();
    if (!port_id) {
        return fail(port_id.error());
    }
    return PortState{
        .ifindex = binding.ifindex, .port_id = *port_id, .bridge = binding.bridge, .interface_id = wanted.interface_id, .view = {}};
}

// Ruleset::bridges by the number of the device that has the name now.
std::map<std::uint32_t, std::size_t> numbers_of_bridges(const Wanted& wanted) {
    std::map<std::uint32_t, std::size_t> numbers;
    for (const DeviceBinding& binding : wanted.devices) {
        const auto bridge = std::ranges::find(wanted.ruleset.bridges, binding.device, &Bridge::device);
        if (binding.kind == DeviceBinding::Kind::Bridge && bridge != wanted.ruleset.bridges.end()) {
            numbers.emplace(binding.ifindex, static_cast<std::size_t>(bridge - wanted.ruleset.bridges.begin()));
        }
    }
    return numbers;
}

// Of ports of a bridge alone.
std::uint32_t fast_path_flags(const DeviceBinding& binding) {
    if (binding.fast_path == FastPath::Off || binding.bridge == 0) {
        return 0;
    }
    return binding.fast_path == FastPath::Namespace ? PC_PORT_FAST | PC_PORT_FAST_ENTER : PC_PORT_FAST;
}

// The view of an open port, but for its epoch.
pc_port_view open_view(const DeviceBinding& binding, const std::map<std::uint32_t, std::size_t>& bridges, const MapImage& policy) {
    pc_port_view view = policy.ports[binding.port];
    view.flags |= PC_PORT_OPEN | fast_path_flags(binding);
    if (const auto bridge = bridges.find(binding.bridge); bridge != bridges.end()) {
        const ServiceSet set = bridge_services_of(policy, bridge->second, binding.port);
        view.services[1] = set.number;
        view.flags |= set.flags;
    }
    return view;
}

void add_port(const DeviceBinding& binding, PortState port, const pc_port_view& open, HostImage& image) {
    if (binding.kind == DeviceBinding::Kind::Bound) {
        const std::uint32_t epoch = port.view.epoch;
        port.view = open;
        port.view.epoch = epoch;
        image.bound.emplace(port.view.interface, binding.ifindex);
    } else {
        port.view = closed_view(port.view);
    }
    const std::uint32_t slot = DeviceSlots::slot_of(port.port_id);
    image.devices.emplace(binding.ifindex, pc_device{.kind = PC_DEVICE_PORT, .slot = slot, .bridge = 0});
    image.ports.emplace(slot, std::move(port));
}

// By the bytes of the keys, each once.
template <class Key>
void sort_entries(MapImage::Entries<Key, std::uint32_t>& entries) {
    static_assert(std::has_unique_object_representations_v<Key>, "padding would be compared");
    const auto order = [](const auto& a, const auto& b) { return std::memcmp(&a.first, &b.first, sizeof(Key)); };
    std::ranges::stable_sort(entries, [&](const auto& a, const auto& b) { return order(a, b) < 0; });
    const auto repeated = std::unique(entries.begin(), entries.end(), [&](const auto& a, const auto& b) { return order(a, b) == 0; });
    entries.erase(repeated, entries.end());
}

// A row that stands for several interfaces counts as bound where the first of them that is bound is: towards the others it is stricter
// than need be (docs/semantics.md 6.6).
void bind_combined_row(const InterfaceGroups& entry, std::uint32_t number, HostImage& image) {
    for (const Index member : entry.stands_for) {
        if (const auto device = image.bound.find(image.policy.interface_numbers[member]); device != image.bound.end()) {
            image.bound.emplace(number, device->second);
        }
    }
}

void add_macs(HostImage& image) {
    for (const auto& [slot, port] : image.ports) {
        if ((port.view.flags & PC_PORT_OPEN) == 0 || port.bridge == 0) {
            continue;
        }
        pc_mac_key key{.bridge = port.bridge};
        std::ranges::copy(port.view.mac, key.mac);
        image.macs.emplace_back(key, port.ifindex);
    }
    sort_entries(image.macs);
}

// IPv4-mapped where it is IPv4, as in pc_services.
void add_facts(const HostFacts& facts, HostImage& image) {
    for (const Address& address : facts.addresses) {
        pc_host_address_key key{};
        if (address.family == Family::Ipv4) {
            key.address[10] = key.address[11] = 0xff;
            std::copy_n(address.bytes.begin(), 4, key.address + 12);
        } else {
            std::ranges::copy(address.bytes, key.address);
        }
        image.host_addresses.emplace_back(key, 1);
    }
    for (const TunnelEndpoint& tunnel : facts.tunnels) {
        image.tunnels.emplace_back(pc_tunnel_key{.port = tunnel.port, .protocol = tunnel.protocol}, 1);
    }
    sort_entries(image.host_addresses);
    sort_entries(image.tunnels);
}

// The bridge sends what goes to a MAC of several ports to the one that it has heard last.
void leave_shared_macs_to_bridge(HostImage& image) {
    std::set<std::uint64_t> shared;
    const auto number = [](const std::uint8_t* mac) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, mac, sizeof(pc_port_view::mac));
        return bytes;
    };
    for (const auto& [key, service] : image.policy.services) {
        if (key.kind == PC_SERVICE_MAC) {
            shared.insert(number(key.address));
        }
    }
    for (auto& [slot, port] : image.ports) {
        if (shared.contains(number(port.view.mac))) {
            port.view.flags &= ~(PC_PORT_FAST | PC_PORT_FAST_ENTER);
        }
    }
}

}  // namespace

DeviceNumbers device_numbers(std::span<const DeviceBinding> devices) {
    DeviceNumbers numbers;
    for (const DeviceBinding& binding : devices) {
        numbers.emplace(binding.device, binding.ifindex);
    }
    return numbers;
}

bool is_port(const DeviceBinding& binding) {
    return binding.kind == DeviceBinding::Kind::Bound || binding.kind == DeviceBinding::Kind::Closed;
}

Result<> check_bindings(const Wanted& wanted) {
    std::set<std::uint32_t> devices;
    std::set<Index> ports;
    for (const DeviceBinding& binding : wanted.devices) {
        if (binding.ifindex == 0 || !devices.insert(binding.ifindex).second) {
            return fail("device " + binding.device + " (" + std::to_string(binding.ifindex) + ") is given twice or has no number");
        }
        if (binding.kind != DeviceBinding::Kind::Bound) {
            continue;
        }
        if (binding.port >= wanted.ruleset.ports.size()) {
            return fail("device " + binding.device + " is bound to a port that the ruleset does not have");
        }
        if (!ports.insert(binding.port).second) {
            return fail("device " + binding.device + " is bound to " + wanted.ruleset.ports[binding.port].interface_id +
                        ", which another device is bound to");
        }
    }
    return {};
}

Result<HostImage> plan_host(MapImage policy, const Wanted& wanted, const HostImage& in_force, DeviceSlots& slots) {
    HostImage image{.policy = std::move(policy)};
    const auto bridges = numbers_of_bridges(wanted);
    for (const DeviceBinding& binding : wanted.devices) {
        if (!is_port(binding)) {
            const bool is_uplink = binding.kind == DeviceBinding::Kind::Uplink;
            image.devices.emplace(binding.ifindex, is_uplink ? pc_device{.kind = PC_DEVICE_UPLINK, .slot = 0, .bridge = binding.bridge}
                                                             : pc_device{.kind = PC_DEVICE_HOST, .slot = 0, .bridge = 0});
            continue;
        }
        const bool is_bound = binding.kind == DeviceBinding::Kind::Bound;
        const auto bound_to = is_bound ? Binding{.interface_id = wanted.ruleset.ports[binding.port].interface_id,
                                                 .zone = image.policy.ports[binding.port].zone}
                                       : Binding{};
        auto port = port_of(binding, bound_to, in_force, slots);
        if (!port) {
            release_slots(image, in_force, slots);
            return fail(std::move(port.error()));
        }
        add_port(binding, std::move(*port), is_bound ? open_view(binding, bridges, image.policy) : pc_port_view{}, image);
    }
    if (std::ranges::any_of(wanted.devices, [](const DeviceBinding& one) { return one.fast_path != FastPath::Off; })) {
        leave_shared_macs_to_bridge(image);
    }
    add_macs(image);
    add_facts(wanted.facts, image);
    for (std::size_t index = 0; index < wanted.ruleset.interfaces.size(); ++index) {
        bind_combined_row(wanted.ruleset.interfaces[index], image.policy.interface_numbers[index], image);
    }
    return image;
}

void release_slots(const HostImage& image, const HostImage& other, DeviceSlots& slots) {
    for (const auto& [slot, port] : image.ports) {
        if (!other.ports.contains(slot)) {
            slots.release(slot);
        }
    }
}

}  // namespace portcullis
