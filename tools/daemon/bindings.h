// SPDX-License-Identifier: Apache-2.0
// Which device of this host is which port: the pure part of the controller (docs/operations.md, "Devices and ports").
//
// Invariant: a device that was ever bound is never left out of the result while it exists, unless the model itself names it as an uplink:
// what is left out passes everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile/compile.h"
#include "core/dataplane.h"
#include "core/ruleset.h"
#include "tools/daemon/host_devices.h"

namespace portcullis {

// A binding that has been made. It outlives a rename of the device: its claim, not the name, is compared.
struct StandingBinding {
    std::uint32_t ifindex = 0;
    std::string interface_id;
    std::string claimed_device;  // Ports[].Device that claimed it; empty: the device's alias did
    bool operator==(const StandingBinding&) const = default;
};

// Bridges and other devices that what enters by counts as the host's (docs/semantics.md, "Entrance"); further ones, of higher numbers,
// count as elsewhere, which is stricter.
inline constexpr std::size_t kMostHostDevices = 4096;

// A port that somebody closed whatever its policy. It means the device that it names, by its number and by its name, and the interface
// that it names or that the device was bound to then: each of them is closed, whatever becomes of the others.
struct Quarantine {
    std::string port{};          // as it was named: device or interface id
    std::string interface_id{};  // empty: the device was bound to none
    std::string device{};        // empty: an interface was named
    std::uint32_t ifindex = 0;   // of the device that it was then; 0: of none, or it is gone
    std::string since{};         // UTC, ISO 8601
    bool operator==(const Quarantine&) const = default;
};

// What the controller remembers from one plan to the next.
struct BindingMemory {
    std::vector<StandingBinding> standing;
    std::set<std::uint32_t> once_bound;  // managed before; still existing devices of these are never released
    std::set<std::uint32_t> released{};  // orphaned once and given back: left alone until they are bound again
    bool operator==(const BindingMemory&) const = default;
};

enum class PortState : std::uint8_t { Enforced, Closed, Absent, Orphaned, Conflict, Quarantined, Released, Degraded, Unenforced };
[[nodiscard]] std::string_view to_string(PortState state);

// One line of `status`. ifindex 0: no such device now.
struct PortLine {
    std::string device;
    std::uint32_t ifindex = 0;
    std::string interface_id;
    PortState state = PortState::Absent;
    std::string detail;  // why, where the state needs it
    bool operator==(const PortLine&) const = default;
};

struct BindingPlan {
    std::vector<DeviceBinding> devices;  // sorted by ifindex, each once
    std::vector<PortLine> lines;         // present devices by ifindex, then absent ports
    BindingMemory memory;                // for the next plan, once this one is enforced
    std::vector<Finding> cut_off;        // errors: devices whose closing would cut the host off
};

[[nodiscard]] Aliases aliases_of(const HostDevices& devices);
// Whether the ports of the ruleset are those that a compilation with these aliases gives: none is missing, and none is left over.
[[nodiscard]] bool has_ports_of(const Ruleset& ruleset, const Aliases& aliases);

// `default_routes`: devices that a default route leaves by.
[[nodiscard]] BindingPlan plan_bindings(const Ruleset& ruleset, const HostDevices& devices, const BindingMemory& memory,
                                        const std::set<std::uint32_t>& default_routes, const std::vector<Quarantine>& quarantines = {});

}  // namespace portcullis
