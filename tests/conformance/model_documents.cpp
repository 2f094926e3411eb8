// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/model_documents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/conformance/policy_documents.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr bool has_ports(int protocol) { return protocol == 6 || protocol == 17; }
constexpr bool has_types(int protocol) { return protocol == 1 || protocol == 58; }

void add_traffic(json& permission, const Traffic& traffic) {
    permission["IpProtocol"] = std::to_string(traffic.protocol);
    if (has_ports(traffic.protocol)) {
        permission["FromPort"] = traffic.from_port;
        permission["ToPort"] = traffic.to_port;
    } else if (has_types(traffic.protocol)) {
        permission["FromPort"] = traffic.icmp_type;
        permission["ToPort"] = traffic.icmp_code;
    }
}

// The form of IpPermissions: lists of sources.
struct PermissionSource {
    json& permission;
    void operator()(const Prefix& cidr) const {
        if (cidr.family() == Family::Ipv4) {
            permission["IpRanges"] = {{{"CidrIp", cidr.to_string()}}};
        } else {
            permission["Ipv6Ranges"] = {{{"CidrIpv6", cidr.to_string()}}};
        }
    }
    void operator()(const PrefixListReference& list) const { permission["PrefixListIds"] = {{{"PrefixListId", list.prefix_list_id}}}; }
    void operator()(const GroupReference& group) const { permission["UserIdGroupPairs"] = {{{"GroupId", group.group_id}}}; }
};

// The form of SecurityGroupRules: one source.
struct FlatSource {
    json& rule;
    void operator()(const Prefix& cidr) const { rule[cidr.family() == Family::Ipv4 ? "CidrIpv4" : "CidrIpv6"] = cidr.to_string(); }
    void operator()(const PrefixListReference& list) const { rule["PrefixListId"] = list.prefix_list_id; }
    void operator()(const GroupReference& group) const { rule["ReferencedGroupInfo"] = {{"GroupId", group.group_id}}; }
};

void add_group(json& root, const SecurityGroup& group) {
    json entry{{"GroupId", group.id}, {"GroupName", group.name}, {"VpcId", group.vpc_id}};
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        json permissions = json::array();
        for (const SecurityGroupRule& rule : group.rules[static_cast<std::size_t>(direction)]) {
            json permission = json::object();
            add_traffic(permission, rule.traffic);
            if (!rule.id.empty()) {  // its id stands in the flat form alone, which repeats the rest
                json flat = permission;
                flat["SecurityGroupRuleId"] = rule.id;
                flat["GroupId"] = group.id;
                flat["IsEgress"] = direction == Direction::Outbound;
                std::visit(FlatSource{flat}, rule.source);
                root["SecurityGroupRules"].push_back(std::move(flat));
            }
            std::visit(PermissionSource{permission}, rule.source);
            permissions.push_back(std::move(permission));
        }
        std::sort(permissions.begin(), permissions.end());
        entry[direction == Direction::Outbound ? "IpPermissionsEgress" : "IpPermissions"] = permissions;
    }
    root["SecurityGroups"].push_back(std::move(entry));
}

json entry_of(const NetworkAclEntry& entry, Direction direction) {
    json out{{"RuleNumber", entry.number},
             {"Egress", direction == Direction::Outbound},
             {"RuleAction", entry.allow ? "allow" : "deny"},
             {"Protocol", std::to_string(entry.traffic.protocol)}};
    out[entry.cidr.family() == Family::Ipv4 ? "CidrBlock" : "Ipv6CidrBlock"] = entry.cidr.to_string();
    if (has_ports(entry.traffic.protocol)) {
        out["PortRange"] = {{"From", entry.traffic.from_port}, {"To", entry.traffic.to_port}};
    } else if (has_types(entry.traffic.protocol)) {
        out["IcmpTypeCode"] = {{"Type", entry.traffic.icmp_type}, {"Code", entry.traffic.icmp_code}};
    }
    return out;
}

json acl_of(const NetworkAcl& acl) {
    json out{{"NetworkAclId", acl.id},
             {"VpcId", acl.vpc_id},
             {"IsDefault", acl.is_default},
             {"Entries", json::array()},
             {"Associations", json::array()}};
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
        for (const NetworkAclEntry& entry : acl.entries[static_cast<std::size_t>(direction)]) {
            out["Entries"].push_back(entry_of(entry, direction));
        }
    }
    for (const std::string& subnet : acl.subnet_ids) {
        out["Associations"].push_back({{"SubnetId", subnet}});
    }
    return out;
}

