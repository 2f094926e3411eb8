// SPDX-License-Identifier: Apache-2.0
// Several documents become one model.
#include "compiler/parse/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr auto kOut = static_cast<std::size_t>(Direction::Outbound);
constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);

// The flat form of every rule of the small model.
json flat_rules() {
    json rules = json::parse(R"([
        {"SecurityGroupRuleId": "sgr-1", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "CidrIpv4": "192.0.2.0/24"},
        {"SecurityGroupRuleId": "sgr-2", "IpProtocol": "6", "FromPort": 80, "ToPort": 443, "CidrIpv6": "2001:db8:1::/48"},
        {"SecurityGroupRuleId": "sgr-3", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "PrefixListId": "pl-1"},
        {"SecurityGroupRuleId": "sgr-4", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 443, "ReferencedGroupInfo": {"GroupId": "sg-1"}},
        {"SecurityGroupRuleId": "sgr-5", "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"},
        {"SecurityGroupRuleId": "sgr-6", "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}])");
    for (json& rule : rules) {
        rule["GroupId"] = "sg-1";
        rule["IsEgress"] = rule["IpProtocol"] == "-1";
    }
    return rules;
}

// The findings' errors for the small model beside these flat rules.
std::vector<std::string> errors_with(const json& rules) { return errors_of(parse_all({small_model(), {{"SecurityGroupRules", rules}}})); }

TEST(Merge, TakesAModelSpreadOverOneDocumentPerKey) {
    std::vector<json> documents;
    const json whole = small_model();
    for (const auto& [key, value] : whole.items()) {
        documents.push_back({{key, value}});
    }
    const auto outcome = parse_all(documents);
    EXPECT_THAT(outcome.findings, IsEmpty());
    EXPECT_THAT(outcome.model.value_or(Model{}).ports, SizeIs(1));
}

TEST(Merge, TakesTheSameDocumentTwiceAsOne) {
    const auto outcome = parse_all({small_model(), small_model()});
    ASSERT_THAT(outcome.findings, IsEmpty());
    EXPECT_THAT(outcome.model->vpcs, SizeIs(1));
    EXPECT_THAT(outcome.model->subnets, SizeIs(1));
    EXPECT_THAT(outcome.model->security_groups, SizeIs(1));
    EXPECT_THAT(outcome.model->network_acls, SizeIs(1));
    EXPECT_THAT(outcome.model->network_interfaces, SizeIs(1));
    EXPECT_THAT(outcome.model->prefix_lists, SizeIs(2));
    EXPECT_THAT(outcome.model->ports, SizeIs(1));
    EXPECT_THAT(outcome.model->bridges, SizeIs(1));
}

TEST(Merge, ComparesWhatIsMeantNotHowItIsWritten) {
    json other = small_model();
    auto& permissions = other["SecurityGroups"][0]["IpPermissions"];
    std::reverse(permissions.begin(), permissions.end());
    permissions[1]["IpProtocol"] = "6";
    permissions.push_back(permissions[0]);
    other["SecurityGroups"][0]["Description"] = "not used";
    auto& entries = other["NetworkAcls"][0]["Entries"];
    std::reverse(entries.begin(), entries.end());
    auto& addresses = other["NetworkInterfaces"][0]["PrivateIpAddresses"];
    std::reverse(addresses.begin(), addresses.end());
    EXPECT_THAT(parse_all({small_model(), other}).findings, IsEmpty());
}

// One change of an object that stands in two documents.
struct Change {
    const char* at;
    const char* value;
    const char* pointer;
};

TEST(Merge, RefusesAnObjectWithTwoContentsAndNamesBothPlaces) {
    const Change changes[] = {
        {"/Vpcs/0/CidrBlockAssociationSet/1/CidrBlockState/State", R"("associated")", "/Vpcs/0"},
        {"/Subnets/0/CidrBlock", R"("10.0.2.0/24")", "/Subnets/0"},
        {"/SecurityGroups/0/GroupName", R"("db")", "/SecurityGroups/0"},
        {"/SecurityGroups/0/IpPermissions/0/ToPort", "442", "/SecurityGroups/0"},
        {"/SecurityGroups/0/IpPermissionsEgress", "[]", "/SecurityGroups/0"},
        {"/NetworkAcls/0/IsDefault", "false", "/NetworkAcls/0"},
        {"/NetworkAcls/0/Entries/0/RuleAction", R"("deny")", "/NetworkAcls/0"},
        {"/NetworkAcls/0/Associations", "[]", "/NetworkAcls/0"},
        {"/NetworkInterfaces/0/MacAddress", R"("02:00:00:00:00:02")", "/NetworkInterfaces/0"},
        {"/NetworkInterfaces/0/Groups", "[]", "/NetworkInterfaces/0"},
        {"/NetworkInterfaces/0/ConnectionTrackingConfiguration", "null", "/NetworkInterfaces/0"},
        {"/NetworkInterfaces/0/Ipv6Prefixes", "[]", "/NetworkInterfaces/0"},
        {"/PrefixLists/0/Cidrs/0", R"("203.0.113.0/24")", "/PrefixLists/0"},
        {"/Portcullis/Bridges/0/UnknownPorts", R"("closed")", "/Portcullis/Bridges/0/UnknownPorts"},
    };
    for (const Change& change : changes) {
        SCOPED_TRACE(change.at);
        json other = small_model();
        other[json::json_pointer(change.at)] = json::parse(change.value);
        const std::string pointer = change.pointer;
        EXPECT_THAT(errors_of(parse_all({small_model(), other})),
                    ElementsAre(AllOf(StartsWith("b.json: " + pointer + ": "), HasSubstr("differs from the one in a.json: " + pointer))));
    }
}

TEST(Merge, RefusesTwoDifferentQuotas) {
    json other = small_model();
    other["Portcullis"]["Quotas"]["Flows"] = 6000;
    EXPECT_THAT(errors_of(parse_all({small_model(), other})),
                ElementsAre("b.json: /Portcullis/Quotas/Flows: 6000 differs from the one in a.json: /Portcullis/Quotas/Flows"));
}

TEST(Merge, JoinsTheListsOfPortcullis) {
    const json more = json::parse(R"({"Portcullis": {"Bridges": [{"Device": "br1"}]}})");
    EXPECT_THAT(parse_all({small_model(), more}).model.value_or(Model{}).bridges, SizeIs(2));
}

TEST(Merge, RefusesEveryScalarOfPortcullisWithTwoValues) {
    const char* const cases[][3] = {
        {"/Portcullis/Egress/IsolateInstances", "true", "false"},
        {"/Portcullis/OnDeny/Action", R"("reject")", R"("drop")"},
        {"/Portcullis/OnDeny/Log", "true", "false"},
        {"/Portcullis/OnRevoke", R"("keep")", R"("cut")"},
        {"/Portcullis/Quotas/FlowsPerPort", "1", "2"},
        {"/Portcullis/Quotas/HalfOpenPerPort", "1", "2"},
        {"/Portcullis/Ports/0/TrackAll", "true", "false"},
        {"/Portcullis/Ports/0/LinkLocal", R"("mac")", R"("claimed")"},
        {"/Portcullis/Ports/0/IcmpErrors", R"("strict")", R"("related")"},
        {"/Portcullis/Ports/0/OnDeny/Action", R"("reject")", R"("drop")"},
        {"/Portcullis/Ports/0/OnDeny/Log", "true", "false"},
        {"/Portcullis/Ports/0/OnRevoke", R"("keep")", R"("cut")"},
        {"/Portcullis/Ports/0/Quotas/FlowsPerPort", "1", "2"},
        {"/Portcullis/Ports/0/Quotas/HalfOpenPerPort", "1", "2"},
    };
    for (const auto& [at, first, second] : cases) {
        json a = small_model();
        json b = small_model();
        a[json::json_pointer(at)] = json::parse(first);
        EXPECT_THAT(errors_of(parse_all({a, b})), IsEmpty()) << at << ": one that is not given agrees with any";
        EXPECT_THAT(errors_of(parse_all({a, a})), IsEmpty()) << at;
        b[json::json_pointer(at)] = json::parse(second);
        EXPECT_THAT(errors_of(parse_all({a, b})),
                    ElementsAre(std::string("b.json: ") + at + ": " + second + " differs from the one in a.json: " + at));
    }
}

TEST(Merge, KeepsAScalarThatOnlyOneOfTwoDocumentsGives) {
    json plain = small_model();
    json other = small_model();
    plain["Portcullis"]["Bridges"][0].erase("UnknownPorts");
    other["Portcullis"]["Ports"][0]["TrackAll"] = true;
    for (const auto& documents : {std::vector{plain, other}, std::vector{other, plain}}) {
        const Model model = parse_all(documents).model.value_or(Model{});
        ASSERT_THAT(model.ports, SizeIs(1));
        EXPECT_TRUE(model.ports[0].track_all);
        EXPECT_EQ(model.bridges.at(0).unknown_ports, UnknownPorts::Open);
    }
}

// Two documents of the small model, each with its own value at a place.
Model joined(const char* at, const char* first, const char* second) {
    json a = small_model();
    json b = small_model();
    a[json::json_pointer(at)] = json::parse(first);
    b[json::json_pointer(at)] = json::parse(second);
    const auto outcome = parse_all({a, b});
    EXPECT_THAT(errors_of(outcome), IsEmpty());
    return outcome.model.value_or(Model{});
}

TEST(Merge, JoinsTheListsOfOnePortAndOfOneBridge) {
    EXPECT_THAT(joined("/Portcullis/Ports/0/Vlans", "[1, 2]", "[2, 3]").ports.at(0).vlans, ElementsAre(1, 2, 3));
    EXPECT_THAT(joined("/Portcullis/Ports/0/Multicast", R"(["224.0.0.18"])", R"(["ff02::12"])").ports.at(0).multicast, SizeIs(2));
    EXPECT_THAT(joined("/Portcullis/Ports/0/AllowedSources", R"(["192.0.2.0/24"])", "[]").ports.at(0).allowed_sources, SizeIs(1));
    EXPECT_THAT(joined("/Portcullis/Ports/0/AllowedAddresses", R"([{"Address": "10.0.1.50"}])", R"([{"Address": "10.0.1.51"}])")
                    .ports.at(0)
                    .allowed_addresses,
                SizeIs(2));
    EXPECT_THAT(joined("/Portcullis/Bridges/0/Uplinks", R"(["eth1"])", R"(["eth2"])").bridges.at(0).uplinks, ElementsAre("eth1", "eth2"));
}

TEST(Merge, JoinsHostPolicies) {
    EXPECT_THAT(joined("/Portcullis/Egress", R"({"DenyCidrs": ["192.0.2.0/24"]})", R"({"DenyCidrs": ["192.0.2.0/24", "2001:db8:9::/48"]})")
                    .deny_cidrs,
                SizeIs(2));
    EXPECT_THAT(joined("/Portcullis/HostServices", "[]", R"([{"Protocol": "icmp"}])").host_services.value_or(std::vector<HostService>()),
                ElementsAre(HostService{1, {}}));
}

TEST(Merge, JoinsTheWordEc2AndAnObject) {
    for (const char* at : {"/Portcullis/Services", "/Portcullis/Bridges/0/Services", "/Portcullis/Ports/0/Services"}) {
        const Model model = joined(at, R"("ec2")", R"({"Metadata": ["192.0.2.1"]})");
        const bool is_host = std::string(at) == "/Portcullis/Services";
        const bool is_bridge = std::string(at) == "/Portcullis/Bridges/0/Services";
        const Services& services = is_host ? model.services : is_bridge ? model.bridges.at(0).services : model.ports.at(0).services;
        EXPECT_TRUE(services.is_ec2) << at;
        EXPECT_THAT(services.listed, SizeIs(1)) << at;
    }
}

TEST(Merge, TakesARouterByItsMacAndADhcpServerByItsAddress) {
    const Model model =
        joined("/Portcullis/Services",
               R"({"Routers": [{"Mac": "02:00:00:00:00:09", "Addresses": ["192.0.2.1"]}], "DhcpServers": [{"Address": "192.0.2.1"}]})",
               R"({"Routers": [{"Mac": "02:00:00:00:00:09", "Addresses": ["192.0.2.1", "fe80::1"]}],
                   "DhcpServers": [{"Address": "192.0.2.1", "Device": "host"}]})");
    ASSERT_THAT(model.services.routers, SizeIs(1));
    EXPECT_THAT(model.services.routers[0].addresses, SizeIs(2));
    ASSERT_THAT(model.services.dhcp_servers, SizeIs(1));
    EXPECT_EQ(model.services.dhcp_servers[0].device, "host");
}

