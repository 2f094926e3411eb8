// SPDX-License-Identifier: Apache-2.0
// What must be true of the model as a whole.
#include "compiler/validate/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A second interface beside that of the small model, bound to nothing.
json second_interface() {
    return json::parse(R"({"NetworkInterfaceId": "eni-2", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": "02:00:00:00:00:02",
                           "PrivateIpAddress": "10.0.1.20", "Groups": [{"GroupId": "sg-1"}]})");
}

json with_second_interface(const char* change) {
    json document = small_model();
    document["NetworkInterfaces"].push_back(second_interface());
    document["NetworkInterfaces"][1].update(json::parse(change));
    return document;
}

json bind_second(json document) {
    document["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-2"}, {"Device", "tap1"}});
    return document;
}

TEST(Validate, DemandsThatABoundInterfaceFindsEverythingItNames) {
    const char* const changes[][2] = {{R"({"VpcId": "vpc-9"})", R"(the VPC "vpc-9" has no document)"},
                                      {R"({"SubnetId": "subnet-9"})", R"(the subnet "subnet-9" has no document)"},
                                      {R"({"Groups": [{"GroupId": "sg-9"}]})", R"(the security group "sg-9" has no document)"}};
    for (const auto& [change, message] : changes) {
        const json document = with_second_interface(change);
        EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
        EXPECT_THAT(warnings_of(parse_json(document)), Contains(HasSubstr(message)));
        EXPECT_THAT(errors_of(parse_json(bind_second(document))), Contains(AllOf(HasSubstr("/NetworkInterfaces/1: "), HasSubstr(message))));
    }
}

TEST(Validate, DemandsAMacOfABoundInterface) {
    const json document = with_second_interface(R"({"MacAddress": null})");
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
    EXPECT_THAT(errors_of(parse_json(bind_second(document))), ElementsAre(HasSubstr("/NetworkInterfaces/1: it has no MacAddress")));
}

TEST(Validate, DemandsThatSubnetAndInterfaceAreInOneVpc) {
    json document = with_second_interface(R"({"VpcId": "vpc-2"})");
    document["Vpcs"].push_back({{"VpcId", "vpc-2"}, {"CidrBlock", "10.1.0.0/16"}});
    EXPECT_THAT(warnings_of(parse_json(document)), ElementsAre(HasSubstr("is not that of its subnet")));
    EXPECT_THAT(errors_of(parse_json(bind_second(document))), ElementsAre(HasSubstr("is not that of its subnet")));
}

TEST(Validate, RefusesAPortOfAnUnknownInterface) {
    EXPECT_THAT(errors_of(parse_json(bind_second(small_model()))),
                ElementsAre("model.json: /Portcullis/Ports/1: the interface \"eni-2\" has no document"));
}

TEST(Validate, RefusesTwoClaimsOnADeviceOrAnInterface) {
    json document = with_second_interface("{}");
    document["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-2"}, {"Device", "tap0"}});
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(AllOf(StartsWith("model.json: /Portcullis/Ports/1: the device \"tap0\""),
                                                                   HasSubstr("in model.json: /Portcullis/Ports/0"))));
    document["Portcullis"]["Ports"][1] = {{"NetworkInterfaceId", "eni-1"}, {"Device", "tap1"}};
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("the interface \"eni-1\" is claimed for \"tap0\"")));
}

TEST(Validate, GivesADeviceOnePart) {
    const char* const bridges[] = {R"([{"Device": "tap0"}])", R"([{"Device": "br0", "Uplinks": ["tap0"]}])",
                                   R"([{"Device": "br0", "Uplinks": ["br0"]}])",
                                   R"([{"Device": "br0", "Uplinks": ["eth1"]}, {"Device": "br1", "Uplinks": ["eth1"]}])",
                                   R"([{"Device": "br0", "Uplinks": ["br1"]}, {"Device": "br1"}])"};
    for (const char* list : bridges) {
        json document = small_model();
        document["Portcullis"]["Bridges"] = json::parse(list);
        EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("/Portcullis/Bridges/"))) << list;
    }
}

