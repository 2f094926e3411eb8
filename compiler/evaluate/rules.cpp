// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/rules.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "compiler/evaluate/packet.h"
#include "compiler/evaluate/port.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

using Owners = std::vector<const NetworkInterface*>;

bool has_ports(int protocol) { return protocol == 6 || protocol == 17; }
bool has_type_and_code(int protocol) { return protocol == 1 || protocol == 58; }

const LinkLocalClaims& claims_of(const RuleQuestion& question) {
    static const LinkLocalClaims none;
    return question.claims != nullptr ? *question.claims : none;
}

// 6.6, of an address that those interfaces have.
bool counts(const ModelIndex& index, const Owners& owners, const RuleQuestion& question) {
    if (question.counts) {
        return *question.counts;
    }
    if (question.direction == Direction::Outbound || question.is_from_router || question.entrance.kind == Entrance::Kind::Host) {
        return true;
    }
    if (question.entrance.kind == Entrance::Kind::Port) {
        const NetworkInterface* const sender = index.interface(question.entrance.interface_id);
        return sender != nullptr && Port(index, claims_of(question), *sender).has(question.remote);
    }
    return std::ranges::none_of(owners, [&](const NetworkInterface* owner) { return index.is_bound(*owner); });
}

bool carries(const NetworkInterface& interface, const std::string& group_id) {
    return std::ranges::find(interface.group_ids, group_id) != interface.group_ids.end();
}

bool is_in_own_vpc(const ModelIndex& index, const RuleQuestion& question) {
    const Vpc* const vpc = index.vpc(question.port->vpc_id);
    return vpc == nullptr || is_in_any(vpc->cidrs, question.remote);
}

// 6.4-6.7
bool matches_group(const ModelIndex& index, const std::string& group_id, const RuleQuestion& question) {
    const SecurityGroup* const group = index.group(group_id);
    if (group == nullptr) {
        return false;
    }
    const bool is_foreign = group->vpc_id != question.port->vpc_id;
    const Owners own = index.owners(question.port->vpc_id, question.remote);
    if (is_foreign && (is_in_own_vpc(index, question) || !counts(index, own, question))) {
        return false;
    }
    const Owners owners = is_foreign ? index.owners(group->vpc_id, question.remote) : own;
    const bool is_member = std::ranges::any_of(owners, [&](const NetworkInterface* owner) { return carries(*owner, group_id); });
    return is_member && counts(index, owners, question);
}

bool refers_to(const SecurityGroup& group, const std::string& group_id) {
    return std::ranges::any_of(group.rules, [&](const std::vector<SecurityGroupRule>& rules) {
        return std::ranges::any_of(rules, [&](const SecurityGroupRule& rule) {
            const GroupReference* const reference = std::get_if<GroupReference>(&rule.source);
            return reference != nullptr && reference->group_id == group_id;
        });
    });
}

// Whether a rule of a group that a port of the VPC can have refers to the group.
bool is_referred_to(const ModelIndex& index, const std::string& vpc_id, const std::string& group_id) {
    return std::ranges::any_of(index.model().network_interfaces, [&](const NetworkInterface& interface) {
        return interface.vpc_id == vpc_id && interface.mac && index.subnet(interface.subnet_id) != nullptr &&
               std::ranges::any_of(interface.group_ids, [&](const std::string& id) {
                   const SecurityGroup* const group = index.group(id);
                   return group != nullptr && refers_to(*group, group_id);
               });
    });
}

// 7.8: whether the remote is one of the addresses in that other VPC that the port's VPC knows at all.
bool is_of_referred_group(const ModelIndex& index, const std::string& vpc_id, const RuleQuestion& question) {
    return std::ranges::any_of(index.model().network_interfaces, [&](const NetworkInterface& interface) {
        return interface.vpc_id == vpc_id && index.has_address(interface, question.remote) &&
               std::ranges::any_of(interface.group_ids, [&](const std::string& id) {
                   const SecurityGroup* const group = index.group(id);
                   return group != nullptr && group->vpc_id == vpc_id && is_referred_to(index, question.port->vpc_id, id);
               });
    });
}

struct SourceMatch {
    const ModelIndex& index;
    const RuleQuestion& question;
    bool operator()(const Prefix& prefix) const { return prefix.contains(question.remote); }
    bool operator()(const PrefixListReference& reference) const {
        const PrefixList* const list = index.prefix_list(reference.prefix_list_id);
        return list != nullptr && list->is_known && is_in_any(list->cidrs, question.remote);
    }
    bool operator()(const GroupReference& reference) const { return matches_group(index, reference.group_id, question); }
};

bool matches_traffic(const Traffic& traffic, const RuleQuestion& question) {
    return matches_protocol(traffic, question) && matches_ports(traffic, question);
}

using IsSource = std::function<bool(const RuleSource&)>;

std::vector<GroupMatch> rules_of_group(const SecurityGroup& group, const RuleQuestion& question, const IsSource& is_source) {
    std::vector<GroupMatch> matches;
    for (const SecurityGroupRule& rule : group.rules[static_cast<std::size_t>(question.direction)]) {
        if (matches_traffic(rule.traffic, question) && is_source(rule.source)) {
            matches.push_back({.group = &group, .rule = &rule});
        }
    }
    return matches;
}

// Every rule of the port's groups and direction whose source is one that `is_source` holds for. An unknown group has no rules (6.5).
std::vector<GroupMatch> rules_where(const ModelIndex& index, const RuleQuestion& question, const IsSource& is_source) {
    std::vector<GroupMatch> matches;
    for (const std::string& group_id : question.port->group_ids) {
        if (const SecurityGroup* const group = index.group(group_id)) {
            std::ranges::copy(rules_of_group(*group, question, is_source), std::back_inserter(matches));
        }
    }
    return matches;
}

