// SPDX-License-Identifier: Apache-2.0
// What the reader makes of right documents, key by key.
#include "compiler/parse/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kOut = static_cast<std::size_t>(Direction::Outbound);
constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);

Prefix prefix(std::string_view text) { return Prefix::parse(text)->prefix; }
Address address(std::string_view text) { return *Address::parse(text); }

// The model of a document that must be accepted.
Model accepted(const json& document) {
    auto outcome = parse_json(document);
    EXPECT_THAT(errors_of(outcome), IsEmpty());
    return outcome.model.value_or(Model{});
}

// The traffic of the only rule of the only group, given the fields of its permission.
Traffic permission_traffic(const char* fields) {
    json permission = json::parse(fields);
    permission["IpRanges"] = json::parse(R"([{"CidrIp": "192.0.2.0/24"}])");
    const Model model = accepted({{"SecurityGroups", {{{"GroupId", "sg-1"}, {"IpPermissions", {permission}}}}}});
    return model.security_groups.at(0).rules[kIn].at(0).traffic;
}

TEST(Parse, AcceptsTheSmallModelWithoutAnyFinding) { EXPECT_THAT(parse_json(small_model()).findings, IsEmpty()); }

TEST(Parse, ReadsVpcsWithTheirAssociatedBlocksOfBothFamilies) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.vpcs.size(), 1u);
    EXPECT_EQ(model.vpcs[0].id, "vpc-1");
    EXPECT_THAT(model.vpcs[0].cidrs, ElementsAre(prefix("10.0.0.0/16"), prefix("2001:db8::/56")));
    EXPECT_EQ(model.vpcs[0].position.pointer, "/Vpcs/0");
}

TEST(Parse, TakesTheBlockOfAVpcThatListsNoAssociations) {
    const Model model = accepted({{"Vpcs", {{{"VpcId", "vpc-1"}, {"CidrBlock", "10.0.0.0/16"}}}}});
    EXPECT_THAT(model.vpcs.at(0).cidrs, ElementsAre(prefix("10.0.0.0/16")));
}

TEST(Parse, ReadsSubnets) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.subnets.size(), 1u);
    EXPECT_EQ(model.subnets[0].id, "subnet-1");
    EXPECT_EQ(model.subnets[0].vpc_id, "vpc-1");
    EXPECT_THAT(model.subnets[0].cidrs, ElementsAre(prefix("10.0.1.0/24"), prefix("2001:db8::/64")));
}

TEST(Parse, ReadsSecurityGroupsWithOneRulePerSource) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.security_groups.size(), 1u);
    const SecurityGroup& group = model.security_groups[0];
    EXPECT_EQ(group.name, "web");
    EXPECT_EQ(group.vpc_id, "vpc-1");
    ASSERT_EQ(group.rules[kIn].size(), 5u);
    EXPECT_EQ(group.rules[kIn][0].source, RuleSource(prefix("192.0.2.0/24")));
    EXPECT_EQ(group.rules[kIn][0].traffic, (Traffic{.protocol = 6, .from_port = 80, .to_port = 443}));
    EXPECT_EQ(group.rules[kIn][1].source, RuleSource(prefix("2001:db8:1::/48")));
    EXPECT_EQ(group.rules[kIn][2].source, RuleSource(PrefixListReference{"pl-1"}));
    EXPECT_EQ(group.rules[kIn][3].source, RuleSource(GroupReference{"sg-1"}));
    EXPECT_EQ(group.rules[kIn][3].position.pointer, "/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0");
    EXPECT_EQ(group.rules[kIn][4].traffic, (Traffic{.protocol = 1, .icmp_type = 8}));
    ASSERT_EQ(group.rules[kOut].size(), 1u);
    EXPECT_EQ(group.rules[kOut][0].traffic, Traffic{});
}

TEST(Parse, ReadsNetworkAclsWithoutTheirFinalDeny) {
    const Model model = accepted(small_model());
    EXPECT_TRUE(model.has_network_acls);
    ASSERT_EQ(model.network_acls.size(), 1u);
    const NetworkAcl& acl = model.network_acls[0];
    EXPECT_TRUE(acl.is_default);
    EXPECT_THAT(acl.subnet_ids, ElementsAre("subnet-1"));
    ASSERT_EQ(acl.entries[kIn].size(), 2u);
    EXPECT_EQ(acl.entries[kIn][0].number, 100);
    EXPECT_TRUE(acl.entries[kIn][0].allow);
    EXPECT_EQ(acl.entries[kIn][0].traffic, (Traffic{.protocol = 6, .from_port = 22, .to_port = 443}));
    EXPECT_EQ(acl.entries[kIn][1].cidr, prefix("::/0"));
    EXPECT_FALSE(acl.entries[kIn][1].allow);
    EXPECT_EQ(acl.entries[kIn][1].traffic, (Traffic{.protocol = 58, .icmp_type = 128, .icmp_code = 0}));
    EXPECT_EQ(acl.entries[kOut].size(), 1u);
}

