// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/directory.h"

namespace portcullis {

Directory::Directory(const Model& model)
    : zones(model.vpcs),
      subnets(model.subnets),
      groups(model.security_groups),
      acls(model.network_acls),
      prefix_lists(model.prefix_lists),
      interfaces(model.network_interfaces),
      claims(model.network_interfaces.size()) {
    for (const PortClaim& claim : model.ports) {
        const auto interface = interfaces.index_of(claim.network_interface_id);
        if (interface && (claims[*interface] == nullptr || claim.device < claims[*interface]->device)) {
            claims[*interface] = &claim;
        }
    }
}

std::vector<Index> groups_of(const Directory& directory, const NetworkInterface& interface) {
    std::vector<Index> groups;
    for (const std::string& id : interface.group_ids) {
        const auto group = directory.groups.index_of(id);
        if (group && std::ranges::find(groups, *group) == groups.end()) {
            groups.push_back(*group);
        }
    }
    return groups;
}

std::vector<Prefix> prefixes_of(const Directory& directory, Index interface) {
    const NetworkInterface& described = directory.interfaces[interface];
    std::vector<Prefix> prefixes = described.delegated_prefixes;
    for (const Address& address : described.addresses) {
        prefixes.push_back(Prefix::host(address));
    }
    if (const PortClaim* const claim = directory.claims[interface]; claim != nullptr) {
        for (const AllowedAddress& allowed : claim->allowed_addresses) {
            prefixes.push_back(allowed.prefix);
        }
    }
    std::ranges::sort(prefixes);
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    return prefixes;
}

}  // namespace portcullis
