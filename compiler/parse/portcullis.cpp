// SPDX-License-Identifier: Apache-2.0
// The key `Portcullis`: what EC2 does not know about the host. An unknown key here is an error, since it may be misspelt protection, and so
// is a known one that asks for what this version does not enforce: protection that is asked for and not given would be a wrong pass.
#include "compiler/parse/portcullis.h"

#include <algorithm>

#include "compiler/parse/fields.h"
#include "compiler/parse/keep_first.h"

namespace portcullis {
namespace {

constexpr std::int64_t kHighestVlan = 4'094;
// Stands for the name of an owner that could not be read, so that it does not pass for the host.
constexpr const char* kNoDevice = "/";

void refuse(const JsonCursor& value) { value.error(std::string(value.key()) + " is not supported by this version"); }

void refuse_true(const JsonCursor& value) {
    if (value.boolean().value_or(false)) {
        refuse(value);
    }
}

void refuse_content(const JsonCursor& list) {
    if (!list.elements().empty()) {
        refuse(list);
    }
}

// A name that the kernel takes for a device (dev_valid_name of Linux).
bool is_device_name(std::string_view name) {
    constexpr std::size_t kLongest = 15;
    return !name.empty() && name.size() <= kLongest && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/: \t\n\v\f\r\0", 9)) == std::string_view::npos;
}

std::vector<AllowedAddress> parse_allowed_addresses(const JsonCursor& list) {
    std::vector<AllowedAddress> all;
    for (const JsonCursor& entry : list.objects()) {
        check_keys(entry, {"Address", "Mac"});
        const auto prefix = parse_own_range(entry.required("Address"));
        const auto mac = parse_own_mac(entry.member("Mac"));
        if (prefix) {
            all.push_back({.prefix = *prefix, .mac = mac});
        }
    }
    return all;
}

std::vector<Prefix> parse_allowed_sources(const JsonCursor& list) {
    std::vector<Prefix> all;
    for (const JsonCursor& cidr : given_elements(list)) {
        if (const auto prefix = parse_cidr(cidr, std::nullopt)) {
            all.push_back(*prefix);
        }
    }
    return all;
}

bool is_multicast(const Address& address) {
    return address.family == Family::Ipv4 ? (address.bytes[0] & 0xf0) == 0xe0 : address.bytes[0] == 0xff;
}

std::vector<Address> parse_multicast(const JsonCursor& list) {
    std::vector<Address> all;
    for (const JsonCursor& element : given_elements(list)) {
        const auto text = element.text();
        const auto address = text ? Address::parse(*text) : std::nullopt;
        if (text && (!address || !is_multicast(*address))) {
            element.error(quoted(*text) + " is not a multicast address");
        } else if (address) {
            all.push_back(*address);
        }
    }
    return all;
}

std::vector<std::uint16_t> parse_vlans(const JsonCursor& list) {
    std::vector<std::uint16_t> all;
    for (const JsonCursor& element : given_elements(list)) {
        const auto vlan = element.integer();
        if (vlan && (*vlan < 0 || *vlan > kHighestVlan)) {
            element.error(std::to_string(*vlan) + " is not a VLAN id (0-4094)");
        } else if (vlan) {
            all.push_back(static_cast<std::uint16_t>(*vlan));
        }
    }
    return all;
}

void parse_port(const JsonCursor& object, Declarations& declared) {
    check_keys(object, {"NetworkInterfaceId", "Device", "AllowedAddresses", "AllowedSources", "Multicast", "Vlans", "TrackAll", "LinkLocal",
                        "IcmpErrors", "Services", "OnDeny", "OnRevoke", "Quotas"});
    const auto id = required_identifier(object, "NetworkInterfaceId");
    const auto device = parse_device(object.required("Device"));
    PortClaim port{.network_interface_id = id.value_or(""), .device = device.value_or(""), .position = object.position()};
    const Owner owner{.network_interface_id = port.network_interface_id, .device = device.value_or(kNoDevice)};
    port.allowed_addresses = parse_allowed_addresses(object.member("AllowedAddresses"));
    port.allowed_sources = parse_allowed_sources(object.member("AllowedSources"));
    port.multicast = parse_multicast(object.member("Multicast"));
    port.vlans = parse_vlans(object.member("Vlans"));
    parse_services(object.member("Services"), owner, port.services, declared);
    const SettingReader reader(owner, declared);
    reader.flag(object.member("TrackAll"), Setting::TracksAll);
    reader.word(object.member("LinkLocal"), Setting::ClaimsLinkLocal, {"mac", "claimed"});
    reader.word(object.member("IcmpErrors"), Setting::RelatesIcmpErrors, {"strict", "related"});
    parse_shared_settings(object, reader);
    const JsonCursor quotas = object.member("Quotas");
    check_keys(quotas, {"FlowsPerPort", "HalfOpenPerPort"});
    if (id && device) {
        declared.model.ports.push_back(std::move(port));
    }
}

void parse_bridge(const JsonCursor& object, Declarations& declared) {
    check_keys(object, {"Device", "Uplinks", "UnknownPorts", "Services"});
    const auto device = parse_device(object.required("Device"));
    Bridge bridge{.device = device.value_or(""), .uplinks = {}, .services = {}, .position = object.position()};
    const Owner owner{.network_interface_id = {}, .device = device.value_or(kNoDevice)};
    SettingReader(owner, declared).word(object.member("UnknownPorts"), Setting::OpensUnknownPorts, {"closed", "open"});
    const JsonCursor uplinks = object.member("Uplinks");
    for (const JsonCursor& uplink : given_elements(uplinks)) {
        if (auto name = parse_device(uplink)) {
            bridge.uplinks.push_back(std::move(*name));
        }
    }
    parse_services(object.member("Services"), owner, bridge.services, declared);
    if (device) {
        declared.model.bridges.push_back(std::move(bridge));
    }
}

}  // namespace

void check_keys(const JsonCursor& object, std::initializer_list<std::string_view> known) {
    for (const JsonCursor& member : object.members()) {
        if (std::find(known.begin(), known.end(), member.key()) == known.end()) {
            member.error("unknown key " + quoted(member.key()));
        }
    }
}

std::vector<JsonCursor> given_elements(const JsonCursor& list) {
    std::vector<JsonCursor> all = list.elements();
    std::erase_if(all, [](const JsonCursor& element) {
        if (!element.is_given()) {
            element.error("null is no element of this list");
        }
        return !element.is_given();
    });
    return all;
}

std::optional<std::string> parse_device(const JsonCursor& device) {
    const auto name = device.text();
    if (name && !is_device_name(*name)) {
        device.error(quoted(*name) + " is not the name of a device");
        return std::nullopt;
    }
    return name ? std::optional(std::string(*name)) : std::nullopt;
}

void parse_portcullis(const JsonCursor& object, Declarations& declared) {
    check_keys(object, {"Ports", "Bridges", "Services", "Egress", "HostServices", "OnDeny", "OnRevoke", "FastPath", "GuardedEndpoints",
                        "Masquerade", "Quotas", "ClosedInterfaces"});
    const JsonCursor ports = object.member("Ports");
    for (const JsonCursor& port : ports.objects()) {
        parse_port(port, declared);
    }
    const JsonCursor bridges = object.member("Bridges");
    for (const JsonCursor& bridge : bridges.objects()) {
        parse_bridge(bridge, declared);
    }
    const JsonCursor closed = object.member("ClosedInterfaces");
    for (const JsonCursor& interface : closed.objects()) {
        check_keys(interface, {"NetworkInterfaceId"});
        if (auto id = required_identifier(interface, "NetworkInterfaceId")) {
            declared.model.closed_interfaces.push_back({.id = std::move(*id), .position = interface.position()});
        }
    }
    parse_services(object.member("Services"), Owner{}, declared.model.services, declared);
    parse_egress(object.member("Egress"), declared);
    parse_host_services(object.member("HostServices"), declared);
    const SettingReader reader(Owner{}, declared);
    parse_shared_settings(object, reader);
    const JsonCursor quotas = object.member("Quotas");
    check_keys(quotas, {"Flows", "FlowsPerPort", "HalfOpenPerPort"});
    reader.count(quotas.member("Flows"), Setting::Flows, kMostFlows);
    refuse_true(object.member("FastPath"));
    refuse_content(object.member("GuardedEndpoints"));
    refuse_content(object.member("Masquerade"));
}

}  // namespace portcullis
