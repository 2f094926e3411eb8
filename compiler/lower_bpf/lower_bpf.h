// SPDX-License-Identifier: Apache-2.0
// Ruleset -> the exact entries of every BPF map that hold policy (bpf/abi.h), apart from what depends on the host's devices and addresses
// (pc_devices, pc_ports, pc_interfaces.ifindex, pc_macs, pc_host_addresses, pc_tunnels), which the loader adds. Rows with two parities are
// given once, as values: the loader writes them into the version that is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpf/abi.h"
#include "compiler/lower_bpf/numbering.h"
#include "core/result.h"
#include "core/ruleset.h"

namespace portcullis {

// Capacities of the maps; also the limits of admission. docs/kernel-state.md has the memory of each.
struct MapCapacities {
    std::uint32_t rules = 1'048'576;
    std::uint32_t port_sets = 1'048'576;  // as many as rules: a rule with a prefix of its own has a set of its own
    std::uint32_t port_set_entries = 2'097'152;
    std::uint32_t policies = 65'536;
    std::uint32_t cidrs4 = 2'097'152;
    std::uint32_t cidrs6 = 1'048'576;
    std::uint32_t group_sets = 262'144;
    std::uint32_t groups = 65'536;
    std::uint32_t interfaces = 65'536;
    std::uint32_t zones = 4'096;
    std::uint32_t subnets = 65'536;
    std::uint32_t owners = 262'144;
    std::uint32_t address_sets = 65'536;
    std::uint32_t addresses4 = 262'144;
    std::uint32_t addresses6 = 262'144;
    std::uint32_t members4 = 262'144;
    std::uint32_t members6 = 262'144;
    std::uint32_t services = 262'144;
    std::uint32_t service_sets = 65'536;
    std::uint32_t host_addresses = 16'384;
    std::uint32_t tunnels = 1'024;
    std::uint32_t names = 2'097'152;  // parts of names: most take one
    std::uint32_t departed4 = 262'144;
    std::uint32_t departed6 = 262'144;
    std::uint32_t ports = 1'024;
    std::uint32_t flows4 = 1'048'576;  // of all shards together, as is flows6
    std::uint32_t flows6 = 262'144;
    // Twice what is in use at once: entries of two generations exist during a change.
    [[nodiscard]] constexpr std::uint32_t macs() const { return 2 * ports; }
    [[nodiscard]] constexpr std::uint32_t claims() const { return 2 * PC_CLAIMS_PER_PORT * ports; }
};

// The host's devices by name -> ifindex: by which device a DHCP server is believed (docs/semantics.md 5.4).
using DeviceNumbers = std::map<std::string, std::uint32_t, std::less<>>;

struct LoweredPolicies;  // compiler/lower_bpf/change.h
struct PolicyChanges;

// Every numbering that lowering uses; lives as long as the maps do.
struct Numberings {
    explicit Numberings(const MapCapacities& capacities);
    Numbering rules, port_sets, policies, groups, interfaces, zones, subnets, owners, address_sets, service_sets;
    void retire_unused();
    // As retire_unused, after a change by which only these rules, port sets and policies went (compiler/lower_bpf/change.h).
    void retire(const PolicyChanges& changes);
    void roll_back();
};

struct OwnerRow {
    std::uint32_t interface = 0;
    std::uint32_t subnet = 0;
    std::optional<std::uint32_t> own = {};  // those of the zone's own, where interfaces of peered ones are among them; 0: none
    bool operator==(const OwnerRow&) const = default;
};
struct InterfaceRow {
    std::vector<std::uint32_t> groups;
    bool operator==(const InterfaceRow&) const = default;
};

// One port's view but for what the loader gives: the epoch, the flag PC_PORT_OPEN, and what the port's bridge adds (services[1] and flags).
using PortRow = pc_port_view;

// A set of pc_services and the flags PC_PORT_HAS_* that tell what it holds; 0 and 0: nothing.
struct ServiceSet {
    std::uint32_t number = 0;
    std::uint32_t flags = 0;
    bool operator==(const ServiceSet&) const = default;
};

// Vectors are sorted by key bytes (memcmp) or by number, without duplicates.
struct MapImage {
    template <class Key, class Value>
    using Entries = std::vector<std::pair<Key, Value>>;
    Entries<std::uint32_t, pc_policy> policies;       // rows
    Entries<std::uint32_t, pc_set_head> set_heads;    // rows
    Entries<std::uint32_t, OwnerRow> owners;          // rows with two parities
    Entries<std::uint32_t, InterfaceRow> interfaces;  // rows with two parities
    Entries<pc_port_set_key, std::uint32_t> port_sets;
    Entries<pc_cidr4_key, std::uint32_t> cidrs4;
    Entries<pc_cidr6_key, std::uint32_t> cidrs6;
    Entries<pc_group_set_key, std::uint32_t> group_sets;
    Entries<pc_address4_key, std::uint32_t> addresses4;
    Entries<pc_address6_key, std::uint32_t> addresses6;
    Entries<pc_member4_key, std::uint32_t> members4;
    Entries<pc_member6_key, std::uint32_t> members6;
    Entries<pc_service_key, pc_service> services;
    Entries<pc_name_key, pc_name> names;  // but for those of rules
    Entries<pc_name_key, pc_name> rule_names;
    std::vector<PortRow> ports;  // index = Ruleset::ports
    // What a bridge adds to the views of its ports: by index in Ruleset::bridges, then by index in Ruleset::zones; an empty list adds
    // nothing.
    std::vector<std::vector<ServiceSet>> bridge_services;
    std::vector<Index> port_zones;  // index in Ruleset::zones; index = Ruleset::ports
    // Row of pc_interfaces; index = Ruleset::interfaces. For those that stand for others, whose device the loader looks up.
    std::vector<std::uint32_t> interface_numbers;
};

// Ticks (bpf/abi.h) that last at least `seconds`.
[[nodiscard]] std::uint32_t ticks_of(std::uint32_t seconds);

// Fails when something does not fit, naming the map, its limit and the need; `numberings` is then to be rolled back. `lowered`: what
// lower_bpf_change() goes on from, filled in on success.
[[nodiscard]] Result<MapImage> lower_bpf(const Ruleset& ruleset, const MapCapacities& capacities, Numberings& numberings,
                                         const DeviceNumbers& devices = {}, LoweredPolicies* lowered = nullptr);

// What the bridge adds to the view of one of its ports: the number is the view's services[1], the flags are or-ed to the view's.
[[nodiscard]] ServiceSet bridge_services_of(const MapImage& image, std::size_t bridge, std::size_t port);

// "pc_cidrs4: 1,204 of 2,097,152" per map, for `check`.
struct SlotUse {
    std::string map;
    std::uint64_t used = 0;
    std::uint64_t capacity = 0;
};
[[nodiscard]] std::vector<SlotUse> slots_of(const MapImage& image, const MapCapacities& capacities);

}  // namespace portcullis
