// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/merge_portcullis.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "compiler/parse/keep_first.h"

namespace portcullis {
namespace {

Owner owner_of(const PortClaim& port) { return {.network_interface_id = port.network_interface_id, .device = port.device}; }
Owner owner_of(const Bridge& bridge) { return {.network_interface_id = {}, .device = bridge.device}; }

template <class T>
void join(std::vector<T>& list, const std::vector<T>& more) {
    list.insert(list.end(), more.begin(), more.end());
}

void join(Services& services, const Services& more) {
    services.is_ec2 |= more.is_ec2;
    join(services.listed, more.listed);
    join(services.dhcp_servers, more.dhcp_servers);
    join(services.routers, more.routers);
}

void join(PortClaim& port, const PortClaim& more) {
    join(port.allowed_addresses, more.allowed_addresses);
    join(port.allowed_sources, more.allowed_sources);
    join(port.multicast, more.multicast);
    join(port.vlans, more.vlans);
    join(port.services, more.services);
}

void join(Bridge& bridge, const Bridge& more) {
    join(bridge.uplinks, more.uplinks);
    join(bridge.services, more.services);
}

// A router is one by its MAC, a DHCP server by its address: a device that is given for it counts.
void normalise(Services& services) {
    keep_first(services.listed);
    std::map<Mac, std::size_t> routers;
    std::vector<Router> kept_routers;
    for (const Router& router : services.routers) {
        const auto [it, is_new] = routers.try_emplace(router.mac, kept_routers.size());
        if (is_new) {
            kept_routers.push_back(router);
        } else {
            join(kept_routers[it->second].addresses, router.addresses);
        }
    }
    for (Router& router : kept_routers) {
        keep_first(router.addresses);
    }
    services.routers = std::move(kept_routers);
    std::map<Address, std::size_t> servers;
    std::vector<DhcpServer> kept_servers;
    for (const DhcpServer& server : services.dhcp_servers) {
        const auto [it, is_new] = servers.try_emplace(server.address, kept_servers.size());
        if (is_new) {
            kept_servers.push_back(server);
        } else if (kept_servers[it->second].device.empty()) {
            kept_servers[it->second].device = server.device;
        }
    }
    services.dhcp_servers = std::move(kept_servers);
}

void normalise(PortClaim& port) {
    keep_first(port.allowed_addresses);
    keep_first(port.allowed_sources);
    keep_first(port.multicast);
    keep_first(port.vlans);
    normalise(port.services);
}

void normalise(Bridge& bridge) {
    keep_first(bridge.uplinks);
    normalise(bridge.services);
}

// Of several with one owner the first stays, with the lists of all; gives where each is.
template <class T>
std::map<Owner, T*> merge_by_owner(std::vector<T>& objects) {
    std::map<Owner, std::size_t> index;
    std::vector<T> kept;
    for (T& object : objects) {
        const auto [it, is_new] = index.try_emplace(owner_of(object), kept.size());
        if (is_new) {
            kept.push_back(std::move(object));
        } else {
            join(kept[it->second], object);
        }
    }
    objects = std::move(kept);
    std::map<Owner, T*> by_owner;
    for (T& object : objects) {
        normalise(object);
        by_owner.emplace(owner_of(object), &object);
    }
    return by_owner;
}

void merge_deny_cidrs(const std::vector<DeclaredDenyCidr>& entries, Model& model, Findings& findings) {
    std::map<Prefix, const DeclaredDenyCidr*> known;
    for (const DeclaredDenyCidr& entry : entries) {
        const auto [it, is_new] = known.try_emplace(entry.deny.prefix, &entry);
        if (is_new) {
            model.deny_cidrs.push_back(entry.deny);
        } else if (it->second->deny.new_only != entry.deny.new_only) {
            findings.error(entry.position,
                           "NewOnly of " + entry.deny.prefix.to_string() + " differs from the one in " + place(it->second->position));
        }
    }
}

// Each scalar once.
std::vector<const DeclaredSetting*> merge_settings(const std::vector<DeclaredSetting>& settings, Findings& findings) {
    std::vector<const DeclaredSetting*> kept;
    std::map<std::pair<Owner, Setting>, const DeclaredSetting*> known;
    for (const DeclaredSetting& setting : settings) {
        const auto [it, is_new] = known.try_emplace(std::pair(setting.owner, setting.setting), &setting);
        if (is_new) {
            kept.push_back(&setting);
        } else if (it->second->value != setting.value) {
            findings.error(setting.position, setting.text + " differs from the one in " + place(it->second->position));
        }
    }
    return kept;
}

void apply_to_host(const DeclaredSetting& setting, Model& model) {
    const bool is_one = setting.value != 0;
    switch (setting.setting) {
        case Setting::Flows:
            model.quotas.flows = setting.value;
            break;
        case Setting::FlowsPerPort:
            model.quotas.flows_per_port = setting.value;
            break;
        case Setting::HalfOpenPerPort:
            model.quotas.half_open_per_port = setting.value;
            break;
        case Setting::IsolatesInstances:
            model.isolates_instances = is_one;
            break;
        case Setting::Rejects:
            model.on_deny.reject = is_one;
            break;
        case Setting::Logs:
            model.on_deny.log = is_one;
            break;
        case Setting::Cuts:
            model.on_revoke = is_one ? OnRevoke::Cut : OnRevoke::Keep;
            break;
        default:
            break;
    }
}

// What a port leaves open of OnDeny is as the host has it.
OnDeny& own_on_deny(PortClaim& port, const OnDeny& of_host) {
    if (!port.on_deny) {
        port.on_deny = of_host;
    }
    return *port.on_deny;
}

void apply_to_port(const DeclaredSetting& setting, const OnDeny& of_host, PortClaim& port) {
    const bool is_one = setting.value != 0;
    switch (setting.setting) {
        case Setting::FlowsPerPort:
            port.flows_per_port = setting.value;
            break;
        case Setting::HalfOpenPerPort:
            port.half_open_per_port = setting.value;
            break;
        case Setting::Rejects:
            own_on_deny(port, of_host).reject = is_one;
            break;
        case Setting::Logs:
            own_on_deny(port, of_host).log = is_one;
            break;
        case Setting::Cuts:
            port.on_revoke = is_one ? OnRevoke::Cut : OnRevoke::Keep;
            break;
        case Setting::TracksAll:
            port.track_all = is_one;
            break;
        case Setting::ClaimsLinkLocal:
            port.claims_link_local = is_one;
            break;
        case Setting::RelatesIcmpErrors:
            port.relates_icmp_errors = is_one;
            break;
        default:
            break;
    }
}

}  // namespace

void merge_portcullis(Declarations& declared, Findings& findings) {
    Model& model = declared.model;
    const auto ports = merge_by_owner(model.ports);
    const auto bridges = merge_by_owner(model.bridges);
    keep_first(model.closed_interfaces, [](const ClosedInterface& interface) { return interface.id; });
    normalise(model.services);
    if (model.host_services) {
        keep_first(*model.host_services);
    }
    merge_deny_cidrs(declared.deny_cidrs, model, findings);
    const auto settings = merge_settings(declared.settings, findings);
    // The host's first: a port starts from them.
    for (const DeclaredSetting* setting : settings) {
        if (setting->owner.is_host()) {
            apply_to_host(*setting, model);
        }
    }
    for (const DeclaredSetting* setting : settings) {
        if (const auto port = ports.find(setting->owner); port != ports.end()) {
            apply_to_port(*setting, model.on_deny, *port->second);
        } else if (const auto bridge = bridges.find(setting->owner); bridge != bridges.end()) {
            bridge->second->unknown_ports = setting->value != 0 ? UnknownPorts::Open : UnknownPorts::Closed;
        }
    }
}

}  // namespace portcullis
