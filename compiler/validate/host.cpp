// SPDX-License-Identifier: Apache-2.0
// The host's side: a port joins one device and one interface, and a device plays one part.
#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

struct Part {
    std::string what;  // "a port", "an uplink of br0", "a bridge"
    Position position;
};

// Records the part of a device; a second one is an error.
void give_part(std::unordered_map<std::string_view, Part>& parts, std::string_view device, Part part, Findings& findings) {
    const auto [it, is_first] = parts.try_emplace(device, part);
    if (!is_first) {
        findings.error(part.position, "the device " + quoted(device) + " is " + part.what + " here, and " + it->second.what + " in " +
                                          place(it->second.position));
    }
}

// By id. One that has a document is an error: that would say what passes, and this that nothing does.
std::unordered_set<std::string_view> closed_interfaces(const Model& model, const DeclaredIndex& index, Findings& findings) {
    std::unordered_set<std::string_view> closed;
    for (const ClosedInterface& interface : model.closed_interfaces) {
        closed.insert(interface.id);
        if (const NetworkInterface* described = index.interface(interface.id)) {
            findings.error(interface.position,
                           "the interface " + quoted(interface.id) + " has a document, in " + place(described->position));
        }
    }
    return closed;
}

}  // namespace

void validate_host(const Model& model, const DeclaredIndex& index, Findings& findings) {
    std::unordered_map<std::string_view, Part> parts;
    std::unordered_map<std::string_view, const PortClaim*> claims;
    const std::unordered_set<std::string_view> closed = closed_interfaces(model, index, findings);
    for (const PortClaim& port : model.ports) {
        give_part(parts, port.device, {"the port of " + quoted(port.network_interface_id), port.position}, findings);
        const auto [it, is_first] = claims.try_emplace(port.network_interface_id, &port);
        if (!is_first) {
            findings.error(port.position, "the interface " + quoted(port.network_interface_id) + " is claimed for " +
                                              quoted(it->second->device) + " in " + place(it->second->position));
        }
        const NetworkInterface* interface = index.interface(port.network_interface_id);
        if (interface == nullptr && !closed.contains(port.network_interface_id)) {
            findings.error(port.position, "the interface " + quoted(port.network_interface_id) + " has no document");
        } else if (interface != nullptr && interface->source_dest_check && !port.allowed_sources.empty()) {
            findings.warn(port.position, "AllowedSources changes nothing: SourceDestCheck of " + quoted(interface->id) + " is not false");
        }
    }
    for (const Bridge& bridge : model.bridges) {
        give_part(parts, bridge.device, {"a bridge", bridge.position}, findings);
        for (const std::string& uplink : bridge.uplinks) {
            give_part(parts, uplink, {"an uplink of " + quoted(bridge.device), bridge.position}, findings);
        }
    }
}

}  // namespace portcullis
