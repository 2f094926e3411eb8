// SPDX-License-Identifier: Apache-2.0
// Stage 7's rules and stage 8 (docs/semantics.md 6 and 8): which policy is asked, and, of an ACL, whether it is.
#include "compiler/lower_nft/claims.h"
#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_room.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/owner_sets.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

const Prefix kLinkLocal = {.address = {.family = Family::Ipv6, .bytes = {0xfe, 0x80}}, .length = 10};

std::string name_of(const char* what, Direction direction, NftCounted counted, NftPorts ports) {
    return std::string(what) + (direction == Direction::Outbound ? "-out" : "-in") + (counted == NftCounted::Yes ? "" : "-uncounted") +
           (ports == NftPorts::Known ? "" : "-unknown");
}

// Rules that send a packet to a listed multicast address to the policy's chain for those. Nobody has that address, so no reference matches.
std::vector<NftRule> if_to_group(NftBuilder& bridge, const NftPort& port, Index policy, NftQuestion question) {
    if (!nft_has_multicast(port, question.direction, question.family)) {
        return {};
    }
    question.is_to_group = true;
    question.asks_groups = false;
    return {nft_rule({nft_is_to_listed(bridge, port, question.family), nft_goto(nft_policy(bridge, port, policy, question))})};
}

void append(std::vector<NftRule>& rules, const std::vector<NftRule>& more) { rules.insert(rules.end(), more.begin(), more.end()); }

// The numbers of the ports of the bridge, the port itself among them, that are in its subnet and may claim: the same for all of these.
std::string claimants_in_subnet(NftBuilder& bridge, const NftPort& port) {
    const Ruleset& ruleset = port.ruleset();
    const std::string name = nft_name("port.claimants." + std::to_string(port.device->bridge),
                                      {ruleset.zones[port.port->zone], ruleset.subnets[port.port->subnet]});
    return bridge.once(name, [&] {
        const NftSet set{.name = name, .key = {NftType::Word}};
        std::vector<const DeviceBinding*> devices = port.peers;
        devices.push_back(port.device);
        bool has_some = false;
        for (const DeviceBinding* const device : devices) {
            const Port& other = port.port_of(*device);
            if (other.claims_link_local && other.zone == port.port->zone && other.subnet == port.port->subnet) {
                has_some = true;
                bridge.add_element(set,
                                   {.from = nft_u32(port.host->bindings == nullptr ? 0 : port.host->bindings->number_of(device->ifindex)),
                                    .to = {},
                                    .verdict = {},
                                    .data = {},
                                    .comment = {}});
            }
        }
        return has_some ? name : std::string();
    });
}

std::string elsewhere(NftBuilder& bridge, const NftPort& port) {
    const Index zone = port.port->zone, subnet = port.port->subnet;
    return bridge.once_set("elsewhere " + std::to_string(zone) + " " + std::to_string(subnet),
                           [&] { return nft_elsewhere_set(port.ruleset(), zone, subnet); });
}

// 8.1: link-local addresses are in the subnet of the interface that has them by its MAC, if any has; else those of the host and of routers
// are in every subnet, and what a port of the bridge has claimed is in that port's. What is not in the subnet meets the rules `deciding`.
std::string link_local(NftBuilder& bridge, const NftPort& port, const NftLoad& remote, const std::vector<NftRule>& deciding) {
    std::vector<Prefix> of_all;
    for (const Address& address : port.host->facts->addresses) {
        of_all.push_back(Prefix::host(address));
    }
    for (const auto& [address, mac] : port.around.router_addresses) {
        of_all.push_back(Prefix::host(address));
    }
    std::vector<NftRule> rules = {nft_rule({nft_in({remote}, nft_subnet(bridge, port, Family::Ipv6)), nft_return()})};
    const NftStatement is_nobodys = nft_not_in({remote}, elsewhere(bridge, port));
    if (!of_all.empty()) {
        std::string set = bridge.set(nft_interval_set("of-all", Family::Ipv6, nft_covered(of_all, Family::Ipv6)));
        rules.push_back(nft_rule({is_nobodys, nft_in({remote}, std::move(set)), nft_return()}));
    }
    if (const std::string claimants = claimants_in_subnet(bridge, port); !claimants.empty()) {
        rules.push_back(nft_rule({is_nobodys, nft_in({nft_from_map(nft_claimants(bridge, port), {remote}, 4)}, claimants), nft_return()}));
    }
    append(rules, deciding);
    return bridge.chain("link-local", std::move(rules));
}

}  // namespace

std::string nft_groups(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftCounted counted, NftPorts ports) {
    const Index policy = port.port->group_policy[static_cast<std::size_t>(direction)];
    const NftQuestion question{.direction = direction,
                               .family = family,
                               .reason = PC_REASON_security_group,
                               .ports = ports,
                               .asks_groups = counted == NftCounted::Yes};
    std::vector<NftRule> rules = if_to_group(bridge, port, policy, question);
    append(rules, nft_policy_rules(bridge, port, policy, question));
    const NftLane lane{.bridge = &bridge, .port = &port, .direction = direction, .family = family};
    return nft_check_of_port(lane, name_of("groups", direction, counted, ports), bridge.chain("policy", std::move(rules)),
                             bridge.drop(direction, PC_REASON_security_group));
}

std::string nft_acl(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftEntrance entrance, NftCounted counted,
                    NftPorts ports) {
    if (!port.port->acl_policy) {
        return {};
    }
    const Index policy = (*port.port->acl_policy)[static_cast<std::size_t>(direction)];
    const NftQuestion question{.direction = direction, .family = family, .reason = PC_REASON_network_acl, .ports = ports};
    const std::vector<NftRule> deciding = nft_policy_rules(bridge, port, policy, question);
    std::vector<NftRule> rules = if_to_group(bridge, port, policy, question);
    const bool is_by_uplink = direction == Direction::Inbound && family == Family::Ipv6 && counted == NftCounted::Yes &&
                              (entrance == NftEntrance::Uplink || entrance == NftEntrance::Elsewhere);
    if (counted == NftCounted::Yes) {
        const NftLoad remote = nft_remote(family, direction);
        if (family == Family::Ipv6) {
            // Whose it is cannot be told from where it entered, unless a port vouched for it.
            const std::string outside = is_by_uplink ? bridge.chain("policy", deciding) : link_local(bridge, port, remote, deciding);
            rules.push_back(nft_rule({nft_in_range(remote, nft_first(kLinkLocal), nft_last(kLinkLocal)), nft_goto(outside)}));
        }
        rules.push_back(nft_rule({nft_in({remote}, nft_subnet(bridge, port, family)), nft_return()}));
    }
    append(rules, deciding);
    const NftLane lane{.bridge = &bridge, .port = &port, .direction = direction, .family = family};
    return nft_check_of_port(lane, name_of(is_by_uplink ? "acl-by-uplink" : "acl", direction, counted, ports),
                             bridge.chain("acl", std::move(rules)), bridge.drop(direction, PC_REASON_network_acl));
}

}  // namespace portcullis