TEST(Merge, RefusesADenyCidrWithTwoContentsAndADhcpServerWithTwoDevices) {
    json a = small_model();
    json b = small_model();
    a["Portcullis"].update(json::parse(R"({"Egress": {"DenyCidrs": ["192.0.2.0/24"]},
        "Services": {"DhcpServers": [{"Address": "192.0.2.1", "Device": "eth1"}]}})"));
    b["Portcullis"].update(json::parse(R"({"Egress": {"DenyCidrs": [{"Cidr": "192.0.2.0/24", "NewOnly": true}]},
        "Services": {"DhcpServers": [{"Address": "192.0.2.1", "Device": "host"}]}})"));
    EXPECT_THAT(errors_of(parse_all({a, b})),
                ElementsAre("b.json: /Portcullis/Egress/DenyCidrs/0: NewOnly of 192.0.2.0/24 differs from the one in a.json: "
                            "/Portcullis/Egress/DenyCidrs/0",
                            "b.json: /Portcullis/Services/DhcpServers/0: the device of the DHCP server 192.0.2.1 differs from the one in "
                            "a.json: /Portcullis/Services/DhcpServers/0"));
}

TEST(Merge, LetsAListWithoutEntriesAgreeWithAnyContents) {
    const json known = {{"PrefixLists", {{{"PrefixListId", "pl-1"}, {"Cidrs", {"198.51.100.0/24"}}}}}};
    const json unknown = {{"ManagedPrefixLists", {{{"PrefixListId", "pl-1"}, {"AddressFamily", "IPv4"}}}}};
    for (const auto& documents : {std::vector{known, unknown}, std::vector{unknown, known}, std::vector{unknown, known, unknown}}) {
        const auto outcome = parse_all(documents);
        ASSERT_THAT(outcome.findings, IsEmpty());
        ASSERT_THAT(outcome.model->prefix_lists, SizeIs(1));
        EXPECT_TRUE(outcome.model->prefix_lists[0].is_known);
        EXPECT_THAT(outcome.model->prefix_lists[0].cidrs, SizeIs(1));
    }
}

