// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/ports.h"

#include <map>

namespace portcullis {
namespace {

// Seconds (docs/semantics.md 7.7).
constexpr ConnectionTracking kDefaultTracking = {.tcp_established_s = 432'000, .udp_s = 30, .udp_stream_s = 180};

// The ACL of every subnet: the associated one, else the default of its VPC; none where there is neither.
std::vector<std::optional<Index>> acls_of_subnets(const Directory& directory) {
    std::map<std::string_view, Index> associated;
    std::map<std::string_view, Index> of_vpc;
    for (Index acl = 0; acl < directory.acls.size(); ++acl) {
        for (const std::string& subnet_id : directory.acls[acl].subnet_ids) {
            associated.emplace(subnet_id, acl);
        }
        if (directory.acls[acl].is_default) {
            of_vpc.emplace(directory.acls[acl].vpc_id, acl);
        }
    }
    std::vector<std::optional<Index>> acls(directory.subnets.size());
    for (Index subnet = 0; subnet < directory.subnets.size(); ++subnet) {
        if (const auto own = associated.find(directory.subnets[subnet].id); own != associated.end()) {
            acls[subnet] = own->second;
        } else if (const auto of_all = of_vpc.find(directory.subnets[subnet].vpc_id); of_all != of_vpc.end()) {
            acls[subnet] = of_all->second;
        }
    }
    return acls;
}

ConnectionTracking with_defaults(ConnectionTracking tracking) {
    const auto fill = [](std::uint32_t& value, std::uint32_t otherwise) { value = value == 0 ? otherwise : value; };
    fill(tracking.tcp_established_s, kDefaultTracking.tcp_established_s);
    fill(tracking.udp_s, kDefaultTracking.udp_s);
    fill(tracking.udp_stream_s, kDefaultTracking.udp_stream_s);
    return tracking;
}

std::vector<Prefix> own_prefixes(const Directory& directory, Index interface) {
    std::vector<Prefix> own = prefixes_of(directory, interface);
    own.push_back(Prefix::host(directory.interfaces[interface].mac->link_local()));
    std::ranges::sort(own);
    own.erase(std::unique(own.begin(), own.end()), own.end());
    return own;
}

// What stands under the port overrides what stands for the whole host.
void apply(const PortClaim& claim, Port& port) {
    port.device = claim.device;
    port.allowed_sources = claim.allowed_sources;
    std::ranges::sort(port.allowed_sources);
    port.allowed_sources.erase(std::unique(port.allowed_sources.begin(), port.allowed_sources.end()), port.allowed_sources.end());
    port.track_all = claim.track_all;
    port.claims_link_local = claim.claims_link_local;
    port.relates_icmp_errors = claim.relates_icmp_errors;
    port.on_deny = claim.on_deny.value_or(port.on_deny);
    port.on_revoke = claim.on_revoke.value_or(port.on_revoke);
    port.flows = claim.flows_per_port.value_or(port.flows);
    port.half_open = claim.half_open_per_port.value_or(port.half_open);
}

}  // namespace

std::vector<Bindable> bindable_interfaces(const Directory& directory) {
    const auto acls = acls_of_subnets(directory);
    std::vector<Bindable> bindable;
    for (Index i = 0; i < directory.interfaces.size(); ++i) {
        const NetworkInterface& interface = directory.interfaces[i];
        const auto zone = directory.zones.index_of(interface.vpc_id);
        const auto subnet = directory.subnets.index_of(interface.subnet_id);
        if (interface.mac && zone && subnet) {
            bindable.push_back(
                {.interface = i, .zone = *zone, .subnet = *subnet, .groups = groups_of(directory, interface), .acl = acls[*subnet]});
        }
    }
    return bindable;
}

Port PortCompiler::compile(const Bindable& from) {
    const NetworkInterface& interface = directory_.interfaces[from.interface];
    Port port{.interface_id = interface.id,
              .device = {},
              .interface = from.interface,
              .zone = from.zone,
              .subnet = from.subnet,
              .mac = *interface.mac,
              .addresses = own_prefixes(directory_, from.interface),
              .has_addresses = !prefixes_of(directory_, from.interface).empty(),
              .checks_source_and_destination = interface.source_dest_check,
              .allowed_sources = {},
              .surroundings = surroundings_.of_port(from.interface, from.zone, from.subnet),
              .group_policy = policies_.group_policies(from.groups),
              .acl_policy = std::nullopt,
              .tracking = with_defaults(interface.tracking),
              .on_deny = model_.on_deny,
              .on_revoke = model_.on_revoke,
              .flows = model_.quotas.flows_per_port,
              .half_open = model_.quotas.half_open_per_port};
    if (model_.has_network_acls) {
        port.acl_policy = policies_.acl_policies(from.acl);
    }
    if (const PortClaim* const claim = directory_.claims[from.interface]; claim != nullptr) {
        apply(*claim, port);
    }
    return port;
}

}  // namespace portcullis
