// SPDX-License-Identifier: Apache-2.0
// The large model as text: what compiler/parse/parse.h reads it from.
#include "tests/bench/scale_model.h"

namespace portcullis::bench {
namespace {

// A list of objects, of which nothing needs escaping.
template <class Items, class Write>
std::string list_of(const Items& items, const Write& write) {
    std::string text = "[";
    for (const auto& item : items) {
        text += (text.size() > 1 ? "," : "") + write(item);
    }
    return text + "]";
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// The key of the list and the key in its element that a CIDR block has.
std::string blocks_of(const std::vector<Prefix>& cidrs) {
    std::string text;
    for (const Prefix& cidr : cidrs) {
        text += cidr.address.family == Family::Ipv4 ? ",\"CidrBlock\":" + quoted(cidr.to_string())
                                                    : ",\"Ipv6CidrBlockAssociationSet\":[{\"Ipv6CidrBlock\":" + quoted(cidr.to_string()) +
                                                          R"(,"Ipv6CidrBlockState":{"State":"associated"}}])";
    }
    return text;
}

std::string permission(const SecurityGroupRule& rule) {
    std::string text = R"({"IpProtocol":")" + std::to_string(rule.traffic.protocol) + R"(","FromPort":)" +
                       std::to_string(rule.traffic.from_port) + ",\"ToPort\":" + std::to_string(rule.traffic.to_port);
    if (const auto* reference = std::get_if<GroupReference>(&rule.source)) {
        return text + R"(,"UserIdGroupPairs":[{"GroupId":)" + quoted(reference->group_id) + "}]}";
    }
    const auto& prefix = std::get<Prefix>(rule.source);
    return text + (prefix.address.family == Family::Ipv4 ? R"(,"IpRanges":[{"CidrIp":)" : R"(,"Ipv6Ranges":[{"CidrIpv6":)") +
           quoted(prefix.to_string()) + "}]}";
}

std::string group_text(const SecurityGroup& group) {
    return "{\"GroupId\":" + quoted(group.id) + ",\"GroupName\":" + quoted(group.name) + ",\"VpcId\":" + quoted(group.vpc_id) +
           ",\"IpPermissionsEgress\":" + list_of(group.rules[static_cast<std::size_t>(Direction::Outbound)], permission) +
           ",\"IpPermissions\":" + list_of(group.rules[static_cast<std::size_t>(Direction::Inbound)], permission) + "}\n";
}

std::string interface_text(const NetworkInterface& interface) {
    const auto group = [](const std::string& id) { return "{\"GroupId\":" + quoted(id) + "}"; };
    return "{\"NetworkInterfaceId\":" + quoted(interface.id) + ",\"VpcId\":" + quoted(interface.vpc_id) +
           ",\"SubnetId\":" + quoted(interface.subnet_id) + ",\"MacAddress\":" + quoted(interface.mac->to_string()) +
           ",\"PrivateIpAddress\":" + quoted(interface.addresses[0].to_string()) +
           ",\"Ipv6Addresses\":[{\"Ipv6Address\":" + quoted(interface.addresses[1].to_string()) +
           "}],\"Groups\":" + list_of(interface.group_ids, group) + "}\n";
}

}  // namespace

std::string document_of(const Model& model) {
    const auto vpc = [](const Vpc& one) { return "{\"VpcId\":" + quoted(one.id) + blocks_of(one.cidrs) + "}"; };
    const auto subnet = [](const Subnet& one) {
        return "{\"SubnetId\":" + quoted(one.id) + ",\"VpcId\":" + quoted(one.vpc_id) + blocks_of(one.cidrs) + "}";
    };
    const auto port = [](const PortClaim& one) {
        return "{\"NetworkInterfaceId\":" + quoted(one.network_interface_id) + ",\"Device\":" + quoted(one.device) + "}";
    };
    return "{\"Vpcs\":" + list_of(model.vpcs, vpc) + ",\"Subnets\":" + list_of(model.subnets, subnet) +
           ",\"SecurityGroups\":" + list_of(model.security_groups, group_text) +
           ",\"NetworkInterfaces\":" + list_of(model.network_interfaces, interface_text) +
           ",\"Portcullis\":{\"Ports\":" + list_of(model.ports, port) + "}}\n";
}

}  // namespace portcullis::bench
