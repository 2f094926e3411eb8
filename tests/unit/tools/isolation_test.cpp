// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/isolation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::vector<Document> documents_of(const json& model) { return {{.name = "model.json", .text = model.dump()}}; }

Result<IsolatedModel> isolated(const std::vector<Document>& offered, const json& accepted) {
    return isolate(offered, parse(offered).findings, accepted.is_null() ? std::vector<Document>{} : documents_of(accepted));
}
Result<IsolatedModel> isolated(const json& offered, const json& accepted) { return isolated(documents_of(offered), accepted); }

std::string refusal_of(const Result<IsolatedModel>& model) { return model ? "" : model.error().message; }

// "security-groups/sg-1 keeps its last accepted content" per object.
std::vector<std::string> objects_of(const Result<IsolatedModel>& model) {
    std::vector<std::string> texts;
    if (!model) {
        texts.push_back("refused: " + model.error().message);
    }
    for (const IsolatedObject& object : model ? model->objects : std::vector<IsolatedObject>{}) {
        texts.push_back(document_name(object.name) + ' ' + std::string(to_string(object.in_force)));
    }
    return texts;
}

Model model_of(const Result<IsolatedModel>& isolated) {
    const ParseOutcome parsed = parse(isolated ? isolated->documents : std::vector<Document>{});
    EXPECT_THAT(errors_of(parsed), IsEmpty());
    return parsed.model.value_or(Model{});
}

template <class T>
const T* find(const std::vector<T>& objects, const std::string& id) {
    const auto found = std::ranges::find(objects, id, &T::id);
    return found == objects.end() ? nullptr : &*found;
}

json faulty_rule() { return {{"IpProtocol", "tcp"}, {"FromPort", 22}, {"ToPort", 70000}, {"IpRanges", {{{"CidrIp", "0.0.0.0/0"}}}}}; }

// A further interface, which no port names.
json interface_of(const std::string& id, const std::string& address, const std::string& group = "sg-1") {
    return {{"NetworkInterfaceId", id},
            {"VpcId", "vpc-1"},
            {"SubnetId", "subnet-1"},
            {"PrivateIpAddress", address},
            {"Groups", json::array({{{"GroupId", group}}})}};
}

TEST(Isolation, FaultyGroupKeepsItsLastAcceptedRulesAndTheRestIsAsOffered) {
    json offered = small_model();
    offered["SecurityGroups"][0]["IpPermissions"] = json::array({faulty_rule()});
    offered["PrefixLists"][0]["Cidrs"] = {"203.0.113.0/24"};
    const auto model = isolated(offered, small_model());
    ASSERT_THAT(objects_of(model), ElementsAre("security-groups/sg-1 keeps its last accepted content"));
    EXPECT_THAT(model->objects[0].reasons[0].to_string(), StartsWith("model.json: /SecurityGroups/0/IpPermissions/0/ToPort: 70000"));
    const Model in_force = model_of(model);
    EXPECT_THAT(in_force.security_groups.at(0).rules[1],
                SizeIs(find(parse_json(small_model()).model->security_groups, "sg-1")->rules[1].size()));
    EXPECT_EQ(find(in_force.prefix_lists, "pl-1")->cidrs.at(0).to_string(), "203.0.113.0/24");
}

TEST(Isolation, NewFaultyGroupHasNoRules) {
    json offered = small_model();
    offered["SecurityGroups"].push_back({{"GroupId", "sg-2"}, {"VpcId", "vpc-1"}, {"IpPermissions", json::array({faulty_rule()})}});
    offered["NetworkInterfaces"][0]["Groups"].push_back({{"GroupId", "sg-2"}});
    const auto model = isolated(offered, small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("security-groups/sg-2 matches nothing"));
    const Model in_force = model_of(model);
    EXPECT_THAT(find(in_force.security_groups, "sg-2")->rules[0], IsEmpty());
    EXPECT_THAT(find(in_force.security_groups, "sg-2")->rules[1], IsEmpty());
    EXPECT_THAT(in_force.network_interfaces.at(0).group_ids, SizeIs(2));
}