TEST(Parse, ReadsNetworkInterfaces) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.network_interfaces.size(), 1u);
    const NetworkInterface& interface = model.network_interfaces[0];
    EXPECT_EQ(interface.id, "eni-1");
    EXPECT_EQ(interface.subnet_id, "subnet-1");
    EXPECT_EQ(interface.instance_id, "i-1");
    EXPECT_EQ(interface.mac, Mac::parse("02:00:00:00:00:01"));
    EXPECT_THAT(interface.addresses, ElementsAre(address("10.0.1.10"), address("10.0.1.11"), address("2001:db8::10")));
    EXPECT_THAT(interface.delegated_prefixes, ElementsAre(prefix("10.0.1.32/28"), prefix("2001:db8:0:0:1::/80")));
    EXPECT_THAT(interface.group_ids, ElementsAre("sg-1"));
    EXPECT_TRUE(interface.source_dest_check);
    EXPECT_EQ(interface.tracking.tcp_established_s, 3600u);
    EXPECT_EQ(interface.tracking.udp_s, 40u);
    EXPECT_EQ(interface.tracking.udp_stream_s, 120u);
}

TEST(Parse, ReadsPrefixListsOfBothShapes) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.prefix_lists.size(), 2u);
    // The document's text has its keys in alphabetical order.
    EXPECT_EQ(model.prefix_lists[0].id, "pl-2");
    EXPECT_THAT(model.prefix_lists[0].cidrs, ElementsAre(prefix("2001:db8:2::/48")));
    EXPECT_TRUE(model.prefix_lists[0].is_known);
    EXPECT_EQ(model.prefix_lists[1].id, "pl-1");
    EXPECT_THAT(model.prefix_lists[1].cidrs, ElementsAre(prefix("198.51.100.0/24")));
}

TEST(Parse, LeavesAManagedListWithoutEntriesUnknown) {
    const Model model = accepted({{"ManagedPrefixLists", {{{"PrefixListId", "pl-1"}, {"AddressFamily", "IPv4"}}}}});
    EXPECT_FALSE(model.prefix_lists.at(0).is_known);
}

TEST(Parse, ReadsWhatOnlyTheHostKnows) {
    const Model model = accepted(small_model());
    ASSERT_EQ(model.ports.size(), 1u);
    EXPECT_EQ(model.ports[0].network_interface_id, "eni-1");
    EXPECT_EQ(model.ports[0].device, "tap0");
    EXPECT_EQ(model.ports[0].position.pointer, "/Portcullis/Ports/0");
    ASSERT_EQ(model.bridges.size(), 1u);
    EXPECT_EQ(model.bridges[0].device, "br0");
    EXPECT_THAT(model.bridges[0].uplinks, ElementsAre("eth1"));
    EXPECT_EQ(model.bridges[0].unknown_ports, UnknownPorts::Open);
    EXPECT_EQ(model.quotas.flows, 5000u);
}

TEST(Parse, ClosesUnknownPortsUnlessToldOtherwise) {
    const Model model = accepted(json::parse(R"({"Portcullis": {"Bridges": [{"Device": "br0"}]}})"));
    EXPECT_EQ(model.bridges.at(0).unknown_ports, UnknownPorts::Closed);
    EXPECT_EQ(model.quotas.flows, 1'000'000u);
}

TEST(Parse, AcceptsTheDefaultsOfEveryHostKey) {
    const auto outcome = parse_text(R"({"Portcullis": {
        "Bridges": [{"Device": "br0", "Services": {}}],
        "Services": {"DhcpServers": [], "DnsResolvers": [], "Metadata": [], "TimeServers": [], "Other": [], "Routers": []},
        "Egress": {"DenyCidrs": [], "IsolateInstances": false}, "OnDeny": {"Action": "drop", "Log": false}, "OnRevoke": "keep",
        "FastPath": false, "GuardedEndpoints": [], "Masquerade": null, "Quotas": {}}})");
    EXPECT_THAT(outcome.findings, IsEmpty());
}

