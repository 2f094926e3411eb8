// SPDX-License-Identifier: Apache-2.0
#include "loader/map_sizes.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"

namespace portcullis {
namespace {

// Devices beyond ports: uplinks and the host's own, and room for a device's successor before its predecessor's entry is deleted.
constexpr std::uint32_t kOtherDevices = 10240;

struct MapSize {
    std::string_view name;
    std::uint32_t entries;
};

// Of all maps whose size is not fixed in bpf/maps.h. Arrays hold number 0 ("none") besides the numbers 1 … capacity.
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

}  // namespace

Result<> size_maps(bpf_object* object, const MapCapacities& capacities) {
    for (const MapSize& size : sizes_of(capacities)) {
        bpf_map* map = ::bpf_object__find_map_by_name(object, std::string(size.name).c_str());
        if (map == nullptr) {
            return fail("the BPF object has no map " + std::string(size.name));
        }
        if (const int result = ::bpf_map__set_max_entries(map, size.entries); result != 0) {
            return fail(Error::from_errno("cannot size " + std::string(size.name), -result));
        }
    }
    // The generation word is stored to directly: a map update would copy the row, with no promise of one aligned store.
    bpf_map* host = ::bpf_object__find_map_by_name(object, "pc_host");
    if (host == nullptr) {
        return fail("the BPF object has no map pc_host");
    }
    if (const int result = ::bpf_map__set_map_flags(host, ::bpf_map__map_flags(host) | BPF_F_MMAPABLE); result != 0) {
        return fail(Error::from_errno("cannot make pc_host mappable", -result));
    }
    return {};
}

Result<> size_copy(bpf_object* object) {
    constexpr std::uint32_t kFewClaims = 64;
    const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
    for (const MapSize& size :
         {MapSize{"pc_fragments", 1}, MapSize{"pc_claims", kFewClaims}, MapSize{"pc_names", 1}, MapSize{"pc_events", page}}) {
        bpf_map* map = ::bpf_object__find_map_by_name(object, std::string(size.name).c_str());
        if (map == nullptr || ::bpf_map__set_max_entries(map, size.entries) != 0) {
            return fail("cannot size " + std::string(size.name) + " of a copy");
        }
    }
    // One CPU at a time runs it.
    bpf_map* counters = ::bpf_object__find_map_by_name(object, "pc_counters");
    const bool is_set = counters != nullptr && ::bpf_map__set_type(counters, BPF_MAP_TYPE_ARRAY) == 0;
    return is_set ? Result<>() : fail("cannot make pc_counters of a copy an array");
}

}  // namespace portcullis
