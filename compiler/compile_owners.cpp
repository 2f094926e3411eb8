// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile_owners.h"

namespace portcullis {
namespace {

void claim_interface(const Directory& directory, Index index, std::vector<OwnerClaim>& claims) {
    const NetworkInterface& interface = directory.interfaces[index];
    const auto zone = directory.zones.index_of(interface.vpc_id);
    if (!zone) {
        return;
    }
    const auto subnet = directory.subnets.index_of(interface.subnet_id);
    for (const Prefix& prefix : prefixes_of(interface)) {
        if (!is_link_local(prefix)) {
            claims.push_back({.zone = *zone, .prefix = prefix, .kind = ClaimKind::Interface, .interface = index, .subnet = subnet});
        }
    }
    if (interface.mac) {
        const Prefix link_local = Prefix::host(interface.mac->link_local());
        claims.push_back({.zone = *zone, .prefix = link_local, .kind = ClaimKind::LinkLocal, .interface = {}, .subnet = subnet});
    }
}

void claim_subnet(const Directory& directory, Index index, std::vector<OwnerClaim>& claims) {
    const Subnet& subnet = directory.subnets[index];
    const auto zone = directory.zones.index_of(subnet.vpc_id);
    if (!zone) {
        return;
    }
    for (const Prefix& prefix : subnet.cidrs) {
        if (!is_link_local(prefix)) {
            claims.push_back({.zone = *zone, .prefix = prefix, .kind = ClaimKind::SubnetBlock, .interface = {}, .subnet = index});
        }
    }
}

}  // namespace

bool is_link_local(const Prefix& prefix) {
    constexpr Prefix kLinkLocal = {.address = {.family = Family::Ipv6, .bytes = {0xfe, 0x80}}, .length = 10};
    return prefix.overlaps(kLinkLocal);
}

Result<std::vector<InterfaceGroups>> build_interfaces(const Directory& directory) {
    std::vector<InterfaceGroups> interfaces;
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        const NetworkInterface& interface = directory.interfaces[i];
        std::vector<Index> groups = groups_of(directory, interface);
        if (groups.size() > kGroupsPerInterface) {
            return fail("network interface " + interface.id + " carries " + std::to_string(groups.size()) +
                        " security groups; the limit is " + std::to_string(kGroupsPerInterface));
        }
        std::erase_if(groups, [&](Index group) { return directory.groups[group].vpc_id != interface.vpc_id; });
        interfaces.push_back({.id = interface.id, .groups = std::move(groups), .stands_for = {}});
    }
    return interfaces;
}

std::vector<OwnerClaim> own_claims(const Directory& directory) {
    std::vector<OwnerClaim> claims;
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        claim_interface(directory, i, claims);
    }
    for (Index i = 0; i < directory.subnets.size(); ++i) {
        claim_subnet(directory, i, claims);
    }
    return claims;
}

std::vector<AddressOwner> settle(std::vector<OwnerClaim> claims) {
    std::ranges::sort(claims);
    std::vector<AddressOwner> owners;
    ClaimKind kind = ClaimKind::Interface;  // of the owner that was added last
    for (const OwnerClaim& claim : claims) {
        AddressOwner* const last = owners.empty() ? nullptr : &owners.back();
        if (last == nullptr || last->zone != claim.zone || last->prefix != claim.prefix) {
            owners.push_back({.zone = claim.zone, .prefix = claim.prefix, .interface = claim.interface, .subnet = claim.subnet});
            kind = claim.kind;
            continue;
        }
        if (claim.kind != kind) {
            continue;
        }
        if (last->interface != claim.interface) {
            last->interface.reset();
        }
        if (last->subnet != claim.subnet) {
            last->subnet.reset();
        }
    }
    return owners;
}

}  // namespace portcullis
