// SPDX-License-Identifier: Apache-2.0
// Members of other VPCs in a zone (docs/semantics.md 6.7): a reference to a group of another VPC matches remotes outside the zone's own
// CIDR blocks, by the addresses of that group's interfaces in that VPC. A zone in which no such reference is in use gets none.
#include <map>
#include <string_view>

#include "compiler/compile_owners.h"

namespace portcullis {
namespace {

// Who has a prefix, per VPC: nested prefixes of several VPCs are seen at once, those of one VPC by the longest.
using Members = std::map<std::string_view, Index>;

// Rows for the members of a prefix: an interface's own, or a combined one that several zones may share.
class MemberRows {
   public:
    explicit MemberRows(const std::vector<InterfaceGroups>& interfaces) : interfaces_(interfaces) {}

    Result<Index> row_of(const Members& members) {
        std::vector<Index> indices;
        for (const auto& [vpc_id, index] : members) {
            indices.push_back(index);
        }
        if (indices.size() == 1) {
            return indices.front();
        }
        std::ranges::sort(indices);
        if (const auto found = rows_.find(indices); found != rows_.end()) {
            return found->second;
        }
        InterfaceGroups entry = combine(indices);
        if (entry.groups.size() > kGroupsPerInterface) {
            return fail("network interfaces " + entry.id + " share an address across peered VPCs and carry " +
                        std::to_string(entry.groups.size()) + " security groups together; the limit is " +
                        std::to_string(kGroupsPerInterface));
        }
        combined_.push_back(std::move(entry));
        const auto row = static_cast<Index>(interfaces_.size() + combined_.size() - 1);
        rows_.emplace(std::move(indices), row);
        return row;
    }
    std::vector<InterfaceGroups> take_combined() { return std::move(combined_); }

   private:
    // Groups belong to one VPC each, so those of interfaces of different VPCs are disjoint.
    [[nodiscard]] InterfaceGroups combine(const std::vector<Index>& indices) const {
        InterfaceGroups entry{.id = {}, .groups = {}, .stands_for = indices};
        for (const Index index : indices) {
            entry.id += (entry.id.empty() ? "" : "+") + interfaces_[index].id;
            std::ranges::copy(interfaces_[index].groups, std::back_inserter(entry.groups));
        }
        return entry;
    }

    const std::vector<InterfaceGroups>& interfaces_;
    std::vector<InterfaceGroups> combined_;
    std::map<std::vector<Index>, Index> rows_;
};

using MembersByPrefix = std::map<Prefix, Members>;

bool is_outside(const Vpc& vpc, const Prefix& prefix) {
    return std::ranges::none_of(vpc.cidrs, [&](const Prefix& cidr) { return cidr.overlaps(prefix); });
}

void add_member(const Directory& directory, Index index, const Vpc& zone, MembersByPrefix& members) {
    const NetworkInterface& interface = directory.interfaces[index];
    for (const Prefix& prefix : prefixes_of(interface)) {
        if (!is_link_local(prefix) && is_outside(zone, prefix)) {
            members[prefix].emplace(interface.vpc_id, index);
        }
    }
}

// Adds to every prefix the members of the prefixes around it.
void inherit(MembersByPrefix& members) {
    std::vector<MembersByPrefix::iterator> stack;
    for (auto current = members.begin(); current != members.end(); ++current) {
        while (!stack.empty() && !stack.back()->first.contains(current->first)) {
            stack.pop_back();
        }
        if (!stack.empty()) {
            current->second.insert(stack.back()->second.begin(), stack.back()->second.end());
        }
        stack.push_back(current);
    }
}

// The interfaces of each group that belong to its VPC.
std::vector<std::vector<Index>> carriers_of_groups(const Directory& directory, const std::vector<InterfaceGroups>& interfaces) {
    std::vector<std::vector<Index>> carriers(directory.groups.size());
    for (Index i = 0; i < interfaces.size(); ++i) {
        for (const Index group : interfaces[i].groups) {
            carriers[group].push_back(i);
        }
    }
    return carriers;
}

// Members of other VPCs in one zone, by the groups that its rules refer to.
MembersByPrefix members_in(const Vpc& zone, const Directory& directory, const std::set<Index>& referenced,
                           const std::vector<std::vector<Index>>& carriers) {
    MembersByPrefix members;
    for (const Index group : referenced) {
        if (directory.groups[group].vpc_id == zone.id) {
            continue;
        }
        for (const Index carrier : carriers[group]) {
            add_member(directory, carrier, zone, members);
        }
    }
    inherit(members);
    return members;
}

Result<std::vector<OwnerClaim>> claims_of(const MembersByPrefix& members, Index zone, MemberRows& rows) {
    std::vector<OwnerClaim> claims;
    for (const auto& [prefix, of_prefix] : members) {
        const auto row = rows.row_of(of_prefix);
        if (!row) {
            return fail(row.error());
        }
        claims.push_back({.zone = zone, .prefix = prefix, .kind = ClaimKind::PeeredInterface, .interface = *row, .subnet = std::nullopt});
    }
    return claims;
}

}  // namespace

Result<PeeredMembers> peered_members(const Directory& directory, const std::vector<InterfaceGroups>& interfaces,
                                     const std::vector<std::set<Index>>& referenced_groups) {
    const auto carriers = carriers_of_groups(directory, interfaces);
    PeeredMembers peered;
    MemberRows rows(interfaces);
    for (Index zone = 0; zone < directory.zones.size(); ++zone) {
        const auto claims = claims_of(members_in(directory.zones[zone], directory, referenced_groups[zone], carriers), zone, rows);
        if (!claims) {
            return fail(claims.error());
        }
        std::ranges::copy(*claims, std::back_inserter(peered.claims));
    }
    peered.combined = rows.take_combined();
    return peered;
}

}  // namespace portcullis
