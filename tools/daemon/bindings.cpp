// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/bindings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace portcullis {
namespace {

// The ruleset was compiled before the device had its alias, and could not be compiled anew.
constexpr const char* kNoPortYet = "this interface's policy is not prepared yet";
constexpr const char* kClosedByTheModel = "the model closes this interface";

bool is_elsewhere(const Ruleset& ruleset, std::string_view interface_id) {
    return std::ranges::binary_search(ruleset.elsewhere, interface_id, {},
                                      [&](Index interface) -> std::string_view { return ruleset.interfaces[interface].id; });
}

// One run of plan_bindings: each step decides devices that no earlier step has decided, so the order of the calls below is the precedence.
class Planner {
   public:
    Planner(const Ruleset& ruleset, const HostDevices& devices, const BindingMemory& memory)
        : ruleset_(ruleset), devices_(devices), memory_(memory) {
        for (Index i = 0; i < ruleset.ports.size(); ++i) {
            port_of_interface_.emplace(ruleset.ports[i].interface_id, i);
        }
        for (const auto& [ifindex, device] : devices) {
            ifindex_of_name_.emplace(device.name, ifindex);
        }
    }

    void keep_standing();
    void find_uplinks();
    void close_listed();
    void bind_named();
    void bind_aliased();
    void close_orphaned();
    void leave_released();
    void close_unknown(const std::set<std::uint32_t>& default_routes);
    void add_host_devices();
    void list_absent();
    void close_quarantined(const std::vector<Quarantine>& quarantines);
    BindingPlan finish();

   private:
    [[nodiscard]] const Device* device_named(const std::string& name) const;
    [[nodiscard]] std::uint32_t bridge_of(const Device& device) const;  // 0: its master is none, or no bridge
    [[nodiscard]] const Bridge* listed_bridge_of(const Device& device) const;
    [[nodiscard]] bool is_uplink(const Device& device) const;
    [[nodiscard]] bool is_decided(std::uint32_t ifindex) const { return decided_.contains(ifindex); }
    void bind(const Device& device, Index port, std::string claimed_device);
    void close(const Device& device, PortState state, std::string interface_id, std::string detail);
    void bind_newcomer(const Device& device, Index port, std::string claimed_device);
    void list_unbound(const std::string& device_name, const std::string& interface_id);