TEST(Isolation, FlatRulesGoWithTheirGroupAndComeBackWithIt) {
    json accepted = small_model();
    accepted["SecurityGroups"][0]["IpPermissions"] = json::array();
    accepted["SecurityGroupRules"] = json::array({{{"SecurityGroupRuleId", "sgr-1"},
                                                   {"GroupId", "sg-1"},
                                                   {"IsEgress", true},
                                                   {"IpProtocol", "-1"},
                                                   {"FromPort", -1},
                                                   {"ToPort", -1},
                                                   {"CidrIpv4", "0.0.0.0/0"}}});
    ASSERT_THAT(errors_of(parse_json(accepted)), IsEmpty());
    json offered = accepted;
    offered["SecurityGroupRules"][0]["CidrIpv4"] = "192.0.2.0/24";  // the group says otherwise
    const auto model = isolated(offered, accepted);
    ASSERT_THAT(objects_of(model), ElementsAre("security-groups/sg-1 keeps its last accepted content"));
    EXPECT_EQ(model_of(model).security_groups.at(0).rules[0].at(0).id, "sgr-1");
}

TEST(Isolation, NewFaultyListHoldsNothing) {
    json offered = small_model();
    offered["ManagedPrefixLists"].push_back({{"PrefixListId", "pl-9"}, {"Entries", {{{"Cidr", "192.0.2.0/33"}}}}});
    const auto model = isolated(offered, small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("prefix-lists/pl-9 matches nothing"));
    EXPECT_THAT(find(model_of(model).prefix_lists, "pl-9")->cidrs, IsEmpty());
}

TEST(Isolation, FaultyAclKeepsItsLastEntriesOnTheSubnetsThatAreOffered) {
    json offered = small_model();
    offered["Subnets"].push_back({{"SubnetId", "subnet-2"}, {"VpcId", "vpc-1"}, {"CidrBlock", "10.0.2.0/24"}});
    offered["NetworkAcls"][0]["Associations"].push_back({{"SubnetId", "subnet-2"}});
    offered["NetworkAcls"][0]["Entries"][0]["RuleNumber"] = 99999;
    const auto model = isolated(offered, small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("network-acls/acl-1 keeps its last accepted content"));
    const NetworkAcl acl = model_of(model).network_acls.at(0);
    EXPECT_THAT(acl.entries[1], SizeIs(2));
    EXPECT_THAT(acl.subnet_ids, ElementsAre("subnet-1", "subnet-2"));
}

// Without its associations, what it is to deny would be judged by the VPC's default ACL.
TEST(Isolation, NewFaultyAclDeniesEverythingOnItsSubnets) {
    json offered = small_model();
    offered["NetworkAcls"][0]["Associations"] = json::array();
    offered["NetworkAcls"].push_back(
        {{"NetworkAclId", "acl-2"},
         {"VpcId", "vpc-1"},
         {"Associations", {{{"SubnetId", "subnet-1"}}}},
         {"Entries", {{{"RuleNumber", 100}, {"Egress", false}, {"RuleAction", "forbid"}, {"Protocol", "-1"}}}}});
    const auto model = isolated(offered, small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("network-acls/acl-2 matches nothing"));
    const Model in_force = model_of(model);
    const NetworkAcl* const acl = find(in_force.network_acls, "acl-2");
    EXPECT_THAT(acl->entries[0], IsEmpty());
    EXPECT_THAT(acl->entries[1], IsEmpty());
    EXPECT_THAT(acl->subnet_ids, ElementsAre("subnet-1"));
}