TEST(Parse, AcceptsTheDefaultsOfAPort) {
    json document = small_model();
    document["Portcullis"]["Ports"][0].update(json::parse(R"({"AllowedAddresses": [], "AllowedSources": null, "Multicast": [], "Vlans": [],
        "TrackAll": false, "LinkLocal": "mac", "IcmpErrors": "strict", "Services": {}, "OnDeny": {}, "OnRevoke": "keep", "Quotas": {}})"));
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
}

// The small model with a change of the value under `Portcullis`.
json with_host_keys(const char* change) {
    json document = small_model();
    document["Portcullis"].merge_patch(json::parse(change));
    return document;
}

TEST(Parse, WritesServicesOut) {
    const Model model = accepted(with_host_keys(R"({"Services": {
        "DnsResolvers": ["192.0.2.53"], "Metadata": ["169.254.169.254"], "TimeServers": ["fd00:ec2::123"],
        "Other": [{"Address": "192.0.2.9", "Protocol": "TCP", "Port": 3142}, {"Address": "192.0.2.9", "Protocol": 17, "Port": 0}],
        "DhcpServers": [{"Address": "192.0.2.1", "Device": "host"}, {"Address": "fe80::2"}],
        "Routers": [{"Mac": "02:00:00:00:00:0A", "Addresses": ["192.0.2.1", "fe80::1"]}, {"Mac": "02:00:00:00:00:0b"}]}})"));
    EXPECT_FALSE(model.services.is_ec2);
    EXPECT_THAT(model.services.listed, ElementsAre(Service{address("192.0.2.53"), 17, 53}, Service{address("192.0.2.53"), 6, 53},
                                                   Service{address("169.254.169.254"), 6, 80}, Service{address("fd00:ec2::123"), 17, 123},
                                                   Service{address("192.0.2.9"), 6, 3142}, Service{address("192.0.2.9"), 17, 0}));
    EXPECT_THAT(model.services.dhcp_servers, ElementsAre(DhcpServer{address("192.0.2.1"), "host"}, DhcpServer{address("fe80::2"), ""}));
    EXPECT_THAT(model.services.routers, ElementsAre(Router{*Mac::parse("02:00:00:00:00:0a"), {address("192.0.2.1"), address("fe80::1")}},
                                                    Router{*Mac::parse("02:00:00:00:00:0b"), {}}));
}

TEST(Parse, ReadsServicesOfTheHostABridgeAndAPortApart) {
    json document = with_host_keys(R"({"Services": "ec2"})");
    document["Portcullis"]["Bridges"][0]["Services"] = json::parse(R"({"Metadata": ["192.0.2.1"]})");
    document["Portcullis"]["Ports"][0]["Services"] = json::parse(R"({"TimeServers": ["192.0.2.2"]})");
    const Model model = accepted(document);
    EXPECT_EQ(model.services, (Services{.is_ec2 = true, .listed = {}, .dhcp_servers = {}, .routers = {}}));
    EXPECT_THAT(model.bridges.at(0).services.listed, ElementsAre(Service{address("192.0.2.1"), 6, 80}));
    EXPECT_THAT(model.ports.at(0).services.listed, ElementsAre(Service{address("192.0.2.2"), 17, 123}));
}

TEST(Parse, ReadsHostPolicies) {
    const Model model = accepted(with_host_keys(R"({
        "Egress": {"DenyCidrs": ["192.0.2.0/24", {"Cidr": "2001:db8:9::/48", "NewOnly": true}, {"Cidr": "192.0.2.0/24"}],
                   "IsolateInstances": true},
        "OnDeny": {"Action": "reject", "Log": true}, "OnRevoke": "cut",
        "Quotas": {"Flows": 1, "FlowsPerPort": 1000000, "HalfOpenPerPort": 65536}})"));
    EXPECT_THAT(model.deny_cidrs, ElementsAre(DenyCidr{prefix("192.0.2.0/24"), false}, DenyCidr{prefix("2001:db8:9::/48"), true}));
    EXPECT_TRUE(model.isolates_instances);
    EXPECT_EQ(model.on_deny, (OnDeny{.reject = true, .log = true}));
    EXPECT_EQ(model.on_revoke, OnRevoke::Cut);
    EXPECT_EQ(model.quotas.flows, 1u);
    EXPECT_EQ(model.quotas.flows_per_port, 1'000'000u);
    EXPECT_EQ(model.quotas.half_open_per_port, 65'536u);
}

TEST(Parse, ReadsHostServices) {
    const Model model = accepted(with_host_keys(R"({"HostServices": [
        {"Protocol": "tcp", "Port": 8080}, {"Protocol": "6", "Port": 8080}, {"Protocol": 17, "Port": 0},
        {"Protocol": "icmpv6"}, {"Protocol": 0}]})"));
    ASSERT_TRUE(model.host_services);
    EXPECT_THAT(*model.host_services, ElementsAre(HostService{6, 8080}, HostService{17, 0}, HostService{58, {}}, HostService{0, {}}));
}

