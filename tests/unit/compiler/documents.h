// SPDX-License-Identifier: Apache-2.0
// Documents for the tests of the reader: a small valid model to vary, and the findings as text.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"

namespace portcullis {

// One bound interface, with everything it refers to, in the shapes of the describe calls.
inline nlohmann::json small_model() {
    return nlohmann::json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16",
                "CidrBlockAssociationSet": [{"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
                                            {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociated"}}],
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}],
      "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
                   "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}]}],
      "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1",
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.0/24"}],
                           "Ipv6Ranges": [{"CidrIpv6": "2001:db8:1::/48"}], "PrefixListIds": [{"PrefixListId": "pl-1"}],
                           "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "123456789012"}]},
                          {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
      "NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": true,
        "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "NetworkAclId": "acl-1", "SubnetId": "subnet-1"}],
        "Entries": [{"RuleNumber": 100, "Egress": false, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0",
                     "PortRange": {"From": 22, "To": 443}},
                    {"RuleNumber": 100, "Egress": false, "RuleAction": "deny", "Protocol": "58", "Ipv6CidrBlock": "::/0",
                     "IcmpTypeCode": {"Type": 128, "Code": 0}},
                    {"RuleNumber": 100, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
                    {"RuleNumber": 32767, "Egress": true, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"},
                    {"RuleNumber": 32768, "Egress": true, "RuleAction": "deny", "Protocol": "-1", "Ipv6CidrBlock": "::/0"}]}],
      "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:00:01",
        "PrivateIpAddress": "10.0.1.10",
        "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "10.0.1.10"}, {"Primary": false, "PrivateIpAddress": "10.0.1.11"}],
        "Ipv6Addresses": [{"Ipv6Address": "2001:db8::10"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.32/28"}],
        "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:0:1::/80"}], "Groups": [{"GroupId": "sg-1", "GroupName": "web"}],
        "SourceDestCheck": true, "Status": "in-use", "Attachment": {"InstanceId": "i-1", "Status": "attached"},
        "ConnectionTrackingConfiguration": {"TcpEstablishedTimeout": 3600, "UdpTimeout": 40, "UdpStreamTimeout": 120}}],
      "PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "office", "Cidrs": ["198.51.100.0/24"]}],
      "ManagedPrefixLists": [{"PrefixListId": "pl-2", "AddressFamily": "IPv6", "Entries": [{"Cidr": "2001:db8:2::/48"}]}],
      "Portcullis": {"Ports": [{"NetworkInterfaceId": "eni-1", "Device": "tap0"}],
                     "Bridges": [{"Device": "br0", "Uplinks": ["eth1"], "UnknownPorts": "open"}],
                     "Quotas": {"Flows": 5000}}
    })");
}

inline ParseOutcome parse_text(const std::string& text) { return parse(std::vector<Document>{{.name = "model.json", .text = text}}); }
inline ParseOutcome parse_json(const nlohmann::json& document) { return parse_text(document.dump()); }

// Several documents, named a.json, b.json, …
inline ParseOutcome parse_all(const std::vector<nlohmann::json>& contents) {
    std::vector<Document> documents;
    for (const auto& content : contents) {
        documents.push_back({.name = std::string(1, static_cast<char>('a' + documents.size())) + ".json", .text = content.dump()});
    }
    return parse(documents);
}

inline std::vector<std::string> texts_of(const ParseOutcome& outcome, Finding::Severity severity) {
    std::vector<std::string> texts;
    for (const Finding& finding : outcome.findings) {
        if (finding.severity == severity) {
            texts.push_back(finding.to_string());
        }
    }
    return texts;
}
inline std::vector<std::string> errors_of(const ParseOutcome& outcome) { return texts_of(outcome, Finding::Severity::Error); }
inline std::vector<std::string> warnings_of(const ParseOutcome& outcome) { return texts_of(outcome, Finding::Severity::Warning); }

}  // namespace portcullis
