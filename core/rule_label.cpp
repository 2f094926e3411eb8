// SPDX-License-Identifier: Apache-2.0
#include "core/rule_label.h"

namespace portcullis {
namespace {

std::string ports_text(const Traffic& traffic) {
    std::string text = std::to_string(traffic.from_port);
    if (traffic.from_port != traffic.to_port) {
        text += "-" + std::to_string(traffic.to_port);
    }
    return text;
}

std::string icmp_part(std::int16_t value) { return value == Traffic::kAnyIcmp ? "*" : std::to_string(value); }

std::string icmp_text(const Traffic& traffic) { return icmp_part(traffic.icmp_type) + "/" + icmp_part(traffic.icmp_code); }

struct SourceText {
    std::string operator()(const Prefix& prefix) const { return prefix.to_string(); }
    std::string operator()(const PrefixListReference& list) const { return list.prefix_list_id; }
    std::string operator()(const GroupReference& group) const { return group.group_id; }
};

// EC2 says ingress and egress as the instance sees them.
const char* direction_text(Direction direction) { return direction == Direction::Inbound ? " ingress " : " egress "; }

const char* towards_text(Direction direction) { return direction == Direction::Inbound ? " from " : " to "; }

}  // namespace

std::string traffic_text(const Traffic& traffic) {
    switch (traffic.protocol) {
        case Traffic::kAnyProtocol:
            return "all";
        case 1:
            return "icmp " + icmp_text(traffic);
        case 6:
            return "tcp " + ports_text(traffic);
        case 17:
            return "udp " + ports_text(traffic);
        case 58:
            return "icmpv6 " + icmp_text(traffic);
        default:
            return std::to_string(traffic.protocol);
    }
}

std::string rule_label(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule) {
    if (!rule.id.empty()) {
        return rule.id;
    }
    return group.id + direction_text(direction) + rule_text(direction, rule);
}

std::string rule_label(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry) {
    const char* const family = entry.cidr.family() == Family::Ipv4 ? " ipv4" : " ipv6";
    return acl.id + direction_text(direction) + std::to_string(entry.number) + family;
}

std::string rule_text(Direction direction, const SecurityGroupRule& rule) {
    return traffic_text(rule.traffic) + towards_text(direction) + std::visit(SourceText{}, rule.source);
}

std::string rule_text(Direction direction, const NetworkAclEntry& entry) {
    const char* const action = entry.allow ? " allow " : " deny ";
    return std::to_string(entry.number) + action + traffic_text(entry.traffic) + towards_text(direction) + entry.cidr.to_string();
}

}  // namespace portcullis
