// SPDX-License-Identifier: Apache-2.0
// What names what. An interface bound on this host must find everything it names, since its verdicts depend on it; a reference of any other
// object that leads nowhere is stale: it matches nothing, and is warned about.
#include "compiler/validate/parts.h"

namespace portcullis {
namespace {

// A finding about an interface or a subnet: an error if it is bound on this host.
void report(bool is_bound, const Position& position, std::string message, Findings& findings) {
    if (is_bound) {
        findings.error(position, std::move(message));
    } else {
        findings.warn(position, std::move(message));
    }
}

void validate_interface(const NetworkInterface& interface, const DeclaredIndex& index, Findings& findings) {
    const bool is_bound = index.is_bound(interface);
    const auto missing = [&](std::string_view what, const std::string& id) {
        report(is_bound, interface.position, "the " + std::string(what) + " " + quoted(id) + " has no document", findings);
    };
    if (index.vpc(interface.vpc_id) == nullptr) {
        missing("VPC", interface.vpc_id);
    }
    const Subnet* subnet = index.subnet(interface.subnet_id);
    if (subnet == nullptr) {
        missing("subnet", interface.subnet_id);
    } else if (subnet->vpc_id != interface.vpc_id) {
        report(is_bound, interface.position,
               "its VPC " + quoted(interface.vpc_id) + " is not that of its subnet, " + quoted(subnet->vpc_id), findings);
    }
    for (const std::string& group_id : interface.group_ids) {
        if (index.group(group_id) == nullptr) {
            missing("security group", group_id);
        }
    }
    if (is_bound && !interface.mac) {
        findings.error(interface.position, "it has no MacAddress, and a port names it");
    }
}

void validate_source(const SecurityGroupRule& rule, const DeclaredIndex& index, Findings& findings) {
    if (const auto* group = std::get_if<GroupReference>(&rule.source); group != nullptr && index.group(group->group_id) == nullptr) {
        findings.warn(rule.position, "stale: the security group " + quoted(group->group_id) + " has no document, the rule matches nothing");
    }
    const auto* reference = std::get_if<PrefixListReference>(&rule.source);
    if (reference == nullptr) {
        return;
    }
    const PrefixList* list = index.prefix_list(reference->prefix_list_id);
    if (list == nullptr || !list->is_known) {
        findings.warn(rule.position, "stale: the prefix list " + quoted(reference->prefix_list_id) +
                                         (list == nullptr ? " has no document" : " has no entries") + ", the rule matches nothing");
    }
}

void validate_group(const SecurityGroup& group, const DeclaredIndex& index, Findings& findings) {
    for (const auto& rules : group.rules) {
        for (const SecurityGroupRule& rule : rules) {
            validate_source(rule, index, findings);
        }
    }
}

}  // namespace

void validate_references(const Model& model, const DeclaredIndex& index, Findings& findings) {
    for (const Subnet& subnet : model.subnets) {
        if (index.vpc(subnet.vpc_id) == nullptr) {
            report(index.is_bound(subnet), subnet.position, "the VPC " + quoted(subnet.vpc_id) + " has no document", findings);
        }
    }
    for (const NetworkInterface& interface : model.network_interfaces) {
        validate_interface(interface, index, findings);
    }
    for (const SecurityGroup& group : model.security_groups) {
        validate_group(group, index, findings);
    }
}

}  // namespace portcullis
