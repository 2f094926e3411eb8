// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile_directory.h"

namespace portcullis {

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

std::vector<Prefix> prefixes_of(const NetworkInterface& interface) {
    std::vector<Prefix> prefixes = interface.delegated_prefixes;
    for (const Address& address : interface.addresses) {
        prefixes.push_back(Prefix::host(address));
    }
    return prefixes;
}

}  // namespace portcullis
