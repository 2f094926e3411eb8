// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/policy_documents.h"

#include <nlohmann/json.hpp>

namespace portcullis::test {
namespace {

using nlohmann::json;

std::string protocol_name(std::uint8_t protocol) { return protocol == 6 ? "tcp" : (protocol == 17 ? "udp" : std::to_string(protocol)); }

json services_json(const Services& services) {
    if (services.is_ec2) {
        return "ec2";
    }
    json out = json::object();
    for (const Service& service : services.listed) {
        out["Other"].push_back(
            {{"Address", service.address.to_string()}, {"Protocol", protocol_name(service.protocol)}, {"Port", service.port}});
    }
    for (const DhcpServer& server : services.dhcp_servers) {
        json& one = out["DhcpServers"].emplace_back();
        one["Address"] = server.address.to_string();
        if (!server.device.empty()) {
            one["Device"] = server.device;
        }
    }
    for (const Router& router : services.routers) {
        json& one = out["Routers"].emplace_back();
        one["Mac"] = router.mac.to_string();
        for (const Address& address : router.addresses) {
            one["Addresses"].push_back(address.to_string());
        }
    }
    return out;
}

void add_services(json& place, const Services& services) {
    if (services != Services{}) {
        place["Services"] = services_json(services);
    }
}

const char* word_of(OnRevoke on_revoke) { return on_revoke == OnRevoke::Cut ? "cut" : "keep"; }

json on_deny_json(const OnDeny& on_deny) { return {{"Action", on_deny.reject ? "reject" : "drop"}, {"Log", on_deny.log}}; }

void add_addresses(json& out, const PortClaim& claim) {
    for (const AllowedAddress& allowed : claim.allowed_addresses) {
        json& one = out["AllowedAddresses"].emplace_back();
        one["Address"] = allowed.prefix.to_string();
        if (allowed.mac) {
            one["Mac"] = allowed.mac->to_string();
        }
    }
    for (const Prefix& source : claim.allowed_sources) {
        out["AllowedSources"].push_back(source.to_string());
    }
    for (const Address& group : claim.multicast) {
        out["Multicast"].push_back(group.to_string());
    }
    if (!claim.vlans.empty()) {
        out["Vlans"] = claim.vlans;
    }
}

json port_json(const PortClaim& claim) {
    json out{{"NetworkInterfaceId", claim.network_interface_id}, {"Device", claim.device}};
    add_addresses(out, claim);
    if (claim.track_all) {
        out["TrackAll"] = true;
    }
    if (!claim.claims_link_local) {
        out["LinkLocal"] = "mac";
    }
    if (!claim.relates_icmp_errors) {
        out["IcmpErrors"] = "strict";
    }
    add_services(out, claim.services);
    if (claim.on_deny) {
        out["OnDeny"] = on_deny_json(*claim.on_deny);
    }
    if (claim.on_revoke) {
        out["OnRevoke"] = word_of(*claim.on_revoke);
    }
    if (claim.flows_per_port) {
        out["Quotas"]["FlowsPerPort"] = *claim.flows_per_port;
    }
    if (claim.half_open_per_port) {
        out["Quotas"]["HalfOpenPerPort"] = *claim.half_open_per_port;
    }
    return out;
}

void add_egress(json& out, const Model& model) {
    for (const DenyCidr& denied : model.deny_cidrs) {
        const std::string cidr = denied.prefix.to_string();
        out["Egress"]["DenyCidrs"].push_back(denied.new_only ? json{{"Cidr", cidr}, {"NewOnly", true}} : json(cidr));
    }
    if (model.isolates_instances) {
        out["Egress"]["IsolateInstances"] = true;
    }
}

void add_host_services(json& out, const Model& model) {
    if (!model.host_services) {
        return;
    }
    out["HostServices"] = json::array();
    for (const HostService& service : *model.host_services) {
        json& one = out["HostServices"].emplace_back();
        one["Protocol"] = protocol_name(service.protocol);
        if (service.port) {
            one["Port"] = *service.port;
        }
    }
}

}  // namespace

json portcullis_document(const Model& model) {
    json out = json::object();
    for (const PortClaim& claim : model.ports) {
        out["Ports"].push_back(port_json(claim));
    }
    for (const Bridge& bridge : model.bridges) {
        json& one = out["Bridges"].emplace_back();
        one = {{"Device", bridge.device}, {"Uplinks", bridge.uplinks}};
        add_services(one, bridge.services);
    }
    add_services(out, model.services);
    add_egress(out, model);
    add_host_services(out, model);
    if (model.on_deny != OnDeny{}) {
        out["OnDeny"] = on_deny_json(model.on_deny);
    }
    if (model.on_revoke != OnRevoke::Keep) {
        out["OnRevoke"] = word_of(model.on_revoke);
    }
    return out;
}

}  // namespace portcullis::test
