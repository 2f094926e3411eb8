// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/lower_nft_change.h"

#include <algorithm>

#include "compiler/lower_nft/owner_sets.h"

namespace portcullis {
namespace {

// What rules depend on, but for ports and for what owner_sets.h is about. Every field is named here, so that one that is new does not
// compile until it is seen to.
bool is_alike(const Ruleset& former, const Ruleset& next) {
    const auto& [rules, port_sets, policies, groups, zones, subnets, interfaces, owners, ports, elsewhere, closed_ports, surroundings,
                 bridges, bridge_surroundings, deny_cidrs, isolates_instances, instance_addresses, host_services, quotas, revision] =
        former;
    static_cast<void>(rules);         // by the revision
    static_cast<void>(port_sets);     // by the revision
    static_cast<void>(policies);      // by the revision
    static_cast<void>(interfaces);    // owner_sets.h
    static_cast<void>(owners);        // owner_sets.h
    static_cast<void>(ports);         // those that are bound, below
    static_cast<void>(elsewhere);     // no device is bound to them
    static_cast<void>(closed_ports);  // said by the devices
    static_cast<void>(revision);      // asked below
    const auto is_same_bridge = [](const Bridge& a, const Bridge& b) {
        const auto& [device_name, uplinks, unknown_ports, services, position] = a;
        static_cast<void>(position);  // in the documents
        return device_name == b.device && uplinks == b.uplinks && unknown_ports == b.unknown_ports && services == b.services;
    };
    return groups == next.groups && zones == next.zones && subnets == next.subnets && surroundings == next.surroundings &&
           std::equal(bridges.begin(), bridges.end(), next.bridges.begin(), next.bridges.end(), is_same_bridge) &&
           bridge_surroundings == next.bridge_surroundings && deny_cidrs == next.deny_cidrs &&
           isolates_instances == next.isolates_instances && (!isolates_instances || instance_addresses == next.instance_addresses) &&
           host_services == next.host_services && quotas == next.quotas;
}

// Interfaces have other indices when others come and go (owner_sets.h).
bool is_alike(const Port& former, const Port& next) {
    Port same = former;
    same.interface = next.interface;
    return same == next;
}

bool is_alike(const NftHost& former, const DeviceBinding& had, const NftHost& next, const DeviceBinding& has) {
    DeviceBinding same = had;
    same.port = has.port;
    return same == has &&
           (has.kind != DeviceBinding::Kind::Bound || is_alike(former.ruleset->ports[had.port], next.ruleset->ports[has.port]));
}

}  // namespace

std::optional<std::vector<NftSet>> nft_changed_sets(const NftHost& former, const NftHost& next) {
    const auto is_same_device = [&](const DeviceBinding& had, const DeviceBinding& has) { return is_alike(former, had, next, has); };
    if (!keeps_indices(former.ruleset->revision, next.ruleset->revision) || !is_alike(*former.ruleset, *next.ruleset) ||
        !(*former.facts == *next.facts) || !(*former.bindings == *next.bindings) ||
        !std::equal(former.devices.begin(), former.devices.end(), next.devices.begin(), next.devices.end(), is_same_device)) {
        return std::nullopt;
    }
    return nft_owner_sets(next);
}

}  // namespace portcullis