    const Ruleset& ruleset_;
    const HostDevices& devices_;
    const BindingMemory& memory_;
    std::map<std::string, Index> port_of_interface_;
    std::map<std::string, std::uint32_t> ifindex_of_name_;
    std::map<std::uint32_t, DeviceBinding> decided_;
    std::map<std::uint32_t, PortLine> lines_;
    std::map<Index, std::uint32_t> holder_;  // port -> device that has it
    BindingPlan plan_;
};

const Device* Planner::device_named(const std::string& name) const {
    const auto found = ifindex_of_name_.find(name);
    return found == ifindex_of_name_.end() ? nullptr : &devices_.at(found->second);
}

std::uint32_t Planner::bridge_of(const Device& device) const {
    const auto master = devices_.find(device.master);
    return master != devices_.end() && master->second.is_bridge ? master->first : 0;
}

const Bridge* Planner::listed_bridge_of(const Device& device) const {
    const std::uint32_t bridge = bridge_of(device);
    if (bridge == 0) {
        return nullptr;
    }
    const auto found = std::ranges::find(ruleset_.bridges, devices_.at(bridge).name, &Bridge::device);
    return found == ruleset_.bridges.end() ? nullptr : &*found;
}

void Planner::bind(const Device& device, Index port, std::string claimed_device) {
    const std::string& interface_id = ruleset_.ports[port].interface_id;
    decided_[device.ifindex] = {.ifindex = device.ifindex, .device = device.name, .kind = DeviceBinding::Kind::Bound, .port = port};
    lines_[device.ifindex] = {device.name, device.ifindex, interface_id, PortState::Enforced, {}};
    holder_[port] = device.ifindex;
    plan_.memory.standing.push_back({device.ifindex, interface_id, std::move(claimed_device)});
}

void Planner::close(const Device& device, PortState state, std::string interface_id, std::string detail) {
    decided_[device.ifindex] = {.ifindex = device.ifindex, .device = device.name, .kind = DeviceBinding::Kind::Closed, .port = 0};
    lines_[device.ifindex] = {device.name, device.ifindex, std::move(interface_id), state, std::move(detail)};
}

// A standing binding holds as long as anything still claims the device for the interface: its alias, its name, or the name under which the
// documents claimed it, whatever it is called now.
void Planner::keep_standing() {
    for (const StandingBinding& standing : memory_.standing) {
        const auto device = devices_.find(standing.ifindex);
        const auto port = port_of_interface_.find(standing.interface_id);
        if (device == devices_.end() || port == port_of_interface_.end() || holder_.contains(port->second)) {
            continue;
        }
        const std::string& claimed = ruleset_.ports[port->second].device;
        const bool by_claim = !claimed.empty() && (claimed == standing.claimed_device || claimed == device->second.name);
        if (by_claim || device->second.alias == standing.interface_id) {
            bind(device->second, port->second, by_claim ? claimed : std::string{});
        }
    }
}

// A port of the bridge that lists it, or of nothing: then it is the host's routing that leads to it. As a port of something else it is an
// unknown one.
bool Planner::is_uplink(const Device& device) const {
    const Bridge* const own = listed_bridge_of(device);
    return std::ranges::any_of(ruleset_.bridges, [&](const Bridge& bridge) {
        return (device.master == 0 || own == &bridge) && std::ranges::find(bridge.uplinks, device.name) != bridge.uplinks.end();
    });
}

void Planner::find_uplinks() {
    for (const auto& [ifindex, device] : devices_) {
        if (!is_decided(ifindex) && is_uplink(device)) {
            decided_[ifindex] = {.ifindex = ifindex, .device = device.name, .kind = DeviceBinding::Kind::Uplink, .port = 0};
        }
    }
}

// Interfaces of which the model says only that they stay closed, by name; by alias they are closed with the others (bind_aliased).
void Planner::close_listed() {
    for (const ClosedPort& closed : ruleset_.closed_ports) {
        const Device* const device = closed.device.empty() ? nullptr : device_named(closed.device);
        if (device != nullptr && !is_decided(device->ifindex)) {
            close(*device, PortState::Closed, closed.interface_id, kClosedByTheModel);
        }
    }
}

void Planner::bind_newcomer(const Device& device, Index port, std::string claimed_device) {
    const auto holder = holder_.find(port);
    if (holder == holder_.end()) {
        bind(device, port, std::move(claimed_device));
        return;
    }
    const std::string& interface_id = ruleset_.ports[port].interface_id;
    close(device, PortState::Conflict, interface_id, interface_id + " is already bound to " + devices_.at(holder->second).name);
}

void Planner::bind_named() {
    for (Index i = 0; i < ruleset_.ports.size(); ++i) {
        const std::string& name = ruleset_.ports[i].device;
        const Device* device = name.empty() ? nullptr : device_named(name);
        if (device != nullptr && !is_decided(device->ifindex)) {
            bind_newcomer(*device, i, name);
        }
    }
}

// In ascending order of ifindex: of two devices that claim one interface at once, the older is bound.
void Planner::bind_aliased() {
    for (const auto& [ifindex, device] : devices_) {
        if (device.alias.empty() || is_decided(ifindex)) {
            continue;
        }
        if (const auto port = port_of_interface_.find(device.alias); port != port_of_interface_.end()) {
            bind_newcomer(device, port->second, {});
        } else if (is_elsewhere(ruleset_, device.alias)) {
            close(device, PortState::Closed, device.alias, kNoPortYet);
        } else if (std::ranges::find(ruleset_.interfaces, device.alias, &InterfaceGroups::id) != ruleset_.interfaces.end()) {
            close(device, PortState::Closed, device.alias, "the model does not give this interface a MAC address and a known subnet");
        } else if (std::ranges::find(ruleset_.closed_ports, device.alias, &ClosedPort::interface_id) != ruleset_.closed_ports.end()) {
            close(device, PortState::Closed, device.alias, kClosedByTheModel);
        }
    }
}

void Planner::close_orphaned() {
    for (const std::uint32_t ifindex : memory_.once_bound) {
        if (const auto device = devices_.find(ifindex); device != devices_.end() && !is_decided(ifindex)) {
            close(device->second, PortState::Orphaned, {}, "was a port, and the model no longer names it");
        }
    }
}

// Given back by an operator, whatever the bridge is told of unknown ports.
void Planner::leave_released() {
    for (const std::uint32_t ifindex : memory_.released) {
        if (const auto device = devices_.find(ifindex); device != devices_.end() && !is_decided(ifindex)) {
            plan_.memory.released.insert(ifindex);
            lines_[ifindex] = {device->second.name, ifindex, {}, PortState::Released, "was given back, and nothing guards it"};
        }
    }
}

void Planner::close_unknown(const std::set<std::uint32_t>& default_routes) {
    for (const auto& [ifindex, device] : devices_) {
        const Bridge* bridge = listed_bridge_of(device);
        const auto decided = decided_.find(ifindex);
        const bool keeps = decided != decided_.end() && decided->second.kind != DeviceBinding::Kind::Closed;
        if (bridge == nullptr || keeps || plan_.memory.released.contains(ifindex) ||
            (decided == decided_.end() && bridge->unknown_ports == UnknownPorts::Open)) {
            continue;
        }
        if (device.is_physical || default_routes.contains(ifindex)) {
            const std::string what = device.is_physical ? " is a physical device" : " carries a default route";
            plan_.cut_off.push_back(
                {.severity = Finding::Severity::Error,
                 .position = bridge->position,
                 .message = device.name + what + " and is neither bound nor an uplink: closing it would cut the host off"});
        }
        if (decided == decided_.end()) {
            close(device, PortState::Closed, {}, "an unknown port of " + bridge->device);
        }
    }
}

// What enters by these was sent or routed by the host itself: bridges, and what is no Ethernet device, for the kernel makes no port of a
// bridge of either. Any other device may become one before we hear of it.
void Planner::add_host_devices() {
    std::size_t count = 0;
    for (const auto& [ifindex, device] : devices_) {
        if (is_decided(ifindex) || (!device.is_bridge && device.is_ethernet) || ++count > kMostHostDevices) {
            continue;
        }
        const auto kind = device.is_bridge ? DeviceBinding::Kind::Bridge : DeviceBinding::Kind::Routed;
        decided_[ifindex] = {.ifindex = ifindex, .device = device.name, .kind = kind, .port = 0};
    }
}

// A claim by name that no device is bound or closed for.
void Planner::list_unbound(const std::string& device_name, const std::string& interface_id) {
    const Device* const device = device_named(device_name);
    if (device == nullptr) {
        plan_.lines.push_back({device_name, 0, interface_id, PortState::Absent, {}});
        return;
    }
    const auto line = lines_.find(device->ifindex);
    const bool is_bound = line != lines_.end() && line->second.state == PortState::Enforced;
    plan_.lines.push_back({device_name, device->ifindex, interface_id, PortState::Conflict,
                           device_name + (is_bound ? " is already bound to " + line->second.interface_id : " is an uplink")});
}

void Planner::list_absent() {
    for (Index i = 0; i < ruleset_.ports.size(); ++i) {
        const Port& port = ruleset_.ports[i];
        if (!port.device.empty() && !holder_.contains(i)) {
            list_unbound(port.device, port.interface_id);
        }
    }
    for (const ClosedPort& closed : ruleset_.closed_ports) {
        const bool is_listed =
            std::ranges::any_of(lines_, [&closed](const auto& line) { return line.second.interface_id == closed.interface_id; });
        if (!closed.device.empty() && !is_listed) {
            list_unbound(closed.device, closed.interface_id);
        }
    }
}

// Whatever was decided before: of a binding, what is remembered stays.
void Planner::close_quarantined(const std::vector<Quarantine>& quarantines) {
    for (const auto& [ifindex, device] : devices_) {
        const auto line = lines_.find(ifindex);
        const std::string interface_id = line == lines_.end() ? std::string{} : line->second.interface_id;
        const auto found = std::ranges::find_if(quarantines, [&, number = ifindex, &name = device.name](const Quarantine& quarantine) {
            return (!quarantine.interface_id.empty() && quarantine.interface_id == interface_id) || quarantine.ifindex == number ||
                   (!quarantine.device.empty() && quarantine.device == name);
        });
        if (found == quarantines.end() || device.is_bridge || !device.is_ethernet) {
            continue;
        }
        if (const auto decided = decided_.find(ifindex); decided != decided_.end() && decided->second.kind == DeviceBinding::Kind::Bound) {
            plan_.memory.once_bound.insert(ifindex);
        }
        close(device, PortState::Quarantined, interface_id, "since " + found->since);
    }
}

BindingPlan Planner::finish() {
    std::vector<PortLine> present;
    for (auto& [ifindex, line] : lines_) {
        present.push_back(std::move(line));
    }
    plan_.lines.insert(plan_.lines.begin(), std::make_move_iterator(present.begin()), std::make_move_iterator(present.end()));
    for (const auto& [ifindex, binding] : decided_) {
        const bool was_bound = memory_.once_bound.contains(ifindex) && binding.kind == DeviceBinding::Kind::Closed;
        if (was_bound || binding.kind == DeviceBinding::Kind::Bound) {
            plan_.memory.once_bound.insert(ifindex);
        }
        const bool is_bridge = binding.kind == DeviceBinding::Kind::Bridge;
        plan_.devices.push_back(binding);
        plan_.devices.back().bridge = is_bridge ? ifindex : bridge_of(devices_.at(ifindex));
    }
    return std::move(plan_);
}

}  // namespace