TEST(Parse, TakesAnEmptyListOfHostServicesAsGivenAndNullAsAbsent) {
    EXPECT_EQ(accepted(json::parse(R"({"Portcullis": {"HostServices": []}})")).host_services, std::vector<HostService>());
    EXPECT_EQ(accepted(json::parse(R"({"Portcullis": {"HostServices": null}})")).host_services, std::nullopt);
    EXPECT_EQ(accepted(json::parse(R"({"Portcullis": {}})")).host_services, std::nullopt);
}

TEST(Parse, ReadsWhatAPortMayHaveOfItsOwn) {
    json document = small_model();
    document["NetworkInterfaces"][0]["SourceDestCheck"] = false;
    document["Portcullis"]["Ports"][0].update(json::parse(R"({
        "AllowedAddresses": [{"Address": "10.0.1.50/32", "Mac": "00:00:5e:00:01:33"},
                             {"Address": "2001:db8::50"}, {"Address": "2001:db8::50/128"}],
        "AllowedSources": ["192.0.2.0/24", "2001:db8:9::/48"], "Multicast": ["224.0.0.18", "ff02::12"], "Vlans": [0, 4094, 0],
        "TrackAll": true, "LinkLocal": "mac", "IcmpErrors": "strict", "OnDeny": {"Log": true}, "OnRevoke": "cut",
        "Quotas": {"FlowsPerPort": 10, "HalfOpenPerPort": 5}})"));
    const Model model = accepted(document);
    EXPECT_FALSE(model.network_interfaces.at(0).source_dest_check);
    const PortClaim& port = model.ports.at(0);
    EXPECT_THAT(port.allowed_addresses, ElementsAre(AllowedAddress{prefix("10.0.1.50/32"), Mac::parse("00:00:5e:00:01:33")},
                                                    AllowedAddress{prefix("2001:db8::50/128"), {}}));
    EXPECT_THAT(port.allowed_sources, ElementsAre(prefix("192.0.2.0/24"), prefix("2001:db8:9::/48")));
    EXPECT_THAT(port.multicast, ElementsAre(address("224.0.0.18"), address("ff02::12")));
    EXPECT_THAT(port.vlans, ElementsAre(0, 4094));
    EXPECT_TRUE(port.track_all);
    EXPECT_FALSE(port.claims_link_local);
    EXPECT_FALSE(port.relates_icmp_errors);
    EXPECT_EQ(port.on_deny, (OnDeny{.reject = false, .log = true}));
    EXPECT_EQ(port.on_revoke, OnRevoke::Cut);
    EXPECT_EQ(port.flows_per_port, 10u);
    EXPECT_EQ(port.half_open_per_port, 5u);
}

TEST(Parse, LeavesToTheHostWhatAPortDoesNotSay) {
    json document = with_host_keys(R"({"OnDeny": {"Log": true}, "OnRevoke": "cut"})");
    const PortClaim silent = accepted(document).ports.at(0);
    EXPECT_EQ(silent.on_deny, std::nullopt);
    EXPECT_EQ(silent.on_revoke, std::nullopt);
    EXPECT_EQ(silent.flows_per_port, std::nullopt);
    EXPECT_TRUE(silent.claims_link_local);
    EXPECT_TRUE(silent.relates_icmp_errors);
    document["Portcullis"]["Ports"][0].update(json::parse(R"({"OnDeny": {"Action": "drop"}, "OnRevoke": "keep"})"));
    const PortClaim port = accepted(document).ports.at(0);
    EXPECT_EQ(port.on_deny, (OnDeny{.reject = false, .log = true})) << "Log is still the host's";
    EXPECT_EQ(port.on_revoke, OnRevoke::Keep);
}