TEST(Isolation, AclWhoseSubnetsAreInDoubtRefusesEverything) {
    json unreadable = small_model();
    unreadable["NetworkAcls"][0]["Associations"][0]["SubnetId"] = 7;
    EXPECT_THAT(refusal_of(isolated(unreadable, small_model())), HasSubstr("/NetworkAcls/0/Associations/0/SubnetId"));
    json elsewhere = small_model();
    elsewhere["NetworkAcls"].push_back(elsewhere["NetworkAcls"][0]);
    elsewhere["NetworkAcls"][1]["NetworkAclId"] = "acl-2";
    EXPECT_THAT(refusal_of(isolated(elsewhere, small_model())), HasSubstr("has another ACL"));
    std::string text = small_model().dump();
    const std::string key = "\"Associations\":[";
    text.replace(text.find(key), key.size(), "\"Associations\":[],\"Associations\":[");
    const std::vector<Document> repeated{{.name = "model.json", .text = text}};
    EXPECT_THAT(refusal_of(isolated(repeated, small_model())), HasSubstr("more than once"));
}

TEST(Isolation, TwoContentsOfOneAclGiveWayToTheLastEntriesUnlessTheirSubnetsDiffer) {
    json second = {{"NetworkAcls", small_model()["NetworkAcls"]}};
    second["NetworkAcls"][0]["Entries"].erase(0);
    const auto of = [](const json& first, const json& more) {
        return std::vector<Document>{{.name = "a.json", .text = first.dump()}, {.name = "b.json", .text = more.dump()}};
    };
    const auto model = isolated(of(small_model(), second), small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("network-acls/acl-1 keeps its last accepted content"));
    EXPECT_THAT(model_of(model).network_acls.at(0).entries[1], SizeIs(2));
    second["NetworkAcls"][0]["Associations"] = json::array();
    EXPECT_THAT(refusal_of(isolated(of(small_model(), second), small_model())), HasSubstr("differs from the one in"));
}

TEST(Isolation, FaultyInterfaceKeepsItsLastContentAndANewOneIsClosed) {
    json offered = small_model();
    offered["NetworkInterfaces"][0]["MacAddress"] = "01:00:00:00:00:01";
    const auto kept = isolated(offered, small_model());
    EXPECT_THAT(objects_of(kept), ElementsAre("network-interfaces/eni-1 keeps its last accepted content"));
    EXPECT_EQ(model_of(kept).network_interfaces.at(0).mac->to_string(), "02:00:00:00:00:01");
    const auto closed = isolated(offered, json());
    EXPECT_THAT(objects_of(closed), ElementsAre("network-interfaces/eni-1 matches nothing"));
    const Model in_force = model_of(closed);
    EXPECT_THAT(in_force.network_interfaces, IsEmpty());
    EXPECT_EQ(in_force.closed_interfaces.at(0).id, "eni-1");
    EXPECT_THAT(in_force.ports, SizeIs(1));
}

TEST(Isolation, InterfaceThatNamesAnUnknownGroupIsAtFaultAndClosedWhereItWasSoBefore) {
    json offered = small_model();
    offered["NetworkInterfaces"][0]["Groups"] = json::array({{{"GroupId", "sg-9"}}});
    EXPECT_THAT(objects_of(isolated(offered, small_model())), ElementsAre("network-interfaces/eni-1 keeps its last accepted content"));
    json without = small_model();
    without["SecurityGroups"][0]["GroupId"] = "sg-2";
    EXPECT_THAT(objects_of(isolated(without, small_model())), ElementsAre("network-interfaces/eni-1 matches nothing"));
}

TEST(Isolation, LastContentThatNoLongerStandsIsNotKept) {
    json offered = small_model();  // eni-1 is faulty, and the group that it was of is gone
    offered["SecurityGroups"][0]["GroupId"] = "sg-2";
    offered["NetworkInterfaces"][0]["MacAddress"] = "none";
    const auto model = isolated(offered, small_model());
    EXPECT_THAT(objects_of(model), ElementsAre("network-interfaces/eni-1 matches nothing"));
    std::vector<std::string> reasons;
    for (const Finding& finding : model->objects[0].reasons) {
        reasons.push_back(finding.to_string());
    }
    EXPECT_THAT(reasons, Contains(HasSubstr("/MacAddress: ")));
    EXPECT_THAT(reasons.back(), HasSubstr("\"sg-1\" has no document"));
}