TEST(Validate, RefusesAnAddressOfTwoInterfacesOfAVpc) {
    const char* const changes[] = {R"({"PrivateIpAddress": "10.0.1.11"})", R"({"PrivateIpAddress": "10.0.1.40"})",
                                   R"({"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}]})",
                                   R"({"Ipv6Addresses": [{"Ipv6Address": "2001:db8::10"}]})",
                                   R"({"Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:0:1:2::/96"}]})"};
    for (const char* change : changes) {
        EXPECT_THAT(errors_of(parse_json(with_second_interface(change))), Contains(HasSubstr("an interface of the same VPC"))) << change;
    }
}

TEST(Validate, LetsInterfacesOfDifferentVpcsShareAnAddress) {
    json document = with_second_interface(R"({"PrivateIpAddress": "10.0.1.10", "VpcId": "vpc-2", "SubnetId": "subnet-2"})");
    document["Vpcs"].push_back({{"VpcId", "vpc-2"}, {"CidrBlock", "10.0.0.0/16"}});
    document["Subnets"].push_back({{"SubnetId", "subnet-2"}, {"VpcId", "vpc-2"}, {"CidrBlock", "10.0.1.0/24"}});
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
}

TEST(Validate, KeepsTheRangesOfVpcsApartWhereOneContainsTheOther) {
    Model model;
    model.vpcs = {{.id = "vpc-1"}, {.id = "vpc-2"}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {Prefix::parse("10.0.0.0/8")->prefix}},
                     {.id = "subnet-2", .vpc_id = "vpc-2", .cidrs = {Prefix::parse("10.0.0.0/16")->prefix}}};
    EXPECT_THAT(validate(model), IsEmpty());
}

TEST(Validate, WarnsOfOverlappingVpcsWhoseInterfacesAreBound) {
    json document = with_second_interface(R"({"PrivateIpAddress": "10.0.1.10", "VpcId": "vpc-2", "SubnetId": "subnet-2"})");
    document["Vpcs"].push_back({{"VpcId", "vpc-2"}, {"CidrBlock", "10.0.0.0/16"}});
    document["Subnets"].push_back({{"SubnetId", "subnet-2"}, {"VpcId", "vpc-2"}, {"CidrBlock", "10.0.1.0/24"}});
    document.erase("NetworkAcls");
    const auto outcome = parse_json(bind_second(document));
    EXPECT_THAT(errors_of(outcome), IsEmpty());
    EXPECT_THAT(warnings_of(outcome), ElementsAre(HasSubstr("/Vpcs/1: 10.0.0.0/16 overlaps 10.0.0.0/16 of \"vpc-1\"")));
}

TEST(Validate, LetsAnInterfacesOwnPrefixesNest) {
    json document = small_model();
    document["NetworkInterfaces"][0]["PrivateIpAddresses"].push_back({{"PrivateIpAddress", "10.0.1.33"}});
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
}

TEST(Validate, RefusesOverlappingSubnetsOnlyWhereOneIsInUseHere) {
    json document = small_model();
    document["Subnets"].push_back({{"SubnetId", "subnet-2"}, {"VpcId", "vpc-1"}, {"CidrBlock", "10.0.0.0/20"}});
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("10.0.1.0/24 overlaps 10.0.0.0/20 of \"subnet-2\"")));
    document["Portcullis"]["Ports"].clear();
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    EXPECT_THAT(warnings_of(parse_json(document)), ElementsAre(HasSubstr("a subnet of the same VPC")));
}

TEST(Validate, RefusesAMacOfABoundInterfaceTwiceInItsVpc) {
    const json document = with_second_interface(R"({"MacAddress": "02:00:00:00:00:01"})");
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("the MAC 02:00:00:00:00:01 is also that of \"eni-1\"")));
}

TEST(Validate, WarnsOfAMacTwiceElsewhere) {
    json document = with_second_interface(R"({"MacAddress": "02:00:00:00:00:01"})");
    document["Portcullis"]["Ports"].clear();
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    EXPECT_THAT(warnings_of(parse_json(document)), ElementsAre(HasSubstr("the MAC 02:00:00:00:00:01 is also that of")));
}

TEST(Validate, RefusesASubnetInTwoAcls) {
    json document = small_model();
    document["NetworkAcls"].push_back({{"NetworkAclId", "acl-2"}, {"VpcId", "vpc-1"}, {"Associations", {{{"SubnetId", "subnet-1"}}}}});
    EXPECT_THAT(errors_of(parse_json(document)),
                ElementsAre("model.json: /NetworkAcls/1: the subnet \"subnet-1\" has another ACL in model.json: /NetworkAcls/0"));
}

