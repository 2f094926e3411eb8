// SPDX-License-Identifier: Apache-2.0
// Who an address belongs to: the interfaces of the VPC, the blocks of its subnets, and members of peered VPCs that a group reference may
// name (docs/semantics.md 6.4, 6.7, 8.1).
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "compiler/compile/directory.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

// The interfaces with their groups, by id. Fails when one carries more groups than a row holds.
[[nodiscard]] Result<std::vector<InterfaceGroups>> build_interfaces(const Directory& directory);

// The owners of a zone's prefixes, but for link-local ones (compile/members.cpp).
struct MemberOwners {
    std::vector<InterfaceGroups> combined;  // to follow `interfaces`: addresses that several interfaces have
    std::vector<AddressOwner> owners;
};
// referenced_groups[zone]: the groups that rules in use there refer to.
[[nodiscard]] Result<MemberOwners> member_owners(const Directory& directory, const std::vector<InterfaceGroups>& interfaces,
                                                 const std::vector<std::set<Index>>& referenced_groups);

// Link-local addresses are nobody's but by the EUI-64 of a MAC, and in no subnet when interfaces of two have that MAC.
[[nodiscard]] std::vector<AddressOwner> link_local_owners(const Directory& directory);

// As Ruleset::instance_addresses.
[[nodiscard]] std::vector<std::pair<Prefix, Index>> instance_addresses(const Directory& directory);

inline constexpr Prefix kLinkLocal = {.address = {.family = Family::Ipv6, .bytes = {0xfe, 0x80}}, .length = 10};

}  // namespace portcullis
