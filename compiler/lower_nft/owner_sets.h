// SPDX-License-Identifier: Apache-2.0
// Whose an address is (docs/semantics.md 6.4-6.7, 8.1), as interval sets under names without their content. They are all that lowering
// makes of Ruleset::owners and Ruleset::interfaces: a member that joins is an element more, and changes nothing else.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"
#include "core/ruleset.h"

namespace portcullis {

// The addresses by which a reference to the group matches in the zone.
[[nodiscard]] std::string nft_members_name(const Ruleset& ruleset, Index zone, Family family, Index group);
// Those of all groups that rules of bound interfaces of the zone refer to.
[[nodiscard]] std::vector<NftSet> nft_member_sets(const NftHost& host, Index zone, Family family);
// What of the zone is in the subnet.
[[nodiscard]] NftSet nft_subnet_set(const Ruleset& ruleset, Index zone, Index subnet, Family family);
// The addresses of the zone that some interface has which is bound on this host, and, whoever has them, the link-local ones.
[[nodiscard]] NftSet nft_bound_set(const NftHost& host, Index zone, Family family);
// The link-local addresses that interfaces of the zone have by their MAC: nobody claims them.
[[nodiscard]] NftSet nft_taken_set(const Ruleset& ruleset, Index zone);
// Of these, those in other subnets than this one.
[[nodiscard]] NftSet nft_elsewhere_set(const Ruleset& ruleset, Index zone, Index subnet);

// All of them, for the zones and subnets of the bound interfaces: more than rules ask for, perhaps.
[[nodiscard]] std::vector<NftSet> nft_owner_sets(const NftHost& host);

}  // namespace portcullis