TEST(Parse, ReadsTheActionOnDenialsOfTheHostAndOfAPortApart) {
    const auto port_of = [](const char* of_host, const char* of_port) {
        json document = with_host_keys(of_host);
        document["Portcullis"]["Ports"][0].update(json::parse(of_port));
        return accepted(document).ports.at(0).on_deny;
    };
    EXPECT_EQ(accepted(with_host_keys(R"({"OnDeny": {"Action": "reject"}})")).on_deny, (OnDeny{.reject = true, .log = false}));
    EXPECT_EQ(port_of("{}", R"({"OnDeny": {"Action": "reject"}})"), (OnDeny{.reject = true, .log = false}));
    EXPECT_EQ(port_of(R"({"OnDeny": {"Action": "reject"}})", R"({"OnDeny": {"Action": "drop"}})"), OnDeny{});
    EXPECT_EQ(port_of(R"({"OnDeny": {"Action": "reject"}})", R"({"OnDeny": {"Log": true}})"), (OnDeny{.reject = true, .log = true}))
        << "Action is still the host's";
}

TEST(Parse, TreatsAbsentEmptyAndNullListsAlike) {
    for (const char* groups : {R"({"GroupId": "sg-1"})", R"({"GroupId": "sg-1", "IpPermissions": []})",
                               R"({"GroupId": "sg-1", "IpPermissions": null, "IpPermissionsEgress": null, "VpcId": null})"}) {
        const Model model = accepted({{"SecurityGroups", {json::parse(groups)}}});
        EXPECT_THAT(model.security_groups.at(0).rules[kIn], IsEmpty()) << groups;
    }
}

TEST(Parse, UsesAclsAsSoonAsTheirKeyOccurs) {
    EXPECT_TRUE(accepted(json::parse(R"({"NetworkAcls": []})")).has_network_acls);
    EXPECT_TRUE(accepted(json::parse(R"({"NetworkAcls": null})")).has_network_acls);
    EXPECT_FALSE(accepted(json::parse(R"({"SecurityGroups": []})")).has_network_acls);
}

TEST(Parse, IgnoresUnknownKeysOfEc2ObjectsAndWarnsOfTopLevelOnes) {
    json document = small_model();
    document["Vpcs"][0]["Tags"] = json::array({{{"Key", "Name"}, {"Value", "a"}}});
    document["ResponseMetadata"] = json::object();
    document["NextToken"] = "";
    EXPECT_THAT(warnings_of(parse_json(document)),
                ElementsAre(R"(model.json: /ResponseMetadata: unknown key "ResponseMetadata" is ignored)"));
}

TEST(Parse, NormalisesProtocols) {
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "TCP", "FromPort": 0, "ToPort": 0})"),
              permission_traffic(R"({"IpProtocol": "6", "FromPort": 0, "ToPort": 0})"));
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "17", "FromPort": 53, "ToPort": 53})").protocol, 17);
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "1", "FromPort": -1, "ToPort": -1})"), (Traffic{.protocol = 1}));
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "ICMPv6"})"), (Traffic{.protocol = 58}));
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "58", "FromPort": 128, "ToPort": 0})"),
              (Traffic{.protocol = 58, .icmp_type = 128, .icmp_code = 0}));
}

TEST(Parse, IgnoresThePortsOfProtocolsThatHaveNone) {
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "-1", "FromPort": -1, "ToPort": -1})"), Traffic{});
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "-1", "FromPort": 22, "ToPort": 22})"), Traffic{});
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "47", "FromPort": 1, "ToPort": 0})"), (Traffic{.protocol = 47}));
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "255"})").protocol, 255);
}

TEST(Parse, ReadsMinusOneForBothPortsAsAllPorts) {
    EXPECT_EQ(permission_traffic(R"({"IpProtocol": "udp", "FromPort": -1, "ToPort": -1})"),
              (Traffic{.protocol = 17, .from_port = 0, .to_port = 65535}));
}

TEST(Parse, KeepsPortZeroAsAPort) { EXPECT_EQ(permission_traffic(R"({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 0})").to_port, 0); }

TEST(Parse, LetsAnAclEntryForTheOtherFamilysIcmpLeaveItsTypeOut) {
    json document = small_model();
    document["NetworkAcls"][0]["Entries"].push_back(
        {{"RuleNumber", 7}, {"Egress", true}, {"RuleAction", "deny"}, {"Protocol", "58"}, {"CidrBlock", "0.0.0.0/0"}});
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
}

