// SPDX-License-Identifier: Apache-2.0
// Sets of addresses that rules ask for: whose one is (owner_sets.h), what ports send from, the host's; and whether a group reference
// counts.
#include <algorithm>

#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/owner_sets.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

const Prefix kLinkLocal = {.address = {.family = Family::Ipv6, .bytes = {0xfe, 0x80}}, .length = 10};

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
        for (NftSet& set : nft_member_sets(*port.host, zone, family)) {
            bridge.add_set(std::move(set));
        }
        return std::string();
    }));
    return nft_members_name(port.ruleset(), zone, family, group);
}

std::string nft_subnet(NftBuilder& bridge, const NftPort& port, Family family) {
    const Index zone = port.port->zone, subnet = port.port->subnet;
    const std::string key = std::string("subnet") + nft_digit(family) + " " + std::to_string(zone) + " " + std::to_string(subnet);
    return bridge.once_set(key, [&] { return nft_subnet_set(port.ruleset(), zone, subnet, family); });
}

std::string nft_host_addresses(NftBuilder& bridge, const NftHost& host, Family family) {
    const std::string name = std::string("host") + nft_digit(family);
    return bridge.once_set(name, [&] {
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
            const std::string own = bridge.once_set(key, [&] { return sources(*port.host, of_bridge, family); });
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
            const std::string bound = bridge.once_set(key, [&] { return nft_bound_set(*port.host, port.port->zone, family); });
            rules.push_back(nft_rule({nft_not_in({nft_source(family)}, bound), nft_goto(yes)}));
            break;
        }
    }
    rules.push_back(nft_rule({nft_goto(no)}));
    return bridge.chain("counted", std::move(rules));
}

}  // namespace portcullis
