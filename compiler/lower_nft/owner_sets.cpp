// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/owner_sets.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

const Prefix kLinkLocal = {.address = {.family = Family::Ipv6, .bytes = {0xfe, 0x80}}, .length = 10};

// The zone's addresses, each with the index of the owner whose prefix is the longest.
std::vector<NftInterval> owned(const Ruleset& ruleset, Index zone, Family family) {
    std::vector<std::pair<Prefix, Index>> prefixes;
    for (Index i = 0; i < ruleset.owners.size(); ++i) {
        if (ruleset.owners[i].zone == zone && ruleset.owners[i].prefix.family() == family) {
            prefixes.emplace_back(ruleset.owners[i].prefix, i);
        }
    }
    return nft_intervals(prefixes);
}

// Ports of the bound devices.
std::vector<const Port*> bound_ports(const NftHost& host) {
    std::vector<const Port*> ports;
    for (const DeviceBinding& device : host.devices) {
        if (device.kind == DeviceBinding::Kind::Bound) {
            ports.push_back(&host.ruleset->ports[device.port]);
        }
    }
    return ports;
}

std::map<Index, std::vector<NftElement>> referenced_groups(const NftHost& host, Index zone) {
    std::map<Index, std::vector<NftElement>> groups;
    for (const Port* const port : bound_ports(host)) {
        for (std::size_t i = 0; port->zone == zone && i < port->group_policy.size(); ++i) {
            for (const auto& [group, set] : host.ruleset->policies[port->group_policy[i]].groups) {
                groups[group];
            }
        }
    }
    return groups;
}

// Link-local prefixes of the zone, an element for each: of neighbours one comes and goes without the other.
template <class Counts>
std::vector<NftElement> link_local_owned(const Ruleset& ruleset, Index zone, Counts counts) {
    std::vector<NftElement> elements;
    const Prefix* last = nullptr;
    for (const AddressOwner& owner : ruleset.owners) {  // sorted: a prefix comes before those in it
        if (owner.zone == zone && kLinkLocal.contains(owner.prefix) && counts(owner) &&
            (last == nullptr || !last->contains(owner.prefix))) {
            elements.push_back(nft_element({.from = nft_first(owner.prefix), .to = nft_last(owner.prefix), .value = 0}));
            last = &owner.prefix;
        }
    }
    return elements;
}

}  // namespace

std::string nft_members_name(const Ruleset& ruleset, Index zone, Family family, Index group) {
    return nft_name(std::string("group") + nft_digit(family), {ruleset.zones[zone], ruleset.groups[group]});
}

std::vector<NftSet> nft_member_sets(const NftHost& host, Index zone, Family family) {
    const Ruleset& ruleset = *host.ruleset;
    std::map<Index, std::vector<NftElement>> members = referenced_groups(host, zone);
    for (const NftInterval& interval : owned(ruleset, zone, family)) {
        const AddressOwner& owner = ruleset.owners[interval.value];
        if (!owner.interface) {
            continue;
        }
        for (const Index group : ruleset.interfaces[*owner.interface].groups) {
            if (const auto found = members.find(group); found != members.end()) {
                found->second.push_back(nft_element(interval));
            }
        }
    }
    std::vector<NftSet> sets;
    for (auto& [group, elements] : members) {
        sets.push_back(nft_interval_set(nft_members_name(ruleset, zone, family, group), family, std::move(elements)));
    }
    return sets;
}

NftSet nft_subnet_set(const Ruleset& ruleset, Index zone, Index subnet, Family family) {
    NftSet set =
        nft_interval_set(nft_name(std::string("subnet") + nft_digit(family), {ruleset.zones[zone], ruleset.subnets[subnet]}), family, {});
    for (const NftInterval& interval : owned(ruleset, zone, family)) {
        if (ruleset.owners[interval.value].subnet == subnet) {
            set.elements.push_back(nft_element(interval));
        }
    }
    return set;
}

NftSet nft_bound_set(const NftHost& host, Index zone, Family family) {
    const Ruleset& ruleset = *host.ruleset;
    std::set<Index> bound;
    for (const Port* const port : bound_ports(host)) {
        bound.insert(port->interface);
    }
    NftSet set = nft_interval_set(nft_name(std::string("bound") + nft_digit(family), {ruleset.zones[zone]}), family, {});
    for (const NftInterval& interval : owned(ruleset, zone, family)) {
        const AddressOwner& owner = ruleset.owners[interval.value];
        if (!owner.interface || kLinkLocal.contains(owner.prefix)) {
            continue;
        }
        const InterfaceGroups& interface = ruleset.interfaces[*owner.interface];
        if (bound.contains(*owner.interface) ||
            std::any_of(interface.stands_for.begin(), interface.stands_for.end(), [&](Index one) { return bound.contains(one); })) {
            set.elements.push_back(nft_element(interval));
        }
    }
    if (family == Family::Ipv6) {
        const NftElement link_local = nft_element({.from = nft_first(kLinkLocal), .to = nft_last(kLinkLocal), .value = 0});
        const auto at = std::find_if(set.elements.begin(), set.elements.end(),
                                     [&](const NftElement& element) { return element.from > link_local.from; });
        set.elements.insert(at, link_local);
    }
    return set;
}

NftSet nft_taken_set(const Ruleset& ruleset, Index zone) {
    return nft_interval_set(nft_name("taken6", {ruleset.zones[zone]}), Family::Ipv6,
                            link_local_owned(ruleset, zone, [](const AddressOwner&) { return true; }));
}

NftSet nft_elsewhere_set(const Ruleset& ruleset, Index zone, Index subnet) {
    const auto is_elsewhere = [&](const AddressOwner& owner) { return owner.subnet && *owner.subnet != subnet; };
    return nft_interval_set(nft_name("elsewhere6", {ruleset.zones[zone], ruleset.subnets[subnet]}), Family::Ipv6,
                            link_local_owned(ruleset, zone, is_elsewhere));
}

std::vector<NftSet> nft_owner_sets(const NftHost& host) {
    std::set<std::pair<Index, Index>> subnets;
    std::set<Index> zones;
    for (const Port* const port : bound_ports(host)) {
        subnets.emplace(port->zone, port->subnet);
        zones.insert(port->zone);
    }
    std::vector<NftSet> sets;
    for (const Index zone : zones) {
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            std::vector<NftSet> members = nft_member_sets(host, zone, family);
            std::move(members.begin(), members.end(), std::back_inserter(sets));
            sets.push_back(nft_bound_set(host, zone, family));
        }
        sets.push_back(nft_taken_set(*host.ruleset, zone));
    }
    for (const auto& [zone, subnet] : subnets) {
        for (const Family family : {Family::Ipv4, Family::Ipv6}) {
            sets.push_back(nft_subnet_set(*host.ruleset, zone, subnet, family));
        }
        sets.push_back(nft_elsewhere_set(*host.ruleset, zone, subnet));
    }
    return sets;
}

}  // namespace portcullis
