// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/lower_nft_change.h"

#include <algorithm>

#include "compiler/lower_nft/owner_sets.h"

namespace portcullis {
namespace {

// An index that a port of both refers to has the same content in both (RulesetRevision).
bool goes_on_from(const Ruleset& former, const Ruleset& next) {
    return former.revision && next.revision && (next.revision == former.revision || next.revision->former.lock() == former.revision);
}

// What rules depend on, but for ports and for what owner_sets.h is about. Every field is named here, so that one that is new does not
// compile until it is seen to.
bool is_alike(const Ruleset& former, const Ruleset& next) {
    const auto& [rules, port_sets, policies, groups, zones, subnets, interfaces, owners, ports, closed_ports, surroundings, bridges,
                 bridge_surroundings, deny_cidrs, isolates_instances, instance_addresses, host_services, quotas, revision] = former;
    static_cast<void>(rules);         // by the revision
    static_cast<void>(port_sets);     // by the revision
    static_cast<void>(policies);      // by the revision
    static_cast<void>(interfaces);    // owner_sets.h
    static_cast<void>(owners);        // owner_sets.h
    static_cast<void>(ports);         // those that are bound, below
    static_cast<void>(closed_ports);  // said by the devices
    static_cast<void>(revision);      // above
    const auto is_same_bridge = [](const Bridge& a, const Bridge& b) {
        const auto& [device_name, uplinks, unknown_ports, services, position] = a;
        static_cast<void>(position);  // in the documents
        return device_name == b.device && uplinks == b.uplinks && unknown_ports == b.unknown_ports && services == b.services;
    };
    const auto& [quota, quota_per_port, half_open_per_port] = quotas;
    return groups == next.groups && zones == next.zones && subnets == next.subnets && surroundings == next.surroundings &&
           std::equal(bridges.begin(), bridges.end(), next.bridges.begin(), next.bridges.end(), is_same_bridge) &&
           bridge_surroundings == next.bridge_surroundings && deny_cidrs == next.deny_cidrs &&
           isolates_instances == next.isolates_instances && (!isolates_instances || instance_addresses == next.instance_addresses) &&
           host_services == next.host_services && quota == next.quotas.flows && quota_per_port == next.quotas.flows_per_port &&
           half_open_per_port == next.quotas.half_open_per_port;
}

bool is_alike(const ConnectionTracking& a, const ConnectionTracking& b) {
    const auto& [tcp_established_s, udp_s, udp_stream_s] = a;
    return tcp_established_s == b.tcp_established_s && udp_s == b.udp_s && udp_stream_s == b.udp_stream_s;
}

bool is_alike(const Port& former, const Port& next) {
    const auto& [interface_id, device, interface, zone, subnet, mac, addresses, has_addresses, checks_source_and_destination,
                 allowed_sources, surroundings, group_policy, acl_policy, tracking, track_all, claims_link_local, relates_icmp_errors,
                 on_deny, on_revoke, flows, half_open] = former;
    static_cast<void>(interface);  // another index when others come and go; owner_sets.h
    return interface_id == next.interface_id && device == next.device && zone == next.zone && subnet == next.subnet && mac == next.mac &&
           addresses == next.addresses && has_addresses == next.has_addresses &&
           checks_source_and_destination == next.checks_source_and_destination && allowed_sources == next.allowed_sources &&
           surroundings == next.surroundings && group_policy == next.group_policy && acl_policy == next.acl_policy &&
           is_alike(tracking, next.tracking) && track_all == next.track_all && claims_link_local == next.claims_link_local &&
           relates_icmp_errors == next.relates_icmp_errors && on_deny == next.on_deny && on_revoke == next.on_revoke &&
           flows == next.flows && half_open == next.half_open;
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
    if (!goes_on_from(*former.ruleset, *next.ruleset) || !is_alike(*former.ruleset, *next.ruleset) || !(*former.facts == *next.facts) ||
        !(*former.bindings == *next.bindings) ||
        !std::equal(former.devices.begin(), former.devices.end(), next.devices.begin(), next.devices.end(), is_same_device)) {
        return std::nullopt;
    }
    return nft_owner_sets(next);
}

}  // namespace portcullis