TEST(Isolation, RulesOfAGroupThatReferToWhatIsGoneMatchNothing) {
    json accepted = small_model();
    accepted["SecurityGroups"].push_back({{"GroupId", "sg-2"},
                                          {"VpcId", "vpc-1"},
                                          {"IpPermissions", {{{"IpProtocol", "-1"}, {"UserIdGroupPairs", {{{"GroupId", "sg-3"}}}}}}}});
    accepted["SecurityGroups"].push_back({{"GroupId", "sg-3"}, {"VpcId", "vpc-1"}});
    json offered = accepted;
    offered["SecurityGroups"].erase(2);
    offered["SecurityGroups"][1]["IpPermissions"].push_back(faulty_rule());
    const auto model = isolated(offered, accepted);
    EXPECT_THAT(objects_of(model), ElementsAre("security-groups/sg-2 keeps its last accepted content"));
    const Model in_force = model_of(model);
    EXPECT_EQ(find(in_force.security_groups, "sg-3"), nullptr);
    EXPECT_THAT(find(in_force.security_groups, "sg-2")->rules[1], SizeIs(1));
}

// The newcomer is at fault wherever it stands, not whoever had the address.
TEST(Isolation, OfTwoInterfacesWithOneAddressTheOneThatChangedGivesWay) {
    for (const bool is_first : {true, false}) {
        json offered = small_model();
        auto& interfaces = offered["NetworkInterfaces"];
        interfaces.insert(is_first ? interfaces.begin() : interfaces.end(), interface_of("eni-2", "10.0.1.10"));
        const auto model = isolated(offered, small_model());
        EXPECT_THAT(objects_of(model), ElementsAre("network-interfaces/eni-2 matches nothing")) << is_first;
        EXPECT_THAT(model_of(model).network_interfaces, SizeIs(1));
    }
}

TEST(Isolation, OfTwoNewInterfacesWithOneAddressNeitherHasIt) {
    json offered = small_model();
    offered["NetworkInterfaces"].push_back(interface_of("eni-2", "10.0.1.70"));
    offered["NetworkInterfaces"].push_back(interface_of("eni-3", "10.0.1.70"));
    EXPECT_THAT(objects_of(isolated(offered, small_model())),
                ElementsAre("network-interfaces/eni-2 matches nothing", "network-interfaces/eni-3 matches nothing"));
}

TEST(Isolation, InterfaceThatIsAsItWasAndAtOddsWithTheHostsServicesRefusesEverything) {
    json offered = small_model();
    offered["Portcullis"]["Services"] = {{"DnsResolvers", {"10.0.1.10"}}};
    EXPECT_THAT(refusal_of(isolated(offered, small_model())), HasSubstr("holds 10.0.1.10"));
}

TEST(Isolation, ErrorsOutsideTheFourKindsRefuseEverything) {
    const auto refused = [](const char* pointer, const json& value) {
        json offered = small_model();
        offered[json::json_pointer(pointer)] = value;
        EXPECT_THAT(errors_of(parse_json(offered)), testing::Not(IsEmpty())) << pointer;
        return refusal_of(isolated(offered, small_model()));
    };
    EXPECT_THAT(refused("/Vpcs/0/CidrBlock", "10.0.0.0/40"), HasSubstr("/Vpcs/0"));
    EXPECT_THAT(refused("/Subnets/0/CidrBlock", "10.0.1.0/99"), HasSubstr("/Subnets/0"));
    EXPECT_THAT(refused("/Portcullis/Egress", {{"DenyCidrs", {"172.20.0.0/99"}}}), HasSubstr("/Portcullis/Egress/DenyCidrs/0"));
    EXPECT_THAT(refused("/Portcullis/Egres", json::object()), HasSubstr("unknown key"));
    EXPECT_THAT(refused("/SecurityGroups/0/GroupId", nullptr), HasSubstr("/SecurityGroups/0"));
    EXPECT_THAT(refused("/SecurityGroups/0", "text"), HasSubstr("/SecurityGroups/0"));
    EXPECT_THAT(refused("/NetworkInterfaces", "text"), HasSubstr("/NetworkInterfaces"));
    EXPECT_THAT(refused("/NextToken", "more"), HasSubstr("incomplete"));
    EXPECT_THAT(
        refusal_of(isolated(std::vector<Document>{{.name = "cut.json", .text = small_model().dump().substr(0, 400)}}, small_model())),
        HasSubstr("cut.json"));
}