bool is_about_all_ports(const Traffic& traffic) {
    if (has_ports(traffic.protocol)) {
        return traffic.from_port == 0 && traffic.to_port == 65535;
    }
    return !has_type_and_code(traffic.protocol) || (traffic.icmp_type == Traffic::kAnyIcmp && traffic.icmp_code == Traffic::kAnyIcmp);
}

// A code with any type matches nothing.
bool is_void(const Traffic& traffic) {
    return has_type_and_code(traffic.protocol) && traffic.icmp_type == Traffic::kAnyIcmp && traffic.icmp_code != Traffic::kAnyIcmp;
}

// 8.2; of unknown ports 9.4.
bool is_match(const NetworkAclEntry& entry, const RuleQuestion& question) {
    if (!entry.cidr.contains(question.remote) || !matches_protocol(entry.traffic, question)) {
        return false;
    }
    const bool is_denial_of_some = question.has_unknown_ports && !entry.allow && !is_void(entry.traffic);
    return is_denial_of_some || matches_ports(entry.traffic, question);
}

// 8.1, of a link-local address. The subnets of those that have it by their MAC decide, where they agree.
bool is_link_local_in_subnet(const ModelIndex& index, const RuleQuestion& question) {
    const NetworkInterface& port = *question.port;
    std::vector<std::string> subnets;
    for (const NetworkInterface& other : index.model().network_interfaces) {
        if (other.vpc_id == port.vpc_id && has_eui64(other, question.remote)) {
            subnets.push_back(other.subnet_id);
        }
    }
    if (!subnets.empty() && std::ranges::count(subnets, subnets.front()) == std::ssize(subnets)) {
        return subnets.front() == port.subnet_id;
    }
    const LinkLocalClaims& claims = claims_of(question);
    if (index.is_of_host(question.remote) || Port(index, claims, port).is_router(question.remote)) {
        return true;
    }
    const NetworkInterface* const claimant = index.interface(claims.claimant(question.remote));
    return claimant != nullptr && claimant->vpc_id == port.vpc_id && claimant->subnet_id == port.subnet_id;
}

// 8.1, were the remote whose its address says.
bool is_in_subnet(const ModelIndex& index, const Owners& owners, const RuleQuestion& question) {
    const NetworkInterface& port = *question.port;
    if (is_link_local(question.remote)) {
        return is_link_local_in_subnet(index, question);
    }
    if (!owners.empty()) {
        return std::ranges::all_of(owners, [&](const NetworkInterface* owner) { return owner->subnet_id == port.subnet_id; });
    }
    const Subnet* const subnet = index.subnet_around(port.vpc_id, question.remote);
    return subnet != nullptr && subnet->id == port.subnet_id;
}

}  // namespace

bool matches_protocol(const Traffic& traffic, const RuleQuestion& question) {
    return traffic.protocol == Traffic::kAnyProtocol || traffic.protocol == question.protocol;
}

bool matches_ports(const Traffic& traffic, const RuleQuestion& question) {
    if (question.has_unknown_ports) {
        return is_about_all_ports(traffic);
    }
    if (has_ports(traffic.protocol) && has_ports(question.protocol)) {
        return traffic.from_port <= question.destination_port && question.destination_port <= traffic.to_port;
    }
    if (has_type_and_code(traffic.protocol) && has_type_and_code(question.protocol)) {
        if (traffic.icmp_type == Traffic::kAnyIcmp) {
            return !is_void(traffic);
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
    return rules_where(index, question, [&](const RuleSource& source) { return matches_source(index, source, question); });
}

std::vector<GroupMatch> literal_rules(const ModelIndex& index, const RuleQuestion& question) {
    return rules_where(index, question, [&](const RuleSource& source) {
        const Prefix* const prefix = std::get_if<Prefix>(&source);
        return prefix != nullptr && prefix->length == 0 && prefix->family() == question.remote.family;
    });
}

bool counts_as_interface(const ModelIndex& index, const RuleQuestion& question) {
    const Owners own = index.owners(question.port->vpc_id, question.remote);
    if (!counts(index, own, question)) {
        return false;
    }
    if (!own.empty() || is_in_own_vpc(index, question)) {
        return !own.empty();
    }
    return std::ranges::any_of(index.model().vpcs, [&](const Vpc& vpc) {
        return is_of_referred_group(index, vpc.id, question) && counts(index, index.owners(vpc.id, question.remote), question);
    });
}

std::vector<std::string> labels_of(const std::vector<GroupMatch>& matches, Direction direction) {
    std::vector<std::string> labels;
    labels.reserve(matches.size());
    for (const GroupMatch& match : matches) {
        labels.push_back(rule_label(*match.group, direction, *match.rule));
    }
    return labels;
}

bool concerns_acl(const ModelIndex& index, const RuleQuestion& question) {
    if (!index.model().has_network_acls) {
        return false;
    }
    // Whose a link-local address is cannot be told from where the packet entered, unless a port of ours vouched for it.
    const bool is_by_uplink = question.entrance.kind == Entrance::Kind::Uplink || question.entrance.kind == Entrance::Kind::Elsewhere;
    const bool is_from_outside = question.direction == Direction::Inbound && is_by_uplink && !question.is_from_router;
    if (is_from_outside && is_link_local(question.remote)) {
        return true;
    }
    const Owners owners = index.owners(question.port->vpc_id, question.remote);
    return !counts(index, owners, question) || !is_in_subnet(index, owners, question);
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
