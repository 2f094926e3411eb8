// SPDX-License-Identifier: Apache-2.0
// The key `Portcullis`: what EC2 does not know about the host. An unknown key here is an error, since it may be misspelt protection, and so
// is a known one that asks for what this version does not enforce: protection that is asked for and not given would be a wrong pass.
#include <algorithm>
#include <span>

#include "compiler/declarations.h"
#include "compiler/keep_first.h"
#include "compiler/parse_fields.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kMostFlows = 1'000'000;

// The mere presence of the key asks for it, whatever its value.
void refuse(const JsonCursor& value) { value.error(std::string(value.key()) + " is not supported by this version"); }

// One key of an object and what may stand under it.
struct Key {
    std::string_view name;
    void (*check)(const JsonCursor& value);
};

void check_keys(const JsonCursor& object, std::span<const Key> keys) {
    for (const JsonCursor& member : object.members()) {
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& known) { return known.name == member.key(); });
        if (key == keys.end()) {
            member.error("unknown key " + quoted(member.key()));
        } else {
            key->check(member);
        }
    }
}

// Read by parse_port, parse_bridge or parse_quotas.
void read_elsewhere(const JsonCursor& /*value*/) {}

void refuse_given(const JsonCursor& value) {
    if (value.is_given()) {
        refuse(value);
    }
}

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

// A word out of two: the one that is in force, and the one that this version does not know how to enforce.
void check_words(const JsonCursor& value, std::string_view enforced, std::string_view refused) {
    const auto word = value.text();
    if (word == refused) {
        value.error(std::string(value.key()) + " " + quoted(refused) + " is not supported by this version");
    } else if (word && *word != enforced) {
        value.error(quoted(*word) + " is neither " + std::string(enforced) + " nor " + std::string(refused));
    }
}

void check_action(const JsonCursor& action) { check_words(action, "drop", "reject"); }
void check_on_revoke(const JsonCursor& on_revoke) { check_words(on_revoke, "keep", "cut"); }

// A word out of two that are both accepted; `weaker` gives less than it says, which closes more.
void check_closing_words(const JsonCursor& value, std::string_view enforced, std::string_view weaker, std::string_view note) {
    const auto word = value.text();
    if (word == weaker) {
        value.warn(std::string(note));
    } else if (word && *word != enforced) {
        value.error(quoted(*word) + " is neither " + std::string(enforced) + " nor " + std::string(weaker));
    }
}

void check_link_local(const JsonCursor& link_local) {
    check_closing_words(link_local, "mac", "claimed", "only the EUI-64 link-local address of the MAC is own in this version");
}
void check_icmp_errors(const JsonCursor& icmp_errors) {
    check_closing_words(icmp_errors, "strict", "related", "ICMP errors pass by the rules alone in this version");
}

void check_services(const JsonCursor& services) {
    static constexpr Key kKeys[] = {{"DhcpServers", refuse_content}, {"DnsResolvers", refuse_content}, {"Metadata", refuse_content},
                                    {"TimeServers", refuse_content}, {"Other", refuse_content},        {"Routers", refuse_content}};
    if (!services.is_string()) {
        check_keys(services, kKeys);
    } else if (services.text() == "ec2") {
        refuse(services);
    } else {
        services.error("expected \"ec2\" or an object");
    }
}

void check_egress(const JsonCursor& egress) {
    static constexpr Key kKeys[] = {{"DenyCidrs", refuse_content}, {"IsolateInstances", refuse_true}};
    check_keys(egress, kKeys);
}

void check_on_deny(const JsonCursor& on_deny) {
    static constexpr Key kKeys[] = {{"Action", check_action}, {"Log", refuse_true}};
    check_keys(on_deny, kKeys);
}

void check_quotas(const JsonCursor& quotas) {
    static constexpr Key kKeys[] = {{"Flows", read_elsewhere}, {"FlowsPerPort", refuse_given}, {"HalfOpenPerPort", refuse_given}};
    check_keys(quotas, kKeys);
}

void check_port_quotas(const JsonCursor& quotas) {
    static constexpr Key kKeys[] = {{"FlowsPerPort", refuse_given}, {"HalfOpenPerPort", refuse_given}};
    check_keys(quotas, kKeys);
}

