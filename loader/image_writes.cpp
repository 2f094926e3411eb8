// SPDX-License-Identifier: Apache-2.0
#include "loader/image_writes.h"

#include <algorithm>

namespace portcullis {
namespace {

template <class Key, class Value>
std::uint64_t once_each(const EntryChanges<Key, Value>& changes) {
    return changes.added.size() + changes.removed.size();
}

// Aside and settled; or noted and forgotten; or taken out and put in again.
template <class T>
std::uint64_t twice_each(const std::vector<T>& changes) {
    return 2 * changes.size();
}

}  // namespace

std::vector<PlannedWrites> planned_writes(const ImageDiff& diff) {
    std::vector<PlannedWrites> writes{{"pc_addresses4", once_each(diff.addresses4)},
                                      {"pc_addresses6", once_each(diff.addresses6)},
                                      {"pc_cidrs4", once_each(diff.cidrs4)},
                                      {"pc_cidrs6", once_each(diff.cidrs6)},
                                      {"pc_departed4", twice_each(diff.departed4)},
                                      {"pc_departed6", twice_each(diff.departed6)},
                                      {"pc_devices", once_each(diff.devices) + twice_each(diff.moves)},
                                      {"pc_group_sets", once_each(diff.group_sets)},
                                      {"pc_host_addresses", once_each(diff.host_addresses)},
                                      {"pc_interfaces", twice_each(diff.interfaces)},
                                      {"pc_macs", diff.macs.written.size() + diff.macs.removed.size()},
                                      {"pc_members4", once_each(diff.members4)},
                                      {"pc_members6", once_each(diff.members6)},
                                      {"pc_names", once_each(diff.names)},
                                      {"pc_owners", twice_each(diff.owners)},
                                      {"pc_policies", once_each(diff.policies)},
                                      {"pc_port_sets", once_each(diff.port_sets)},
                                      {"pc_ports", twice_each(diff.ports)},
                                      {"pc_services", once_each(diff.services)},
                                      {"pc_set_heads", once_each(diff.set_heads)},
                                      {"pc_tunnels", once_each(diff.tunnels)}};
    std::erase_if(writes, [](const PlannedWrites& one) { return one.count == 0; });
    return writes;
}

}  // namespace portcullis