// The reader of JSON that edits documents keeps the last of two ids, and ours tells of both.
TEST(Isolation, ObjectWithTwoIdsRefusesEverything) {
    std::string text = small_model().dump();
    const std::string key = "\"GroupId\":\"sg-1\",\"GroupName\":\"web\",\"IpPermissions\"";
    ASSERT_NE(text.find(key), std::string::npos);
    text.replace(text.find(key), 0, "\"GroupId\":\"sg-0\",");
    EXPECT_THAT(refusal_of(isolated(std::vector<Document>{{.name = "model.json", .text = text}}, small_model())),
                HasSubstr("more than once"));
}

TEST(Isolation, FlatRuleOfAGroupThatIsNotOfferedDoesNotBringItBack) {
    json offered = small_model();
    offered["SecurityGroupRules"] = json::array(
        {{{"SecurityGroupRuleId", "sgr-1"}, {"GroupId", "sg-7"}, {"IsEgress", true}, {"IpProtocol", "-1"}, {"CidrIpv4", "0.0.0.0/0"}}});
    EXPECT_THAT(refusal_of(isolated(offered, small_model())), HasSubstr("/SecurityGroupRules/0"));
}

TEST(Isolation, NoInterfaceIsIsolatedWhereInstancesAreDeniedEachOthersAddresses) {
    json accepted = small_model();
    accepted["Portcullis"]["Egress"] = {{"IsolateInstances", true}};
    json offered = accepted;
    offered["NetworkInterfaces"].push_back(interface_of("eni-2", "10.0.1.300"));
    EXPECT_THAT(refusal_of(isolated(offered, accepted)), HasSubstr("IsolateInstances"));
}

TEST(Isolation, PlacesOfLaterErrorsAreThoseOfTheFile) {
    json offered = small_model();
    auto& interfaces = offered["NetworkInterfaces"];
    interfaces.insert(interfaces.begin(), interface_of("eni-0", "none"));  // found first, and taken out
    interfaces.push_back(interface_of("eni-2", "10.0.1.10"));              // found when all can be read
    const auto model = isolated(offered, small_model());
    ASSERT_THAT(objects_of(model), ElementsAre("network-interfaces/eni-0 matches nothing", "network-interfaces/eni-2 matches nothing"));
    EXPECT_EQ(model->objects[1].reasons.at(0).position.pointer, "/NetworkInterfaces/2");
}

TEST(Isolation, WhatWasIsolatedAsNothingBeforeStillIsNothing) {
    json offered = small_model();
    offered["SecurityGroups"].push_back({{"GroupId", "sg-2"}, {"IpPermissions", json::array({faulty_rule()})}});
    offered["NetworkInterfaces"].push_back(interface_of("eni-2", "none"));
    const auto first = isolated(offered, small_model());
    ASSERT_THAT(objects_of(first), SizeIs(2));
    const std::vector<Document> again = documents_of(offered);
    const auto second = isolate(again, parse(again).findings, first->documents);
    EXPECT_EQ(objects_of(second), objects_of(first));
}

}  // namespace
}  // namespace portcullis