// A name that the kernel takes for a device (dev_valid_name of Linux).
bool is_device_name(std::string_view name) {
    constexpr std::size_t kLongest = 15;
    return !name.empty() && name.size() <= kLongest && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/: \t\n\v\f\r\0", 9)) == std::string_view::npos;
}

std::optional<std::string> parse_device(const JsonCursor& device) {
    const auto name = device.text();
    if (name && !is_device_name(*name)) {
        device.error(quoted(*name) + " is not the name of a device");
        return std::nullopt;
    }
    return name ? std::optional(std::string(*name)) : std::nullopt;
}

void parse_port(const JsonCursor& object, Declarations& declared) {
    static constexpr Key kKeys[] = {{"NetworkInterfaceId", read_elsewhere},
                                    {"Device", read_elsewhere},
                                    {"AllowedAddresses", refuse_content},
                                    {"AllowedSources", refuse_content},
                                    {"Multicast", refuse_content},
                                    {"Vlans", refuse_content},
                                    {"TrackAll", refuse_true},
                                    {"LinkLocal", check_link_local},
                                    {"IcmpErrors", check_icmp_errors},
                                    {"Services", check_services},
                                    {"OnDeny", check_on_deny},
                                    {"OnRevoke", check_on_revoke},
                                    {"Quotas", check_port_quotas}};
    check_keys(object, kKeys);
    auto id = required_identifier(object, "NetworkInterfaceId");
    auto device = parse_device(object.required("Device"));
    if (id && device) {
        declared.model.ports.push_back(
            {.network_interface_id = std::move(*id), .device = std::move(*device), .position = object.position()});
    }
}

UnknownPorts parse_unknown_ports(const JsonCursor& value) {
    const auto word = value.text();
    if (word && *word != "closed" && *word != "open") {
        value.error(quoted(*word) + " is neither closed nor open");
    }
    return word == "open" ? UnknownPorts::Open : UnknownPorts::Closed;
}

void parse_bridge(const JsonCursor& object, Declarations& declared) {
    static constexpr Key kKeys[] = {
        {"Device", read_elsewhere}, {"Uplinks", read_elsewhere}, {"UnknownPorts", read_elsewhere}, {"Services", check_services}};
    check_keys(object, kKeys);
    auto device = parse_device(object.required("Device"));
    Bridge bridge{.device = device.value_or(""),
                  .uplinks = {},
                  .unknown_ports = parse_unknown_ports(object.member("UnknownPorts")),
                  .position = object.position()};
    const JsonCursor uplinks = object.member("Uplinks");
    for (const JsonCursor& uplink : uplinks.elements()) {
        if (!uplink.is_given()) {
            uplink.error("expected a string, found null");
        }
        if (auto name = parse_device(uplink)) {
            bridge.uplinks.push_back(std::move(*name));
        }
    }
    keep_first(bridge.uplinks);
    if (device) {
        declared.model.bridges.push_back(std::move(bridge));
    }
}

void parse_flow_quota(const JsonCursor& flows, Declarations& declared) {
    const auto count = flows.integer();
    if (count && (*count < 1 || *count > kMostFlows)) {
        flows.error(std::to_string(*count) + " is not a number of flows (1-" + std::to_string(kMostFlows) + ")");
    } else if (count) {
        declared.flow_quotas.push_back({.flows = static_cast<std::uint32_t>(*count), .position = flows.position()});
    }
}

}  // namespace

void parse_portcullis(const JsonCursor& object, Declarations& declared) {
    static constexpr Key kKeys[] = {{"Ports", read_elsewhere},      {"Bridges", read_elsewhere}, {"Services", check_services},
                                    {"Egress", check_egress},       {"HostServices", refuse},    {"OnDeny", check_on_deny},
                                    {"OnRevoke", check_on_revoke},  {"FastPath", refuse_true},   {"GuardedEndpoints", refuse_content},
                                    {"Masquerade", refuse_content}, {"Quotas", check_quotas}};
    check_keys(object, kKeys);
    const JsonCursor ports = object.member("Ports");
    for (const JsonCursor& port : ports.objects()) {
        parse_port(port, declared);
    }
    const JsonCursor bridges = object.member("Bridges");
    for (const JsonCursor& bridge : bridges.objects()) {
        parse_bridge(bridge, declared);
    }
    const JsonCursor quotas = object.member("Quotas");
    parse_flow_quota(quotas.member("Flows"), declared);
}

}  // namespace portcullis
