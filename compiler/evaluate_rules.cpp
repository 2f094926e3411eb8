// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate_rules.h"

#include <algorithm>

namespace portcullis {
namespace {

bool has_ports(int protocol) { return protocol == 6 || protocol == 17; }
bool has_type_and_code(int protocol) { return protocol == 1 || protocol == 58; }

bool holds(const std::vector<Prefix>& prefixes, const Address& address) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) { return prefix.contains(address); });
}

// 6.6: whether the remote may count as that interface, which has its address.
bool counts_as(const ModelIndex& index, const NetworkInterface& remote, const RuleQuestion& question) {
    if (question.direction == Direction::Outbound || !index.is_bound(remote) || question.entrance.kind == Entrance::Kind::Host) {
        return true;
    }
    return question.entrance.kind == Entrance::Kind::Port && question.entrance.interface_id == remote.id;
}

bool carries(const NetworkInterface& interface, const std::string& group_id) {
    return std::find(interface.group_ids.begin(), interface.group_ids.end(), group_id) != interface.group_ids.end();
}

// 6.7, the reference to a group of another VPC. `own` is the interface that has the remote address in the port's own VPC, if any.
bool matches_foreign_group(const ModelIndex& index, const SecurityGroup& group, const NetworkInterface* own, const RuleQuestion& question) {
    const Vpc* const vpc = index.vpc(question.port->vpc_id);
    if (vpc == nullptr || holds(vpc->cidrs, question.remote) || (own != nullptr && !counts_as(index, *own, question))) {
        return false;
    }
    const NetworkInterface* const remote = index.owner(group.vpc_id, question.remote);
    return remote != nullptr && carries(*remote, group.id) && counts_as(index, *remote, question);
}

// 6.4-6.7
bool matches_group(const ModelIndex& index, const std::string& group_id, const RuleQuestion& question) {
    const SecurityGroup* const group = index.group(group_id);
    if (group == nullptr) {
        return false;
    }
    const NetworkInterface* const own = index.owner(question.port->vpc_id, question.remote);
    if (group->vpc_id != question.port->vpc_id) {
        return matches_foreign_group(index, *group, own, question);
    }
    return own != nullptr && carries(*own, group_id) && counts_as(index, *own, question);
}

struct SourceMatch {
    const ModelIndex& index;
    const RuleQuestion& question;
    bool operator()(const Prefix& prefix) const { return prefix.contains(question.remote); }
    bool operator()(const PrefixListReference& reference) const {
        const PrefixList* const list = index.prefix_list(reference.prefix_list_id);
        return list != nullptr && list->is_known && holds(list->cidrs, question.remote);
    }
    bool operator()(const GroupReference& reference) const { return matches_group(index, reference.group_id, question); }
};

bool is_match(const ModelIndex& index, const SecurityGroupRule& rule, const RuleQuestion& question) {
    return matches_protocol(rule.traffic, question) && matches_ports(rule.traffic, question) &&
           matches_source(index, rule.source, question);
}

// An unknown group has no rules (6.5).
std::vector<GroupMatch> matches_of(const ModelIndex& index, const SecurityGroup* group, const RuleQuestion& question) {
    std::vector<GroupMatch> matches;
    if (group == nullptr) {
        return matches;
    }
    for (const SecurityGroupRule& rule : group->rules[static_cast<std::size_t>(question.direction)]) {
        if (is_match(index, rule, question)) {
            matches.push_back({.group = group, .rule = &rule});
        }
    }
    return matches;
}

bool is_match(const NetworkAclEntry& entry, const RuleQuestion& question) {
    return entry.cidr.contains(question.remote) && matches_protocol(entry.traffic, question) && matches_ports(entry.traffic, question);
}

}  // namespace

bool matches_protocol(const Traffic& traffic, const RuleQuestion& question) {
    return traffic.protocol == Traffic::kAnyProtocol || traffic.protocol == question.protocol;
}

bool matches_ports(const Traffic& traffic, const RuleQuestion& question) {
    if (has_ports(traffic.protocol) && has_ports(question.protocol)) {
        return traffic.from_port <= question.destination_port && question.destination_port <= traffic.to_port;
    }
    if (has_type_and_code(traffic.protocol) && has_type_and_code(question.protocol)) {
        if (traffic.icmp_type == Traffic::kAnyIcmp) {
            return traffic.icmp_code == Traffic::kAnyIcmp;  // a code with any type matches nothing
        }
        return traffic.icmp_type == question.icmp_type &&
               (traffic.icmp_code == Traffic::kAnyIcmp || traffic.icmp_code == question.icmp_code);
    }
    return true;
}

bool matches_source(const ModelIndex& index, const RuleSource& source, const RuleQuestion& question) {
    return std::visit(SourceMatch{index, question}, source);
}

std::vector<GroupMatch> matching_rules(const ModelIndex& index, const RuleQuestion& question) {
    std::vector<GroupMatch> matches;
    for (const std::string& group_id : question.port->group_ids) {
        const std::vector<GroupMatch> of_group = matches_of(index, index.group(group_id), question);
        matches.insert(matches.end(), of_group.begin(), of_group.end());
    }
    return matches;
}

bool concerns_acl(const ModelIndex& index, const RuleQuestion& question) {
    if (!index.model().has_network_acls) {
        return false;
    }
    const NetworkInterface* const remote = index.owner(question.port->vpc_id, question.remote);
    if (remote != nullptr && !counts_as(index, *remote, question)) {
        return true;
    }
    // Whose a link-local address is cannot be told from where the packet entered, unless a port of ours vouched for it.
    const bool is_from_elsewhere = question.direction == Direction::Inbound && question.entrance.kind == Entrance::Kind::Uplink;
    if (is_from_elsewhere && is_link_local(question.remote)) {
        return true;
    }
    return !index.is_in_subnet_of(*question.port, question.remote);
}

AclAnswer ask_acl(const ModelIndex& index, const RuleQuestion& question) {
    AclAnswer answer{.acl = index.acl_of(*question.port)};
    if (answer.acl == nullptr) {
        return answer;
    }
    for (const NetworkAclEntry& entry : answer.acl->entries[static_cast<std::size_t>(question.direction)]) {
        const bool is_lower = answer.entry == nullptr || entry.number < answer.entry->number;
        if (is_lower && is_match(entry, question)) {
            answer.entry = &entry;
        }
    }
    return answer;
}

}  // namespace portcullis
