// SPDX-License-Identifier: Apache-2.0
// Whose an address is (docs/semantics.md 6.4-6.7, 8.1), as interval sets. Those of groups, subnets and bound interfaces have names without
// their content, so that a member that joins is one element more and changes nothing else.
#include <algorithm>
#include <map>
#include <set>

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

// Groups that the rules of the zone's bound interfaces refer to.
std::set<Index> referenced_groups(const NftHost& host, Index zone) {
    std::set<Index> groups;
    for (const DeviceBinding& device : host.devices) {
        if (device.kind != DeviceBinding::Kind::Bound || host.ruleset->ports[device.port].zone != zone) {
            continue;
        }
        for (const Index policy : host.ruleset->ports[device.port].group_policy) {
            for (const auto& [group, set] : host.ruleset->policies[policy].groups) {
                groups.insert(group);
            }
        }
    }
    return groups;
}

std::string members_name(const Ruleset& ruleset, Index zone, Family family, Index group) {
    return nft_name(std::string("group") + nft_digit(family), {ruleset.zones[zone], ruleset.groups[group]});
}

void add_members(NftBuilder& bridge, const NftHost& host, Index zone, Family family) {
    const Ruleset& ruleset = *host.ruleset;
    std::map<Index, std::vector<NftElement>> members;
    for (const Index group : referenced_groups(host, zone)) {
        members[group];
    }
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
    for (auto& [group, elements] : members) {
        bridge.add_set(nft_interval_set(members_name(ruleset, zone, family, group), family, std::move(elements)));
    }
}

// Interfaces that are bound on this host.
std::set<Index> bound_interfaces(const NftHost& host) {
    std::set<Index> bound;
    for (const DeviceBinding& device : host.devices) {
        if (device.kind == DeviceBinding::Kind::Bound) {
            bound.insert(host.ruleset->ports[device.port].interface);
        }
    }
    return bound;
}

// The addresses of the zone that some interface has which is bound here, and, whoever has them, the link-local ones.
NftSet bound_addresses(const NftHost& host, Index zone, Family family) {
    const Ruleset& ruleset = *host.ruleset;
    const std::set<Index> bound = bound_interfaces(host);
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

// {interface, address} of what is own to the ports of the bridge, claims apart.
NftSet sources(const NftHost& host, std::uint32_t of_bridge, Family family) {
    NftSet set;
    set.name = std::string("sources") + nft_digit(family) + "." + std::to_string(of_bridge);
    set.key = {NftType::Interface, nft_address_type(family)};
    set.is_interval = true;
    for (const DeviceBinding& device : host.devices) {
        if (device.kind != DeviceBinding::Kind::Bound || device.bridge != of_bridge) {
            continue;
        }
        for (NftElement& addresses : nft_covered(host.ruleset->ports[device.port].addresses, family)) {
            NftElement element;
            element.from = nft_key({nft_ifindex(device.ifindex), addresses.from});
            element.to = nft_key({nft_ifindex(device.ifindex), addresses.to});
            set.elements.push_back(std::move(element));
        }
    }
    std::sort(set.elements.begin(), set.elements.end(), [](const NftElement& a, const NftElement& b) { return a.from < b.from; });
    return set;
}

// Adds a set that keeps its name, once.
std::string keep(NftBuilder& bridge, const std::string& key, const std::function<NftSet()>& make) {
    return bridge.once(key, [&] {
        NftSet set = make();
        std::string name = set.name;
        bridge.add_set(std::move(set));
        return name;
    });
}

}  // namespace

bool nft_has_multicast(const NftPort& port, Direction direction, Family family) {
    return direction == Direction::Inbound && std::any_of(port.around.multicast.begin(), port.around.multicast.end(),
                                                          [&](const Address& address) { return address.family == family; });
}

