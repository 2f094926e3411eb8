// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile/compile.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "compiler/compile/directory.h"
#include "compiler/compile/host_policies.h"
#include "compiler/compile/memory.h"
#include "compiler/compile/owners.h"
#include "compiler/compile/policies.h"
#include "compiler/compile/ports.h"
#include "compiler/compile/recompile.h"
#include "compiler/compile/rules.h"
#include "compiler/compile/surroundings.h"

namespace portcullis {
namespace {

// Which groups and ACLs ports may have.
struct InUse {
    InUse(const Directory& directory, const std::vector<Bindable>& bindable)
        : groups(directory.groups.size()), acls(directory.acls.size()) {
        for (const Bindable& port : bindable) {
            for (const Index group : port.groups) {
                groups[group] = true;
            }
            if (port.acl) {
                acls[*port.acl] = true;
            }
        }
    }
    std::vector<bool> groups;
    std::vector<bool> acls;
};

// Takes out of `bindable` what nothing here claims.
std::vector<Index> take_elsewhere(const Directory& directory, const std::optional<Aliases>& aliases, std::vector<Bindable>& bindable) {
    const auto others = std::ranges::stable_partition(bindable, [&](const Bindable& one) {
        return !aliases || directory.claims[one.interface] != nullptr || aliases->contains(directory.interfaces[one.interface].id);
    });
    std::vector<Index> elsewhere;
    std::ranges::transform(others, std::back_inserter(elsewhere), &Bindable::interface);
    bindable.erase(others.begin(), others.end());
    return elsewhere;
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
        referenced[zone].insert(book.references(group).begin(), book.references(group).end());
    }
    return referenced;
}

std::vector<Bridge> sorted_bridges(const Model& model) {
    std::vector<Bridge> bridges = model.bridges;
    std::ranges::sort(bridges, {}, &Bridge::device);
    for (Bridge& bridge : bridges) {
        std::ranges::sort(bridge.uplinks);
    }
    return bridges;
}

std::vector<ClosedPort> closed_ports(const Model& model) {
    std::map<std::string_view, std::string_view> claimed;
    for (const PortClaim& claim : model.ports) {
        claimed.emplace(claim.network_interface_id, claim.device);
    }
    std::vector<ClosedPort> closed;
    for (const ClosedInterface& interface : model.closed_interfaces) {
        const auto claim = claimed.find(interface.id);
        closed.push_back({.interface_id = interface.id, .device = claim == claimed.end() ? "" : std::string(claim->second)});
    }
    std::ranges::sort(closed, {}, &ClosedPort::interface_id);
    return closed;
}

void add_host_policies(const Model& model, const Directory& directory, Ruleset& ruleset) {
    ruleset.deny_cidrs = normalised(model.deny_cidrs);
    ruleset.isolates_instances = model.isolates_instances;
    if (model.isolates_instances) {
        ruleset.instance_addresses = instance_addresses(directory);
    }
    if (model.host_services) {
        ruleset.host_services = normalised(*model.host_services);
    }
}

}  // namespace

Result<Ruleset> compile_with(CompileMemory& memory, const Model& model, const std::optional<Aliases>& aliases, const ChangedRules& changed,
                             std::size_t& compiled) {
    const Directory directory(model);
    auto interfaces = build_interfaces(directory);
    if (!interfaces) {
        return fail(interfaces.error());
    }
    std::vector<Bindable> bindable = bindable_interfaces(directory);
    std::vector<Index> elsewhere = take_elsewhere(directory, aliases, bindable);
    const InUse in_use(directory, bindable);
    RuleBook book(directory, memory.rules);
    book.use(in_use.groups, in_use.acls, changed);
    auto members = member_owners(directory, *interfaces, referenced_groups(book, bindable, directory.zones.size()));
    if (!members) {
        return fail(members.error());
    }
    std::ranges::move(members->combined, std::back_inserter(*interfaces));

    Ruleset ruleset;
    PolicyCompiler policies(book, memory.policies, changed);
    SurroundingsCompiler surroundings(model, directory);
    PortCompiler ports(model, directory, policies, surroundings);
    for (const Bindable& port : bindable) {
        ruleset.ports.push_back(ports.compile(port));
    }
    ruleset.elsewhere = std::move(elsewhere);
    policies.close();
    book.close();
    compiled = policies.compiled();
    ruleset.closed_ports = closed_ports(model);
    ruleset.bridges = sorted_bridges(model);
    for (const Bridge& bridge : ruleset.bridges) {
        ruleset.bridge_surroundings.push_back(surroundings.of_bridge(bridge));
    }
    ruleset.surroundings = surroundings.take();
    ruleset.groups = directory.groups.ids();
    ruleset.zones = directory.zones.ids();
    ruleset.subnets = directory.subnets.ids();
    ruleset.interfaces = std::move(*interfaces);
    ruleset.owners = std::move(members->owners);
    std::ranges::move(link_local_owners(directory), std::back_inserter(ruleset.owners));
    std::ranges::sort(ruleset.owners);
    add_host_policies(model, directory, ruleset);
    ruleset.quotas = model.quotas;
    return ruleset;
}

// Nothing goes on from it, and so whoever has it may change it.
Result<Ruleset> compile(const Model& model, const std::optional<Aliases>& aliases) {
    auto ruleset = Compiler().compile(model, aliases);
    if (ruleset) {
        ruleset->revision.reset();
    }
    return ruleset;
}

}  // namespace portcullis