std::string_view to_string(PortState state) {
    switch (state) {
        case PortState::Enforced:
            return "enforced";
        case PortState::Closed:
            return "closed";
        case PortState::Absent:
            return "absent";
        case PortState::Orphaned:
            return "orphaned";
        case PortState::Conflict:
            return "conflict";
        case PortState::Degraded:
            return "degraded";
        case PortState::Quarantined:
            return "quarantined";
        case PortState::Released:
            return "released";
        case PortState::Unenforced:
            return "not enforced";
    }
    return "closed";
}

Aliases aliases_of(const HostDevices& devices) {
    Aliases aliases;
    for (const auto& [ifindex, device] : devices) {
        if (!device.alias.empty()) {
            aliases.insert(device.alias);
        }
    }
    return aliases;
}

bool has_ports_of(const Ruleset& ruleset, const Aliases& aliases) {
    const auto is_missing = [&](const std::string& alias) { return is_elsewhere(ruleset, alias); };
    const auto is_left_over = [&](const Port& port) { return port.device.empty() && !aliases.contains(port.interface_id); };
    return std::ranges::none_of(aliases, is_missing) && std::ranges::none_of(ruleset.ports, is_left_over);
}

BindingPlan plan_bindings(const Ruleset& ruleset, const HostDevices& devices, const BindingMemory& memory,
                          const std::set<std::uint32_t>& default_routes, const std::vector<Quarantine>& quarantines) {
    Planner planner(ruleset, devices, memory);
    planner.keep_standing();
    planner.find_uplinks();
    planner.close_listed();
    planner.bind_named();
    planner.bind_aliased();
    planner.close_orphaned();
    planner.leave_released();
    planner.close_unknown(default_routes);
    planner.add_host_devices();
    planner.list_absent();
    planner.close_quarantined(quarantines);
    return planner.finish();
}

}  // namespace portcullis
