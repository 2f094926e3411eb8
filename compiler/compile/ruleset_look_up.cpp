// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/ruleset_look_up.h"

#include <algorithm>
#include <optional>

namespace portcullis {
namespace {

// Of the prefixes that hold `wanted` the longest that the zone has an owner for; owners are sorted by zone and prefix.
const AddressOwner* owner_of(const Ruleset& ruleset, Index zone, const Prefix& wanted) {
    for (int length = wanted.length; length >= 0; --length) {
        const Prefix prefix = Prefix::of(wanted.address, static_cast<std::uint8_t>(length));
        const auto at = std::lower_bound(
            ruleset.owners.begin(), ruleset.owners.end(), std::pair(zone, prefix),
            [](const AddressOwner& owner, const std::pair<Index, Prefix>& key) { return std::pair(owner.zone, owner.prefix) < key; });
        if (at != ruleset.owners.end() && at->zone == zone && at->prefix == prefix) {
            return &*at;
        }
    }
    return nullptr;
}

const AddressOwner* owner_of(const Ruleset& ruleset, const std::string& zone, const Prefix& wanted) {
    const auto at = std::find(ruleset.zones.begin(), ruleset.zones.end(), zone);
    return at == ruleset.zones.end() ? nullptr : owner_of(ruleset, static_cast<Index>(at - ruleset.zones.begin()), wanted);
}

std::optional<Decision> decision_of(const PortSet& set, const RulesetQuestion& question) {
    for (const PortRange& range : set.ranges) {
        if (range.protocol == question.protocol && range.from <= question.port && question.port <= range.to) {
            return range.decision;
        }
    }
    return set.any;
}

std::optional<Index> set_of_address(const Policy& policy, const Address& address) {
    const std::pair<Prefix, Index>* longest = nullptr;
    for (const auto& entry : policy.cidrs) {
        if (entry.first.contains(address) && (longest == nullptr || entry.first.length > longest->first.length)) {
            longest = &entry;
        }
    }
    return longest != nullptr ? std::optional(longest->second) : policy.default_set[static_cast<std::size_t>(address.family)];
}

bool is_allowed(const Ruleset& ruleset, std::optional<Index> set, const RulesetQuestion& question) {
    const auto decision = set ? decision_of(ruleset.port_sets[*set], question) : std::nullopt;
    return decision && decision->allow;
}

}  // namespace

std::vector<std::string> owners_of(const Ruleset& ruleset, const std::string& zone, const Prefix& prefix) {
    const AddressOwner* const owner = owner_of(ruleset, zone, prefix);
    const std::optional<Index> interface = owner == nullptr ? std::nullopt : (owner->has_peers ? owner->own : owner->interface);
    if (!interface) {
        return {};
    }
    const InterfaceGroups& groups = ruleset.interfaces[*interface];
    std::vector<std::string> ids;
    for (const Index one : groups.stands_for) {
        ids.push_back(ruleset.interfaces[one].id);
    }
    if (ids.empty()) {
        ids.push_back(groups.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

bool is_of_interface(const Ruleset& ruleset, const std::string& zone, const Address& address) {
    const AddressOwner* const owner = owner_of(ruleset, zone, Prefix::host(address));
    return owner != nullptr && owner->interface.has_value();
}

bool is_allowed_by_groups(const Ruleset& ruleset, const Port& port, const RulesetQuestion& question) {
    const Policy& policy = ruleset.policies[port.group_policy[static_cast<std::size_t>(question.direction)]];
    if (is_allowed(ruleset, set_of_address(policy, question.remote), question)) {
        return true;
    }
    const AddressOwner* const owner = question.counts ? owner_of(ruleset, port.zone, Prefix::host(question.remote)) : nullptr;
    if (owner == nullptr || !owner->interface) {
        return false;
    }
    const std::vector<Index>& groups = ruleset.interfaces[*owner->interface].groups;
    return std::any_of(policy.groups.begin(), policy.groups.end(), [&](const std::pair<Index, Index>& entry) {
        return std::find(groups.begin(), groups.end(), entry.first) != groups.end() && is_allowed(ruleset, entry.second, question);
    });
}

}  // namespace portcullis
