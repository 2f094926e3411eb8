// SPDX-License-Identifier: Apache-2.0
// Stage 6 (docs/semantics.md 13.1-13.4).
#include <set>

#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

bool is_begun_inbound(NftFlowKind kind) { return kind == NftFlowKind::BegunInbound || kind == NftFlowKind::RelatedInbound; }
bool is_spared_by_host_services(NftFlowKind kind) { return kind != NftFlowKind::New && kind != NftFlowKind::BegunOutbound; }

// 13.2: whatever any interface of the model has.
std::string instance_addresses(NftBuilder& bridge, const Ruleset& ruleset, Family family) {
    const std::string name = std::string("instances") + nft_digit(family);
    return bridge.once(name, [&] {
        std::vector<Prefix> prefixes;
        for (const auto& [prefix, interface] : ruleset.instance_addresses) {
            prefixes.push_back(prefix);
        }
        bridge.add_set(nft_interval_set(name, family, nft_covered(prefixes, family)));
        return name;
    });
}

NftSet protocols(std::string name, const std::vector<std::uint8_t>& numbers) {
    NftSet set;
    set.name = std::move(name);
    set.key = {NftType::Protocol};
    for (const std::uint8_t number : numbers) {
        set.elements.emplace_back().from = nft_key({nft_u8(number)});
    }
    return set;
}

// 13.4, of a packet to an address of the host; empty: there is nothing to check.
std::string to_tunnels(NftBuilder& bridge, const NftPort& port, NftPorts ports) {
    NftSet endpoints;
    endpoints.name = "tunnel-ports";
    endpoints.key = {NftType::Port};
    std::vector<std::uint8_t> others;
    const auto& tunnels = port.host->facts->tunnels;
    for (const TunnelEndpoint& tunnel : std::set<TunnelEndpoint>(tunnels.begin(), tunnels.end())) {
        if (tunnel.protocol == kUdp) {
            endpoints.elements.emplace_back().from = nft_key({nft_u16(tunnel.port)});
        } else {
            others.push_back(tunnel.protocol);
        }
    }
    const NftVerdict drop = bridge.drop(Direction::Outbound, PC_REASON_host_tunnel);
    std::vector<NftRule> rules;
    if (!others.empty()) {
        rules.push_back(nft_rule({nft_in({nft_l4_protocol()}, bridge.set(protocols("tunnels", others))), drop}));
    }
    if (ports == NftPorts::Unknown || !endpoints.elements.empty()) {
        rules.push_back(nft_rule({nft_is_not(nft_l4_protocol(), nft_u8(kUdp)), nft_return()}));
        if (ports == NftPorts::Known) {
            rules.push_back(nft_rule({nft_not_in({nft_destination_port()}, bridge.set(std::move(endpoints))), nft_return()}));
        }
        rules.push_back(nft_rule({drop}));
    }
    return rules.empty() ? std::string() : bridge.chain("to-tunnels", std::move(rules));
}

// 13.3, of a packet to an address of the host that nothing spares; what matches goes on to `next`, where there is one.
std::string to_services(NftBuilder& bridge, const std::vector<HostService>& services, NftPorts ports, const std::string& next) {
    NftSet with_ports;
    with_ports.name = "host-services";
    with_ports.key = {NftType::Protocol, NftType::Port};
    std::vector<std::uint8_t> others;
    for (const HostService& service : services) {
        if (service.protocol == kTcp || service.protocol == kUdp) {
            with_ports.elements.emplace_back().from = nft_key({nft_u8(service.protocol), nft_u16(service.port.value_or(0))});
        } else {
            others.push_back(service.protocol);
        }
    }
    const NftVerdict matched = next.empty() ? nft_return() : nft_goto(next);
    std::vector<NftRule> rules;
    if (!others.empty()) {
        rules.push_back(nft_rule({nft_in({nft_l4_protocol()}, bridge.set(protocols("host-protocols", others))), matched}));
    }
    if (ports == NftPorts::Known && !with_ports.elements.empty()) {
        const std::vector<NftLoad> key = {nft_l4_protocol(), nft_destination_port()};
        rules.push_back(nft_rule({nft_in(key, bridge.set(std::move(with_ports))), matched}));
    }
    rules.push_back(nft_rule({bridge.drop(Direction::Outbound, PC_REASON_host_service)}));
    return bridge.chain("to-host", std::move(rules));
}

// 13.1; `drop` to the set's addresses.
void add_denials(NftBuilder& bridge, const NftPort& port, Family family, NftFlowKind kind, std::vector<NftRule>& rules) {
    for (const bool is_new_only : {false, true}) {
        const std::string denied =
            is_new_only && is_begun_inbound(kind) ? std::string() : nft_denied(bridge, port.ruleset(), family, is_new_only);
        if (!denied.empty()) {
            rules.push_back(nft_rule({nft_in({nft_destination(family)}, denied), bridge.drop(Direction::Outbound, PC_REASON_deny_cidr)}));
        }
    }
}

}  // namespace

std::string nft_denied(NftBuilder& bridge, const Ruleset& ruleset, Family family, bool is_new_only) {
    std::vector<std::pair<Prefix, Index>> prefixes;
    for (const DenyCidr& denied : ruleset.deny_cidrs) {
        if (denied.prefix.family() == family) {
            prefixes.emplace_back(denied.prefix, denied.new_only ? 1 : 0);
        }
    }
    // A range within one that is not NewOnly is not in the ruleset, so the longest prefix decides.
    NftSet set = nft_interval_set(std::string("denied") + nft_digit(family), family, {});
    for (const NftInterval& interval : nft_intervals(prefixes)) {
        if (interval.value == (is_new_only ? 1U : 0U)) {
            set.elements.push_back(nft_element(interval));
        }
    }
    return set.elements.empty() ? std::string() : bridge.set(std::move(set));
}

std::string nft_host_policies(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftFlowKind kind,
                              NftEntrance entrance, NftPorts ports) {
    const Ruleset& ruleset = port.ruleset();
    std::vector<NftRule> rules;
    if (direction == Direction::Outbound) {
        add_denials(bridge, port, family, kind, rules);
    }
    if (ruleset.isolates_instances && kind != NftFlowKind::Service) {
        const NftVerdict drop = bridge.drop(direction, PC_REASON_isolated);
        if (direction == Direction::Inbound && entrance == NftEntrance::Port) {
            return bridge.chain("host-policies", {nft_rule({drop})});
        }
        const NftLoad other = nft_remote(family, direction);
        rules.push_back(nft_rule({nft_in({other}, instance_addresses(bridge, ruleset, family)), drop}));
    }
    if (direction == Direction::Outbound) {
        std::string to_host = to_tunnels(bridge, port, ports);
        if (ruleset.host_services && !is_spared_by_host_services(kind)) {
            to_host = to_services(bridge, *ruleset.host_services, ports, to_host);
        }
        if (!to_host.empty()) {
            rules.push_back(
                nft_rule({nft_in({nft_destination(family)}, nft_host_addresses(bridge, *port.host, family)), nft_goto(to_host)}));
        }
    }
    return rules.empty() ? std::string() : bridge.chain("host-policies", std::move(rules));
}

}  // namespace portcullis
