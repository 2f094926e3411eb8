// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile.h"

#include <map>
#include <set>

#include "compiler/compile_directory.h"
#include "compiler/compile_owners.h"
#include "compiler/compile_policies.h"
#include "compiler/compile_rules.h"

namespace portcullis {
namespace {

// Seconds (docs/semantics.md 7.6).
constexpr ConnectionTracking kDefaultTracking = {.tcp_established_s = 432'000, .udp_s = 30, .udp_stream_s = 180};

// An interface that a device may be bound to, with what it refers to.
struct Bindable {
    Index interface = 0;
    Index zone = 0;
    Index subnet = 0;
    std::vector<Index> groups;
    std::optional<Index> acl;
};

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

RuleBook book_of(const Directory& directory, const std::vector<Bindable>& bindable) {
    std::vector<bool> groups(directory.groups.size());
    std::vector<bool> acls(directory.acls.size());
    for (const Bindable& port : bindable) {
        for (const Index group : port.groups) {
            groups[group] = true;
        }
        if (port.acl) {
            acls[*port.acl] = true;
        }
    }
    return {directory, groups, acls};
}

void add_references(std::span<const GroupClause> clauses, std::set<Index>& referenced) {
    for (const GroupClause& clause : clauses) {
        if (clause.group) {
            referenced.insert(*clause.group);
        }
    }
}

// By zone: the groups that rules of the groups in use there refer to.
std::vector<std::set<Index>> referenced_groups(const RuleBook& book, const std::vector<Bindable>& bindable, Index zones) {
    std::set<std::pair<Index, Index>> in_use;  // {zone, group}
    for (const Bindable& port : bindable) {
        for (const Index group : port.groups) {
            in_use.emplace(port.zone, group);
        }
    }
    std::vector<std::set<Index>> referenced(zones);
    for (const auto& [zone, group] : in_use) {
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            add_references(book.group(group, direction), referenced[zone]);
        }
    }
    return referenced;
}

ConnectionTracking with_defaults(ConnectionTracking tracking) {
    const auto fill = [](std::uint32_t& value, std::uint32_t otherwise) { value = value == 0 ? otherwise : value; };
    fill(tracking.tcp_established_s, kDefaultTracking.tcp_established_s);
    fill(tracking.udp_s, kDefaultTracking.udp_s);
    fill(tracking.udp_stream_s, kDefaultTracking.udp_stream_s);
    return tracking;
}

std::vector<Prefix> own_prefixes(const NetworkInterface& interface) {
    std::vector<Prefix> own = prefixes_of(interface);
    own.push_back(Prefix::host(interface.mac->link_local()));
    std::ranges::sort(own);
    own.erase(std::unique(own.begin(), own.end()), own.end());
    return own;
}

// By interface id; where documents contradict themselves, the name that sorts first.
std::map<std::string_view, std::string_view> device_names(const Model& model) {
    std::map<std::string_view, std::string_view> names;
    for (const PortClaim& claim : model.ports) {
        const auto [entry, is_new] = names.emplace(claim.network_interface_id, claim.device);
        entry->second = std::min<std::string_view>(entry->second, claim.device);
    }
    return names;
}

std::vector<Port> build_ports(const Model& model, const Directory& directory, std::span<const Bindable> bindable,
                              PolicyCompiler& policies) {
    const auto devices = device_names(model);
    std::vector<Port> ports;
    for (const Bindable& from : bindable) {
        const NetworkInterface& interface = directory.interfaces[from.interface];
        const auto device = devices.find(interface.id);
        Port port{.interface_id = interface.id,
                  .device = device == devices.end() ? std::string() : std::string(device->second),
                  .interface = from.interface,
                  .zone = from.zone,
                  .subnet = from.subnet,
                  .mac = *interface.mac,
                  .addresses = own_prefixes(interface),
                  .group_policy = policies.group_policies(from.groups),
                  .acl_policy = std::nullopt,
                  .tracking = with_defaults(interface.tracking)};
        if (model.has_network_acls) {
            port.acl_policy = from.acl ? policies.acl_policies(*from.acl) : std::array{policies.empty_policy(), policies.empty_policy()};
        }
        ports.push_back(std::move(port));
    }
    return ports;
}

std::vector<Bridge> sorted_bridges(const Model& model) {
    std::vector<Bridge> bridges = model.bridges;
    std::ranges::sort(bridges, {}, &Bridge::device);
    for (Bridge& bridge : bridges) {
        std::ranges::sort(bridge.uplinks);
    }
    return bridges;
}

}  // namespace

Result<Ruleset> compile(const Model& model) {
    const Directory directory(model);
    auto interfaces = build_interfaces(directory);
    if (!interfaces) {
        return fail(interfaces.error());
    }
    const std::vector<Bindable> bindable = bindable_interfaces(directory);
    RuleBook book = book_of(directory, bindable);
    auto peered = peered_members(directory, *interfaces, referenced_groups(book, bindable, directory.zones.size()));
    if (!peered) {
        return fail(peered.error());
    }
    std::vector<OwnerClaim> claims = own_claims(directory);
    std::ranges::copy(peered->claims, std::back_inserter(claims));
    std::ranges::move(peered->combined, std::back_inserter(*interfaces));

    PolicyCompiler policies(book);
    Ruleset ruleset;
    ruleset.ports = build_ports(model, directory, bindable, policies);
    ruleset.policies = policies.take_policies();
    ruleset.port_sets = policies.take_port_sets();
    ruleset.rules = book.take_rules();
    ruleset.groups = directory.groups.ids();
    ruleset.zones = directory.zones.ids();
    ruleset.subnets = directory.subnets.ids();
    ruleset.interfaces = std::move(*interfaces);
    ruleset.owners = settle(std::move(claims));
    ruleset.bridges = sorted_bridges(model);
    ruleset.quotas = model.quotas;
    return ruleset;
}

}  // namespace portcullis