TEST(Parse, MergesDuplicateRules) {
    json document = small_model();
    auto& permissions = document["SecurityGroups"][0]["IpPermissions"];
    permissions.push_back(permissions[1]);
    permissions[1]["IpRanges"].push_back(permissions[1]["IpRanges"][0]);
    EXPECT_EQ(accepted(document).security_groups.at(0).rules[kIn].size(), 5u);
}

// A warning, and what stands there: each is accepted with exactly one warning.
struct Warned {
    const char* at;
    const char* value;
    const char* warning;
};

TEST(Parse, WarnsAndReadsOn) {
    const Warned cases[] = {
        {"/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp", R"("192.0.2.1/24")",
         R"(/SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp: "192.0.2.1/24" has host bits and is read as 192.0.2.0/24)"},
        {"/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0", R"({"UserId": "1", "GroupName": "db"})",
         "/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0: a reference without GroupId matches nothing"},
        {"/SecurityGroups/0/IpPermissions/1/FromPort", "-1", ""},
        {"/SecurityGroups/0/IpPermissions/1",
         R"({"IpProtocol": "icmp", "FromPort": -1, "ToPort": 4, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})",
         "/SecurityGroups/0/IpPermissions/1: an ICMP code with any type matches nothing"},
        {"/SecurityGroups/0/IpPermissions/0/PrefixListIds/0/PrefixListId", R"("pl-9")", R"(stale: the prefix list "pl-9" has no document)"},
        {"/SecurityGroups/0/IpPermissions/0/UserIdGroupPairs/0/GroupId", R"("sg-9")",
         R"(stale: the security group "sg-9" has no document)"},
        {"/PrefixLists/0/Cidrs", "[]", R"(stale: the prefix list "pl-1" has no entries)"},
        {"/NetworkInterfaces/0/SourceDestCheck", "false", ""},
        {"/Portcullis/Egress", R"({"DenyCidrs": ["192.0.2.1/24"]})",
         R"(/Portcullis/Egress/DenyCidrs/0: "192.0.2.1/24" has host bits and is read as 192.0.2.0/24)"},
        {"/Portcullis/Ports/0/AllowedSources", R"(["192.0.2.0/24"])",
         R"(/Portcullis/Ports/0: AllowedSources changes nothing: SourceDestCheck of "eni-1" is not false)"},
        {"/NetworkInterfaces/0/Status", R"("available")", R"(/Portcullis/Ports/0: "eni-1" is "available")"},
        {"/NetworkAcls/0/Entries/1", R"({"RuleNumber": 9, "Egress": false, "RuleAction": "allow", "Protocol": "1",
          "CidrBlock": "0.0.0.0/0", "IcmpTypeCode": {"Type": -1, "Code": 3}})",
         "/NetworkAcls/0/Entries/1: an ICMP code with any type matches nothing"},
        {"/NetworkAcls/0/Entries/0/PortRange", R"({"From": -1, "To": -1})",
         "/NetworkAcls/0/Entries/0/PortRange: -1 for both ports is read as all ports"},
    };
    for (const Warned& one : cases) {
        SCOPED_TRACE(std::string(one.at) + " = " + one.value);
        json document = small_model();
        document[json::json_pointer(one.at)] = json::parse(one.value);
        const auto outcome = parse_json(document);
        EXPECT_THAT(errors_of(outcome), IsEmpty());
        if (*one.warning == '\0') {
            EXPECT_THAT(warnings_of(outcome), IsEmpty());
        } else {
            EXPECT_THAT(warnings_of(outcome), ElementsAre(HasSubstr(one.warning)));
        }
    }
}

TEST(Parse, TakesIdentifiersAsOpaqueText) {
    json document = small_model();
    const std::string odd = "a/b~c \"$(id)\" ü";
    document["NetworkInterfaces"][0]["NetworkInterfaceId"] = odd;
    document["Portcullis"]["Ports"][0]["NetworkInterfaceId"] = odd;
    EXPECT_EQ(accepted(document).ports.at(0).network_interface_id, odd);
    document["NetworkInterfaces"][0]["NetworkInterfaceId"] = std::string(255, 'x');
    document["Portcullis"]["Ports"][0]["NetworkInterfaceId"] = std::string(255, 'x');
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
}

}  // namespace
}  // namespace portcullis
