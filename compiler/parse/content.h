// SPDX-License-Identifier: Apache-2.0
// What counts of an object of the model, as a value to compare: two objects are the same if their contents are equal. Order in lists does
// not count, nor does where the object stands. Identifiers are left to the caller.
#pragma once

#include <algorithm>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/model.h"

namespace portcullis {

template <class T, class KeyOf = std::identity>
auto sorted_keys(const std::vector<T>& elements, KeyOf key_of = {}) {
    std::vector<std::decay_t<std::invoke_result_t<KeyOf, const T&>>> keys;
    keys.reserve(elements.size());
    for (const T& element : elements) {
        keys.push_back(key_of(element));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

inline auto content(const Vpc& vpc) { return sorted_keys(vpc.cidrs); }

inline auto content(const Subnet& subnet) { return std::tuple(subnet.vpc_id, sorted_keys(subnet.cidrs)); }

// Of a group's rule: references to it, for as long as it lives. The rule's id is a name, not content.
inline auto content(const SecurityGroupRule& rule) { return std::tie(rule.traffic, rule.source); }

inline auto content(const SecurityGroup& group) {
    const auto key = [](const SecurityGroupRule& rule) { return std::pair(rule.traffic, rule.source); };
    return std::tuple(group.name, group.vpc_id, sorted_keys(group.rules[0], key), sorted_keys(group.rules[1], key));
}

// References, as of a group's rule.
inline auto content(const NetworkAclEntry& entry) { return std::tie(entry.number, entry.allow, entry.traffic, entry.cidr); }

inline auto content(const NetworkAcl& acl) {
    const auto key = [](const NetworkAclEntry& entry) { return std::tuple(entry.number, entry.allow, entry.traffic, entry.cidr); };
    return std::tuple(acl.vpc_id, acl.is_default, sorted_keys(acl.entries[0], key), sorted_keys(acl.entries[1], key),
                      sorted_keys(acl.subnet_ids));
}

inline auto content(const NetworkInterface& interface) {
    const ConnectionTracking& tracking = interface.tracking;
    return std::tuple(interface.vpc_id, interface.subnet_id, interface.instance_id, interface.mac, sorted_keys(interface.addresses),
                      sorted_keys(interface.delegated_prefixes), sorted_keys(interface.group_ids), interface.source_dest_check,
                      std::tuple(tracking.tcp_established_s, tracking.udp_s, tracking.udp_stream_s));
}

inline auto content(const PrefixList& list) { return sorted_keys(list.cidrs); }

inline auto content(const PortClaim& port) {
    return std::tuple(port.device, sorted_keys(port.allowed_addresses), sorted_keys(port.allowed_sources), sorted_keys(port.multicast),
                      sorted_keys(port.vlans), port.track_all, port.claims_link_local, port.relates_icmp_errors, port.services,
                      port.on_deny, port.on_revoke, port.flows_per_port, port.half_open_per_port);
}

inline auto content(const Bridge& bridge) { return std::tuple(sorted_keys(bridge.uplinks), bridge.unknown_ports, bridge.services); }

}  // namespace portcullis
