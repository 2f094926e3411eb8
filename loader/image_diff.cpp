// SPDX-License-Identifier: Apache-2.0
#include "loader/image_diff.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>

#include "loader/owner_diff.h"
#include "loader/same_bytes.h"

namespace portcullis {
namespace {

template <class Key, class Value>
Result<> diff_entries(const char* map, const MapImage::Entries<Key, Value>& from, const MapImage::Entries<Key, Value>& to,
                      EntryChanges<Key, Value>& changes) {
    auto former = from.begin();
    auto wanted = to.begin();
    while (former != from.end() || wanted != to.end()) {
        const int order = former == from.end() ? 1 : wanted == to.end() ? -1 : compare_keys(former->first, wanted->first);
        if (order == 0 && !is_same(former->second, wanted->second)) {
            return fail(std::string(map) + ": an entry that running programs rely on would have to change");
        }
        if (order < 0) {
            changes.removed.push_back(former->first);
        } else if (order > 0) {
            changes.added.push_back(*wanted);
        }
        former += order <= 0 ? 1 : 0;
        wanted += order >= 0 ? 1 : 0;
    }
    return {};
}

Result<> first_failure(std::initializer_list<Result<>> results) {
    for (const auto& result : results) {
        if (!result) {
            return result;
        }
    }
    return {};
}

Result<> diff_policies(const MapImage& from, const MapImage& to, PolicyChanges& changes) {
    return first_failure({diff_entries("pc_policies", from.policies, to.policies, changes.policies),
                          diff_entries("pc_set_heads", from.set_heads, to.set_heads, changes.set_heads),
                          diff_entries("pc_port_sets", from.port_sets, to.port_sets, changes.port_sets),
                          diff_entries("pc_cidrs4", from.cidrs4, to.cidrs4, changes.cidrs4),
                          diff_entries("pc_cidrs6", from.cidrs6, to.cidrs6, changes.cidrs6),
                          diff_entries("pc_group_sets", from.group_sets, to.group_sets, changes.group_sets),
                          diff_entries("pc_names", from.rule_names, to.rule_names, changes.rule_names)});
}

Result<> diff_objects(const MapImage& from, const MapImage& to, ImageDiff& diff) {
    return first_failure({diff_entries("pc_addresses4", from.addresses4, to.addresses4, diff.addresses4),
                          diff_entries("pc_addresses6", from.addresses6, to.addresses6, diff.addresses6),
                          diff_entries("pc_members4", from.members4, to.members4, diff.members4),
                          diff_entries("pc_members6", from.members6, to.members6, diff.members6),
                          diff_entries("pc_services", from.services, to.services, diff.services),
                          diff_entries("pc_names", from.names, to.names, diff.names)});
}

// After diff_objects.
void add_policies(PolicyChanges changes, ImageDiff& diff) {
    diff.policies = std::move(changes.policies);
    diff.set_heads = std::move(changes.set_heads);
    diff.port_sets = std::move(changes.port_sets);
    diff.cidrs4 = std::move(changes.cidrs4);
    diff.cidrs6 = std::move(changes.cidrs6);
    diff.group_sets = std::move(changes.group_sets);
    std::ranges::move(changes.rule_names.added, std::back_inserter(diff.names.added));
    std::ranges::move(changes.rule_names.removed, std::back_inserter(diff.names.removed));
}

Result<> diff_policy(const MapImage& from, const MapImage& to, const PolicyChanges* policies, ImageDiff& diff) {
    auto compared = diff_objects(from, to, diff);
    if (!compared || policies != nullptr) {
        add_policies(policies == nullptr ? PolicyChanges{} : *policies, diff);
        return compared;
    }
    PolicyChanges changes;
    compared = diff_policies(from, to, changes);
    add_policies(std::move(changes), diff);
    return compared;
}

Result<> diff_facts(const HostImage& from, const HostImage& to, ImageDiff& diff) {
    auto compared = diff_entries("pc_host_addresses", from.host_addresses, to.host_addresses, diff.host_addresses);
    return compared ? diff_entries("pc_tunnels", from.tunnels, to.tunnels, diff.tunnels) : compared;
}

void diff_macs(const HostImage& from, const HostImage& to, ImageDiff& diff) {
    const auto find = [](const HostImage& image, const pc_mac_key& key) {
        return std::ranges::find_if(image.macs, [&](const auto& entry) { return is_same(entry.first, key); });
    };
    for (const auto& entry : to.macs) {
        const auto former = find(from, entry.first);
        if (former == from.macs.end()) {
            diff.macs.written.push_back(entry);
        } else if (former->second != entry.second) {
            diff.macs.written.push_back(entry);
            diff.macs.former.push_back(*former);
        }
    }
    for (const auto& [key, ifindex] : from.macs) {
        if (find(to, key) == to.macs.end()) {
            diff.macs.removed.push_back(key);
        }
    }
}

void diff_devices(const HostImage& from, const HostImage& to, ImageDiff& diff) {
    for (const auto& [ifindex, device] : to.devices) {
        const auto former = from.devices.find(ifindex);
        if (former == from.devices.end()) {
            diff.devices.added.emplace_back(ifindex, device);
        } else if (!is_same(former->second, device)) {
            diff.moves.push_back({.ifindex = ifindex, .from = former->second, .to = device});
        }
    }
    for (const auto& [ifindex, device] : from.devices) {
        if (!to.devices.contains(ifindex)) {
            diff.devices.removed.push_back(ifindex);
        }
    }
}

bool differ_but_for_epoch(const pc_port_view& a, pc_port_view b) {
    b.epoch = a.epoch;
    return !is_same(a, b);
}

// What entered by other devices is cached as what they are, whichever it was: nothing of it is another's once they are gone.
bool loses_port(const HostImage& from, const ImageDiff& diff) {
    return std::ranges::any_of(diff.devices.removed,
                               [&](std::uint32_t ifindex) { return from.devices.at(ifindex).kind == PC_DEVICE_PORT; });
}

// Epochs go round in 1 … PC_WORD_EPOCH_MASK: 0 means "forgotten" in a flow.
std::uint32_t next_epoch(std::uint32_t epoch) { return epoch % PC_WORD_EPOCH_MASK + 1; }

// Whether the groups of a remote that has changed may decide otherwise about what the port's flows have cached. What was admitted stays so
// where the remote came into a group; only flows that are cut remember that they were not. Pre: the port's view is that of `policy`.
bool names_group(const MapImage& policy, const pc_port_view& view, const std::set<std::uint32_t>& groups) {
    return std::ranges::any_of(groups, [&](std::uint32_t group) {
        return std::ranges::any_of(view.group_policy, [&](std::uint32_t number) {
            const pc_group_set_key key{.policy = number, .group = group};
            const auto found = std::ranges::lower_bound(
                policy.group_sets, key, [](const auto& a, const auto& b) { return compare_keys(a, b) < 0; },
                &std::pair<pc_group_set_key, std::uint32_t>::first);
            return found != policy.group_sets.end() && is_same(found->first, key);
        });
    });
}

bool depends_on(const MapImage& policy, const pc_port_view& view, const MembershipChanges& members) {
    return names_group(policy, view, members.lost) || ((view.flags & PC_PORT_CUT) != 0 && names_group(policy, view, members.gained));
}

// What may have changed for what ports' flows have cached, beside their own views.
struct Touched {
    bool everything =
        false;  // a device became something else, so that what entered by it may be another port's; or the host got other addresses
    std::set<std::uint32_t> zones;
    MembershipChanges members;
};

void renew_epochs(const HostImage& from, HostImage& to, const Touched& touched) {
    for (auto& [slot, port] : to.ports) {
        const auto former = from.ports.find(slot);
        const bool is_stale = touched.everything || former == from.ports.end() || differ_but_for_epoch(former->second.view, port.view) ||
                              touched.zones.contains(port.view.zone) || depends_on(from.policy, port.view, touched.members);
        if (is_stale) {
            port.view.epoch = next_epoch(port.view.epoch);
        }
    }
}

pc_port port_row(const PortState& port, std::uint32_t parity, const pc_port_view& active, const pc_port_view& inactive) {
    pc_port row{.ifindex = port.ifindex, .port_id = port.port_id, .bridge = port.bridge};
    row.view[parity] = active;
    row.view[1 - parity] = inactive;
    return row;
}

void diff_ports(const HostImage& from, const HostImage& to, std::uint32_t parity, ImageDiff& diff) {
    const pc_port_view closed{};
    for (const auto& [slot, port] : to.ports) {
        const auto former = from.ports.find(slot);
        const bool is_new = former == from.ports.end();
        if (!is_new && is_same(former->second.view, port.view)) {
            continue;
        }
        if (is_new) {
            diff.new_ports.push_back(port.port_id);
        }
        const pc_port_view& before = is_new ? closed : former->second.view;
        diff.ports.push_back({.number = slot,
                              .aside = port_row(port, parity, before, port.view),
                              .settled = port_row(port, parity, port.view, port.view),
                              .undone = is_new ? pc_port{} : port_row(port, parity, before, before)});
    }
    for (const auto& [slot, port] : from.ports) {
        if (!to.ports.contains(slot)) {
            diff.ports.push_back({.number = slot,
                                  .aside = port_row(port, parity, port.view, closed),
                                  .settled = pc_port{},
                                  .undone = port_row(port, parity, port.view, port.view)});
        }
    }
}

}  // namespace

bool ImageDiff::empty() const {
    return policies.empty() && set_heads.empty() && port_sets.empty() && cidrs4.empty() && cidrs6.empty() && group_sets.empty() &&
           addresses4.empty() && addresses6.empty() && members4.empty() && members6.empty() && devices.empty() && moves.empty() &&
           owners.empty() && interfaces.empty() && ports.empty() && services.empty() && host_addresses.empty() && tunnels.empty() &&
           macs.empty() && names.empty();
}

Result<ImageDiff> diff_images(const HostImage& from, HostImage& to, std::uint32_t parity, const PolicyChanges* policies) {
    ImageDiff diff;
    if (auto compared = diff_policy(from.policy, to.policy, policies, diff); !compared) {
        return fail(std::move(compared.error()));
    }
    if (auto compared = diff_facts(from, to, diff); !compared) {
        return fail(std::move(compared.error()));
    }
    diff_devices(from, to, diff);
    diff_macs(from, to, diff);
    diff_owners(from.policy, to.policy, parity, diff);
    diff.interfaces = diff_interfaces(from, to, parity);
    Touched touched{.zones = touched_zones(from.policy, to.policy, parity, diff), .members = membership_changes(diff.interfaces, parity)};
    touched.everything = from.has_stale_flows || !diff.moves.empty() || loses_port(from, diff) || !diff.host_addresses.empty() ||
                         !diff.tunnels.empty() || touched.zones.contains(PC_ZONE_ALL);
    renew_epochs(from, to, touched);
    diff_ports(from, to, parity, diff);
    return diff;
}

}  // namespace portcullis
