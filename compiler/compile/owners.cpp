// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/owners.h"

#include <map>

namespace portcullis {

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

std::vector<AddressOwner> link_local_owners(const Directory& directory) {
    std::map<std::pair<Index, Prefix>, std::optional<Index>> subnets;
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        const NetworkInterface& interface = directory.interfaces[i];
        const auto zone = directory.zones.index_of(interface.vpc_id);
        if (!zone || !interface.mac) {
            continue;
        }
        const auto subnet = directory.subnets.index_of(interface.subnet_id);
        const auto [known, is_new] = subnets.emplace(std::pair(*zone, Prefix::host(interface.mac->link_local())), subnet);
        if (!is_new && known->second != subnet) {
            known->second.reset();
        }
    }
    std::vector<AddressOwner> owners;
    owners.reserve(subnets.size());
    for (const auto& [key, subnet] : subnets) {
        owners.push_back({.zone = key.first, .prefix = key.second, .interface = {}, .subnet = subnet});
    }
    return owners;
}

std::vector<std::pair<Prefix, Index>> instance_addresses(const Directory& directory) {
    std::vector<std::pair<Prefix, Index>> addresses;
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        for (const Prefix& prefix : prefixes_of(directory, i)) {
            addresses.emplace_back(prefix, i);
        }
        if (const auto& mac = directory.interfaces[i].mac) {
            addresses.emplace_back(Prefix::host(mac->link_local()), i);
        }
    }
    std::ranges::sort(addresses);
    const auto repeated = std::unique(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
    addresses.erase(repeated, addresses.end());
    return addresses;
}

}  // namespace portcullis