TEST(Merge, GivesRulesTheIdsOfTheirFlatForm) {
    const auto outcome = parse_all({small_model(), {{"SecurityGroupRules", flat_rules()}}});
    ASSERT_THAT(outcome.findings, IsEmpty());
    const auto& rules = outcome.model->security_groups.at(0).rules;
    EXPECT_THAT(rules[kIn], ElementsAre(testing::Field(&SecurityGroupRule::id, "sgr-1"), testing::Field(&SecurityGroupRule::id, "sgr-2"),
                                        testing::Field(&SecurityGroupRule::id, "sgr-3"), testing::Field(&SecurityGroupRule::id, "sgr-4"),
                                        testing::Field(&SecurityGroupRule::id, "sgr-5")));
    EXPECT_THAT(rules[kOut], ElementsAre(testing::Field(&SecurityGroupRule::id, "sgr-6")));
}

TEST(Merge, TakesTheSameFlatRuleTwiceAsOne) {
    json rules = flat_rules();
    rules.push_back(rules[0]);
    EXPECT_THAT(errors_with(rules), IsEmpty());
}

TEST(Merge, RefusesAFlatRuleWithTwoContents) {
    json rules = flat_rules();
    rules.push_back(rules[0]);
    rules[6]["ToPort"] = 81;
    EXPECT_THAT(errors_with(rules), ElementsAre(AllOf(StartsWith("b.json: /SecurityGroupRules/6: \"sgr-1\" differs from the one in"),
                                                      HasSubstr("b.json: /SecurityGroupRules/0"))));
}

