// SPDX-License-Identifier: Apache-2.0
// Policies of the ruleset (core/ruleset.h) as chains: how one is asked, and what it becomes. Internal to the definitions of
// compiler/lower_nft/judgements.h.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"
#include "core/verdict.h"

namespace portcullis {

// What decides about a packet, and whose address is asked about.
struct NftQuestion {
    Direction direction = Direction::Outbound;
    Family family = Family::Ipv4;
    Reason reason = PC_REASON_security_group;  // of what is not allowed
    NftPorts ports = NftPorts::Known;
    bool is_to_group = false;  // inbound, to a multicast address that is listed: that is the remote
    bool asks_groups = false;  // group references may match: the remote counts as an interface's
};
[[nodiscard]] NftLoad nft_remote(const NftQuestion& question);

// Rules that return if the policy allows the packet, and drop it otherwise; a chain of them. The kernel bounds how deep chains lead to one
// another, gotos included (docs/nftables.md), so what comes before a policy stands in one chain with its rules where it can.
[[nodiscard]] std::vector<NftRule> nft_policy_rules(NftBuilder& bridge, const NftPort& port, Index policy, const NftQuestion& question);
[[nodiscard]] std::string nft_policy(NftBuilder& bridge, const NftPort& port, Index policy, const NftQuestion& question);

// Rules that return or drop by what the port set says, under further conditions; a packet of which it says nothing goes on.
[[nodiscard]] std::vector<NftRule> nft_port_set(NftBuilder& bridge, const Ruleset& ruleset, const PortSet& set, const NftQuestion& question,
                                                const std::vector<NftStatement>& conditions);

// Of an inbound packet to a multicast address that is listed that address is the remote. Whether there are such, and the condition.
[[nodiscard]] bool nft_has_multicast(const NftPort& port, Direction direction, Family family);
[[nodiscard]] NftStatement nft_is_to_listed(NftBuilder& bridge, const NftPort& port, Family family);

// ---- whose an address is: sets that keep their name when their content changes

// The addresses by which a reference to the group matches in the port's zone.
[[nodiscard]] std::string nft_members(NftBuilder& bridge, const NftPort& port, Family family, Index group);
// What of the zone is in the port's subnet.
[[nodiscard]] std::string nft_subnet(NftBuilder& bridge, const NftPort& port, Family family);
// Addresses of the host (13.3, 7.5).
[[nodiscard]] std::string nft_host_addresses(NftBuilder& bridge, const NftHost& host, Family family);

// Parts of Egress.DenyCidrs, as a set; empty where there is none.
[[nodiscard]] std::string nft_denied(NftBuilder& bridge, const Ruleset& ruleset, Family family, bool is_new_only);

[[nodiscard]] constexpr const char* nft_digit(Family family) { return family == Family::Ipv4 ? "4" : "6"; }

}  // namespace portcullis