json interface_of(const NetworkInterface& interface) {
    json out{{"NetworkInterfaceId", interface.id}, {"VpcId", interface.vpc_id}, {"SubnetId", interface.subnet_id}};
    if (interface.mac) {
        out["MacAddress"] = interface.mac->to_string();
    }
    for (const Address& address : interface.addresses) {
        const bool is_ipv4 = address.family == Family::Ipv4;
        out[is_ipv4 ? "PrivateIpAddresses" : "Ipv6Addresses"].push_back(
            {{is_ipv4 ? "PrivateIpAddress" : "Ipv6Address", address.to_string()}});
    }
    for (const Prefix& delegated : interface.delegated_prefixes) {
        const bool is_ipv4 = delegated.family() == Family::Ipv4;
        out[is_ipv4 ? "Ipv4Prefixes" : "Ipv6Prefixes"].push_back({{is_ipv4 ? "Ipv4Prefix" : "Ipv6Prefix", delegated.to_string()}});
    }
    out["Groups"] = json::array();
    for (const std::string& group : interface.group_ids) {
        out["Groups"].push_back({{"GroupId", group}});
    }
    if (!interface.source_dest_check) {
        out["SourceDestCheck"] = false;
    }
    const auto add_timeout = [&](const char* key, std::uint32_t seconds) {
        if (seconds != 0) {
            out["ConnectionTrackingConfiguration"][key] = seconds;
        }
    };
    add_timeout("TcpEstablishedTimeout", interface.tracking.tcp_established_s);
    add_timeout("UdpTimeout", interface.tracking.udp_s);
    add_timeout("UdpStreamTimeout", interface.tracking.udp_stream_s);
    return out;
}

void add_places(json& root, const Model& model) {
    for (const Vpc& vpc : model.vpcs) {
        json out{{"VpcId", vpc.id}};
        for (const Prefix& cidr : vpc.cidrs) {
            const bool is_ipv4 = cidr.family() == Family::Ipv4;
            json& list = out[is_ipv4 ? "CidrBlockAssociationSet" : "Ipv6CidrBlockAssociationSet"];
            json& state = list.emplace_back();
            state[is_ipv4 ? "CidrBlock" : "Ipv6CidrBlock"] = cidr.to_string();
            state[is_ipv4 ? "CidrBlockState" : "Ipv6CidrBlockState"] = {{"State", "associated"}};
        }
        root["Vpcs"].push_back(std::move(out));
    }
    for (const Subnet& subnet : model.subnets) {
        json out{{"SubnetId", subnet.id}, {"VpcId", subnet.vpc_id}};
        for (const Prefix& cidr : subnet.cidrs) {
            if (cidr.family() == Family::Ipv4) {
                out["CidrBlock"] = cidr.to_string();
            } else {
                out["Ipv6CidrBlockAssociationSet"].push_back(
                    {{"Ipv6CidrBlock", cidr.to_string()}, {"Ipv6CidrBlockState", {{"State", "associated"}}}});
            }
        }
        root["Subnets"].push_back(std::move(out));
    }
}

void add_prefix_list(json& root, const PrefixList& list) {
    const bool is_ipv6 = !list.cidrs.empty() && list.cidrs.front().family() == Family::Ipv6;
    json out{{"PrefixListId", list.id}, {"AddressFamily", is_ipv6 ? "IPv6" : "IPv4"}};
    if (list.is_known) {
        out["Entries"] = json::array();
        for (const Prefix& cidr : list.cidrs) {
            out["Entries"].push_back({{"Cidr", cidr.to_string()}});
        }
    }
    root["ManagedPrefixLists"].push_back(std::move(out));
}

}  // namespace

std::string document_of(const Model& model) {
    json root = json::object();
    add_places(root, model);
    for (const SecurityGroup& group : model.security_groups) {
        add_group(root, group);
    }
    if (root.contains("SecurityGroupRules")) {
        std::sort(root["SecurityGroupRules"].begin(), root["SecurityGroupRules"].end());
    }
    if (model.has_network_acls) {
        root["NetworkAcls"] = json::array();
        for (const NetworkAcl& acl : model.network_acls) {
            root["NetworkAcls"].push_back(acl_of(acl));
        }
    }
    for (const PrefixList& list : model.prefix_lists) {
        add_prefix_list(root, list);
    }
    for (const NetworkInterface& interface : model.network_interfaces) {
        root["NetworkInterfaces"].push_back(interface_of(interface));
    }
    root["Portcullis"] = portcullis_document(model);
    return root.dump();
}

}  // namespace portcullis::test