TEST(Merge, RefusesAFlatRuleThatItsGroupDoesNotHave) {
    json rules = flat_rules();
    rules.push_back(rules[0]);
    rules[6]["SecurityGroupRuleId"] = "sgr-7";
    rules[6]["FromPort"] = 22;
    EXPECT_THAT(errors_with(rules), ElementsAre(AllOf(StartsWith("b.json: /SecurityGroupRules/6: \"sgr-7\" is not among the permissions"),
                                                      HasSubstr("a.json: /SecurityGroups/0"))));
}

TEST(Merge, RefusesARuleThatTheFlatFormLacks) {
    json rules = flat_rules();
    rules.erase(1);
    EXPECT_THAT(errors_with(rules),
                ElementsAre(StartsWith("a.json: /SecurityGroups/0/IpPermissions/0/Ipv6Ranges/0: SecurityGroupRules has")));
}

TEST(Merge, RefusesFlatRulesOfAGroupWithoutADocument) {
    EXPECT_THAT(errors_of(parse_json({{"SecurityGroupRules", {flat_rules()[0]}}})),
                ElementsAre("model.json: /SecurityGroupRules/0: the group \"sg-1\" has no document of its own under SecurityGroups"));
}

TEST(Merge, RefusesAFlatRuleThatIsNotWhole) {
    const Change changes[] = {
        {"/0/SecurityGroupRuleId", "null", "/SecurityGroupRules/0: SecurityGroupRuleId is missing"},
        {"/0/IsEgress", "null", "/SecurityGroupRules/0: IsEgress is missing"},
        {"/0/CidrIpv6", R"("::/0")", "/SecurityGroupRules/0: a rule has one source"},
        {"/0/FromPort", "null", "/SecurityGroupRules/0: FromPort is missing"},
        {"/0/CidrIpv4", R"("192.0.2.0")", "/SecurityGroupRules/0/CidrIpv4: \"192.0.2.0\" is not an IPv4 CIDR"},
        {"/3/ReferencedGroupInfo/GroupId", R"("")", "/SecurityGroupRules/3/ReferencedGroupInfo/GroupId: an identifier must not be empty"},
    };
    for (const Change& change : changes) {
        json rules = flat_rules();
        rules[json::json_pointer(change.at)] = json::parse(change.value);
        EXPECT_THAT(errors_with(rules), testing::Contains(HasSubstr(change.pointer)));
    }
}

TEST(Merge, WarnsOfAFlatReferenceThatNamesNoGroup) {
    json rules = flat_rules();
    rules.push_back({{"SecurityGroupRuleId", "sgr-7"}, {"GroupId", "sg-1"}, {"IsEgress", true}, {"IpProtocol", "-1"}});
    rules[6]["ReferencedGroupInfo"] = {{"UserId", "123456789012"}};
    const auto outcome = parse_all({small_model(), {{"SecurityGroupRules", rules}}});
    EXPECT_THAT(errors_of(outcome), IsEmpty());
    EXPECT_THAT(warnings_of(outcome), ElementsAre(HasSubstr("a reference without GroupId matches nothing")));
}

}  // namespace
}  // namespace portcullis