TEST(Validate, RefusesTwoDefaultAclsInAVpc) {
    json document = small_model();
    document["NetworkAcls"].push_back({{"NetworkAclId", "acl-2"}, {"VpcId", "vpc-1"}, {"IsDefault", true}});
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("/NetworkAcls/1: the default of VPC \"vpc-1\" has another ACL")));
}

TEST(Validate, RefusesAnAclOfASubnetInAnotherVpc) {
    json document = small_model();
    document["NetworkAcls"][0]["VpcId"] = "vpc-2";
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("the subnet \"subnet-1\" is in another VPC")));
}

TEST(Validate, RefusesOneRuleNumberWithTwoContentsInADirectionAndFamily) {
    json document = small_model();
    auto& entries = document["NetworkAcls"][0]["Entries"];
    entries.push_back(entries[0]);
    EXPECT_THAT(parse_json(document).findings, IsEmpty());
    entries.back()["RuleAction"] = "deny";
    EXPECT_THAT(errors_of(parse_json(document)),
                ElementsAre(HasSubstr("/NetworkAcls/0/Entries/5: rule number 100 stands in its direction")));
}

TEST(Validate, DemandsAnAclForEverySubnetInUseHereOnceAclsAreUsed) {
    json document = small_model();
    document["NetworkAcls"] = json::array();
    EXPECT_THAT(errors_of(parse_json(document)), ElementsAre(HasSubstr("/Subnets/0: neither an ACL of the subnet nor a default one")));
    document.erase("NetworkAcls");
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    document = small_model();
    document["NetworkAcls"][0]["Associations"] = json::array();
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty()) << "the default ACL of the VPC holds";
}

TEST(Validate, LimitsTheGroupsOfAnInterface) {
    json document = small_model();
    document.erase("Portcullis");
    for (int i = 0; i < 15; ++i) {
        document["NetworkInterfaces"][0]["Groups"].push_back({{"GroupId", "sg-x" + std::to_string(i)}});
    }
    EXPECT_THAT(errors_of(parse_json(document)), IsEmpty());
    document["NetworkInterfaces"][0]["Groups"].push_back({{"GroupId", "sg-y"}});
    EXPECT_THAT(errors_of(parse_json(document)),
                ElementsAre("model.json: /NetworkInterfaces/0: 17 groups of one interface are more than the limit of 16"));
}

TEST(Validate, LimitsThePortsOfAHost) {
    Model model;
    for (int i = 0; i < 1025; ++i) {
        const std::string number = std::to_string(i);
        model.network_interfaces.push_back({.id = "eni-" + number});
        model.ports.push_back({.network_interface_id = "eni-" + number, .device = "tap" + number, .position = {"a.json", "/" + number}});
    }
    const auto is_limit = [](const Finding& finding) { return finding.message.find("limit") != std::string::npos; };
    const auto findings = validate(model);
    const auto limit = std::find_if(findings.begin(), findings.end(), is_limit);
    ASSERT_NE(limit, findings.end());
    EXPECT_EQ(limit->to_string(), "a.json: /1024: 1025 ports of one host are more than the limit of 1024");
}

TEST(Validate, LimitsRulesAndListEntries) {
    Model model;
    model.security_groups.push_back({.id = "sg-1"});
    model.security_groups[0].rules[0].resize(1'000'000);
    model.network_acls.push_back({.id = "acl-1"});
    model.network_acls[0].entries[1].resize(1);
    model.prefix_lists.push_back({.id = "pl-1", .is_known = true, .cidrs = std::vector<Prefix>(1'000'001)});
    EXPECT_THAT(validate(model), ElementsAre(testing::Field(&Finding::message, HasSubstr("1000001 rules and ACL entries")),
                                             testing::Field(&Finding::message, HasSubstr("1000001 prefix list entries"))));
}

TEST(Validate, ReportsEachOfManyEqualAddressesOnce) {
    Model model;
    for (int i = 0; i < 2'000; ++i) {
        model.network_interfaces.push_back(
            {.id = "eni-" + std::to_string(i), .vpc_id = "vpc-1", .addresses = {Address::ipv4(10, 0, 0, 1)}});
    }
    const auto findings = validate(model);
    const auto errors =
        std::count_if(findings.begin(), findings.end(), [](const auto& f) { return f.severity == Finding::Severity::Error; });
    EXPECT_EQ(errors, 1'999);
}

}  // namespace
}  // namespace portcullis
