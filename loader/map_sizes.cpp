// SPDX-License-Identifier: Apache-2.0
#include "loader/map_sizes.h"

#include "bpf/abi.h"

namespace portcullis {
namespace {

// Devices beyond ports: uplinks and the host's own, and room for a device's successor before its predecessor's entry is deleted.
constexpr std::uint32_t kOtherDevices = 10240;

}  // namespace

// Arrays hold number 0 ("none") besides the numbers 1 … capacity.
std::vector<MapSize> sizes_of(const MapCapacities& capacities) {
    return {
        {"pc_devices", 2 * capacities.ports + kOtherDevices},
        {"pc_ports", capacities.ports + 1},
        {"pc_fast_devices", capacities.ports + 1},
        {"pc_addresses4", capacities.addresses4},
        {"pc_addresses6", capacities.addresses6},
        {"pc_members4", capacities.members4},
        {"pc_members6", capacities.members6},
        {"pc_owners", capacities.owners + 1},
        {"pc_interfaces", capacities.interfaces + 1},
        {"pc_policies", capacities.policies + 1},
        {"pc_cidrs4", capacities.cidrs4},
        {"pc_cidrs6", capacities.cidrs6},
        {"pc_group_sets", capacities.group_sets},
        {"pc_set_heads", capacities.port_sets + 1},
        {"pc_port_sets", capacities.port_set_entries},
        {"pc_rule_hits", capacities.rules + 1},
        {"pc_services", capacities.services},
        {"pc_names", capacities.names},
        {"pc_macs", capacities.macs()},
        {"pc_host_addresses", capacities.host_addresses},
        {"pc_tunnels", capacities.tunnels},
        {"pc_claims", capacities.claims()},
        {"pc_half_open", (capacities.ports + 1) * 2},
        {"pc_port_states", capacities.ports + 1},
        {"pc_departed4", capacities.departed4},
        {"pc_departed6", capacities.departed6},
        {"pc_fragments", (capacities.ports + 1) * 2},
        {"pc_counters", (capacities.ports + 1) * 2 * PC_REASONS_MAX},
    };
}

}  // namespace portcullis