NftStatement nft_is_to_listed(NftBuilder& bridge, const NftPort& port, Family family) {
    std::vector<Prefix> listed;
    for (const Address& address : port.around.multicast) {
        listed.push_back(Prefix::host(address));
    }
    return nft_in({nft_destination(family)}, bridge.set(nft_interval_set("multicast", family, nft_covered(listed, family))));
}

std::string nft_members(NftBuilder& bridge, const NftPort& port, Family family, Index group) {
    const Index zone = port.port->zone;
    static_cast<void>(bridge.once(std::string("members") + nft_digit(family) + " " + std::to_string(zone), [&] {
        add_members(bridge, *port.host, zone, family);
        return std::string();
    }));
    return members_name(port.ruleset(), zone, family, group);
}

std::string nft_subnet(NftBuilder& bridge, const NftPort& port, Family family) {
    const Ruleset& ruleset = port.ruleset();
    const std::string stem = std::string("subnet") + nft_digit(family);
    return keep(bridge, stem + " " + std::to_string(port.port->zone) + " " + std::to_string(port.port->subnet), [&] {
        NftSet set = nft_interval_set(nft_name(stem, {ruleset.zones[port.port->zone], ruleset.subnets[port.port->subnet]}), family, {});
        for (const NftInterval& interval : owned(ruleset, port.port->zone, family)) {
            if (ruleset.owners[interval.value].subnet == port.port->subnet) {
                set.elements.push_back(nft_element(interval));
            }
        }
        return set;
    });
}

std::string nft_host_addresses(NftBuilder& bridge, const NftHost& host, Family family) {
    const std::string name = std::string("host") + nft_digit(family);
    return keep(bridge, name, [&] {
        std::vector<Prefix> addresses;
        for (const Address& address : host.facts->addresses) {
            addresses.push_back(Prefix::host(address));
        }
        return nft_interval_set(name, family, nft_covered(addresses, family));
    });
}

std::string nft_counted(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance, const std::string& yes,
                        const std::string& no) {
    const bool has_multicast = nft_has_multicast(port, Direction::Inbound, family);
    if (yes == no || ((entrance == NftEntrance::Host || entrance == NftEntrance::Router) && !has_multicast)) {
        return yes;
    }
    std::vector<NftRule> rules;
    if (has_multicast) {
        rules.push_back(nft_rule({nft_is_to_listed(bridge, port, family), nft_goto(no)}));  // nobody has it
    }
    switch (entrance) {
        case NftEntrance::Host:
        case NftEntrance::Router:
            rules.push_back(nft_rule({nft_goto(yes)}));
            return bridge.chain("counted", std::move(rules));
        case NftEntrance::Port: {
            const std::uint32_t of_bridge = port.device->bridge;
            const std::string key = std::string("sources") + nft_digit(family) + " " + std::to_string(of_bridge);
            const std::string own = keep(bridge, key, [&] { return sources(*port.host, of_bridge, family); });
            rules.push_back(nft_rule({nft_in({nft_iif(), nft_source(family)}, own), nft_goto(yes)}));
            if (family == Family::Ipv6) {
                // Stage 4 of the port that sent it let it pass, so a link-local source is own there: claimed, if nothing else.
                rules.push_back(nft_rule({nft_in_range(nft_source(family), nft_first(kLinkLocal), nft_last(kLinkLocal)), nft_goto(yes)}));
            }
            break;
        }
        case NftEntrance::Uplink:
        case NftEntrance::Elsewhere: {
            const std::string key = std::string("bound") + nft_digit(family) + " " + std::to_string(port.port->zone);
            const std::string bound = keep(bridge, key, [&] { return bound_addresses(*port.host, port.port->zone, family); });
            rules.push_back(nft_rule({nft_not_in({nft_source(family)}, bound), nft_goto(yes)}));
            break;
        }
    }
    rules.push_back(nft_rule({nft_goto(no)}));
    return bridge.chain("counted", std::move(rules));
}

}  // namespace portcullis
