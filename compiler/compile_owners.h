// SPDX-License-Identifier: Apache-2.0
// Who an address of a zone belongs to: the interfaces of the VPC, the blocks of its subnets, and members of peered VPCs that a group
// reference may name (docs/semantics.md 6.4, 6.7, 8.1).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "compiler/compile_directory.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

// The interfaces with their groups, by id. Fails when one carries more groups than a row holds.
[[nodiscard]] Result<std::vector<InterfaceGroups>> build_interfaces(const Directory& directory);

// Where two say something about one prefix, the first kind in this order is believed.
enum class ClaimKind : std::uint8_t { Interface, PeeredInterface, LinkLocal, SubnetBlock };

struct OwnerClaim {
    Index zone = 0;
    Prefix prefix;
    ClaimKind kind = ClaimKind::Interface;
    std::optional<Index> interface;
    std::optional<Index> subnet;
    auto operator<=>(const OwnerClaim&) const = default;
};

// What a zone's own interfaces and subnets claim, for all zones.
[[nodiscard]] std::vector<OwnerClaim> own_claims(const Directory& directory);

// What members of other VPCs claim in the zones whose policies refer to their groups.
struct PeeredMembers {
    std::vector<InterfaceGroups> combined;  // to follow `interfaces`: addresses that interfaces of several VPCs have
    std::vector<OwnerClaim> claims;
};
// referenced_groups[zone]: the groups that rules in use there refer to.
[[nodiscard]] Result<PeeredMembers> peered_members(const Directory& directory, const std::vector<InterfaceGroups>& interfaces,
                                                   const std::vector<std::set<Index>>& referenced_groups);

// One owner per (zone, prefix), sorted. Of contradicting claims of one kind only what they agree on is kept.
[[nodiscard]] std::vector<AddressOwner> settle(std::vector<OwnerClaim> claims);

// Link-local addresses are nobody's but by the EUI-64 of a MAC.
[[nodiscard]] bool is_link_local(const Prefix& prefix);

}  // namespace portcullis
