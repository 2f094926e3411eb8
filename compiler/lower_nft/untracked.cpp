// SPDX-License-Identifier: Apache-2.0
// Packets whose flow passes by the rules alone in both directions (docs/semantics.md 7.5). Rules of the packet's own direction look at its
// destination port, those of the other one at its source port: that is the flow's port at the end that they are about.
#include "compiler/lower_nft/untracked.h"

#include <array>
#include <utility>

#include "compiler/lower_nft/nft_intervals.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/policies.h"

namespace portcullis {
namespace {

constexpr std::array<std::uint8_t, 2> kProtocols = {6, 17};  // as Policy::is_wide

const Policy& group_policy(const NftPort& port, Direction direction) {
    return port.ruleset().policies[port.port->group_policy[static_cast<std::size_t>(direction)]];
}

// What the rules from literally anywhere allow of TCP or UDP: disjoint ranges of all ports.
std::vector<PortRange> allowed_literally(const Ruleset& ruleset, const Policy& policy, Family family, std::uint8_t protocol) {
    const auto& set = policy.literal_set[static_cast<std::size_t>(family)];
    std::vector<PortRange> allowed;
    if (!set) {
        return allowed;
    }
    const PortSet& ports = ruleset.port_sets[*set];
    std::uint32_t position = 0;
    const auto add = [&](std::uint32_t from, std::uint32_t to, const Decision& decision) {
        if (from <= to && decision.allow) {
            allowed.push_back({.protocol = protocol,
                               .from = static_cast<std::uint16_t>(from),
                               .to = static_cast<std::uint16_t>(to),
                               .decision = decision});
        }
    };
    for (const PortRange& range : ports.ranges) {
        if (range.protocol != protocol) {
            continue;
        }
        if (ports.any && position < range.from) {
            add(position, range.from - 1U, *ports.any);
        }
        add(range.from, range.to, range.decision);
        position = range.to + 1U;
    }
    if (ports.any) {
        add(position, 65535, *ports.any);
    }
    return allowed;
}

NftElement element_of(const PortRange& range) {
    NftElement element;
    element.from = nft_key({nft_u8(range.protocol), nft_u16(range.from)});
    element.to = nft_key({nft_u8(range.protocol), nft_u16(range.to)});
    return element;
}

NftSet port_ranges(const char* name) {
    NftSet set;
    set.name = name;
    set.key = {NftType::Protocol, NftType::Port};
    set.is_interval = true;
    return set;
}

// What the rules of the packet's direction (is_own) and of the other one allow of flows that need not be tracked.
template <class Use>
void for_each_range(const NftPort& port, Direction direction, Family family, const Use& use) {
    const Policy& own = group_policy(port, direction);
    const Policy& other = group_policy(port, direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound);
    for (std::size_t i = 0; i < kProtocols.size() && !port.port->track_all; ++i) {
        const auto at = static_cast<std::size_t>(family);
        if (!own.is_wide[at][i] && !other.is_wide[at][i]) {
            continue;
        }
        for (const Policy* const policy : {&own, &other}) {
            for (const PortRange& range : allowed_literally(port.ruleset(), *policy, family, kProtocols[i])) {
                use(policy == &own, range);
            }
        }
    }
}

}  // namespace

std::string nft_untracked(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, const std::string& untracked) {
    const Ruleset& ruleset = port.ruleset();
    NftSet by_own = port_ranges("untracked");
    by_own.kind = NftSet::Kind::VerdictMap;
    by_own.counts = true;
    NftSet by_other = port_ranges("untracked-back");
    for_each_range(port, direction, family, [&](bool is_own, const PortRange& range) {
        if (!is_own) {
            by_other.elements.push_back(element_of(range));
            return;
        }
        NftElement& element = by_own.elements.emplace_back(element_of(range));
        element.verdict = nft_goto(untracked);
        element.comment = nft_rule_comment(ruleset.rules[range.decision.rule].label);
    });
    if (by_own.elements.empty() || by_other.elements.empty()) {
        return {};
    }
    std::vector<NftRule> rules;
    if (direction == Direction::Outbound) {
        if (const std::string services = nft_services(bridge, port, family); !services.empty()) {
            rules.push_back(
                nft_rule({nft_in({nft_destination(family), nft_l4_protocol(), nft_destination_port()}, services), nft_return()}));
        }
    }
    const std::string judged = bridge.chain(
        "untracked-rules", {nft_rule({nft_in({nft_l4_protocol(), nft_source_port()}, bridge.set(std::move(by_other))),
                                      nft_verdict_of({nft_l4_protocol(), nft_destination_port()}, bridge.set(std::move(by_own)))})});
    const std::string denied = nft_denied(bridge, ruleset, family, true);
    if (nft_has_multicast(port, direction, family)) {
        const NftStatement is_to_group = nft_is_to_listed(bridge, port, family);
        if (!denied.empty()) {
            rules.push_back(nft_rule({is_to_group, nft_in({nft_destination(family)}, denied), nft_return()}));
        }
        rules.push_back(nft_rule({is_to_group, nft_goto(judged)}));
    }
    if (ruleset.host_services) {
        rules.push_back(nft_rule({nft_in({nft_remote(family, direction)}, nft_host_addresses(bridge, *port.host, family)), nft_return()}));
    }
    if (!denied.empty()) {
        rules.push_back(nft_rule({nft_in({nft_remote(family, direction)}, denied), nft_return()}));
    }
    rules.push_back(nft_rule({nft_goto(judged)}));
    return bridge.chain("untracked", std::move(rules));
}

std::vector<NftRule> nft_untracked_quote(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                         const NftHeaderLoads& loads, const std::string& untracked) {
    NftSet by_own = port_ranges("untracked-quoted");
    NftSet by_other = port_ranges("untracked-back");
    for_each_range(port, direction, family,
                   [&](bool is_own, const PortRange& range) { (is_own ? by_own : by_other).elements.push_back(element_of(range)); });
    if (by_own.elements.empty() || by_other.elements.empty()) {
        return {};
    }
    std::vector<NftRule> rules;
    const auto never_if = [&](std::vector<NftLoad> key, const std::string& set) {
        if (!set.empty()) {
            rules.push_back(nft_rule({nft_in(std::move(key), set), nft_return()}));
        }
    };
    const NftLoad& remote = direction == Direction::Outbound ? loads.destination : loads.source;
    if (direction == Direction::Outbound) {
        never_if({loads.destination, loads.protocol, loads.destination_port}, nft_services(bridge, port, family));
    }
    if (port.ruleset().host_services) {
        never_if({remote}, nft_host_addresses(bridge, *port.host, family));
    }
    never_if({remote}, nft_denied(bridge, port.ruleset(), family, true));
    rules.push_back(nft_rule({nft_in({loads.protocol, loads.source_port}, bridge.set(std::move(by_other))),
                              nft_in({loads.protocol, loads.destination_port}, bridge.set(std::move(by_own))), nft_goto(untracked)}));
    return rules;
}

}  // namespace portcullis
