// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/model_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<ObjectDifference> diff(const json& before, const json& after) {
    return diff_models(*parse_json(before).model, *parse_json(after).model, RuleTexts::Yes);
}

// "changed security-groups/sg-1".
std::vector<std::string> names_of(const std::vector<ObjectDifference>& differences) {
    std::vector<std::string> names;
    for (const ObjectDifference& one : differences) {
        names.push_back(std::string(to_string(one.change)) + ' ' + std::string(one.kind) + '/' + one.id);
    }
    return names;
}

TEST(ModelDiff, SameContentInAnotherOrderIsNoDifference) {
    json other = small_model();
    json& permissions = other["SecurityGroups"][0]["IpPermissions"];
    std::swap(permissions[0], permissions[1]);
    other["NetworkInterfaces"][0]["Status"] = "something else";
    std::reverse(other["NetworkAcls"][0]["Entries"].begin(), other["NetworkAcls"][0]["Entries"].end());
    EXPECT_THAT(diff(small_model(), other), IsEmpty());
    EXPECT_EQ(to_line(diff(small_model(), other), 100), "no difference");
}

TEST(ModelDiff, RulesOfAGroupAreToldOneByOne) {
    json other = small_model();
    other["SecurityGroups"][0]["IpPermissions"][1] = {
        {"IpProtocol", "tcp"}, {"FromPort", 22}, {"ToPort", 22}, {"IpRanges", {{{"CidrIp", "203.0.113.0/24"}}}}};
    const auto differences = diff(small_model(), other);
    ASSERT_THAT(names_of(differences), ElementsAre("changed security-groups/sg-1"));
    EXPECT_THAT(differences[0].added_rules, ElementsAre("sg-1 ingress tcp 22 from 203.0.113.0/24"));
    EXPECT_THAT(differences[0].removed_rules, ElementsAre("sg-1 ingress icmp 8/* from 0.0.0.0/0"));
    EXPECT_EQ(to_line(differences, 100), "~security-groups/sg-1 (+1 -1 rules)");
}

TEST(ModelDiff, EntryOfAnAclIsToldWithWhatItDoes) {
    json other = small_model();
    other["NetworkAcls"][0]["Entries"][0]["RuleAction"] = "deny";
    const auto differences = diff(small_model(), other);
    ASSERT_THAT(names_of(differences), ElementsAre("changed network-acls/acl-1"));
    EXPECT_THAT(differences[0].added_rules, ElementsAre("acl-1 ingress 100 ipv4 deny tcp 22-443 0.0.0.0/0"));
    EXPECT_THAT(differences[0].removed_rules, ElementsAre("acl-1 ingress 100 ipv4 allow tcp 22-443 0.0.0.0/0"));
}

TEST(ModelDiff, EveryKindOfObjectThatGoesOrChangesIsTold) {
    json other = small_model();
    other["Vpcs"][0]["CidrBlockAssociationSet"][1]["CidrBlockState"]["State"] = "associated";
    other["Subnets"][0]["CidrBlock"] = "10.0.0.0/23";
    other["PrefixLists"][0]["Cidrs"].push_back("203.0.113.0/24");
    other["ManagedPrefixLists"] = json::array();
    other["NetworkInterfaces"][0]["SourceDestCheck"] = false;
    other["Portcullis"]["Ports"][0]["TrackAll"] = true;
    other["Portcullis"]["Bridges"][0]["UnknownPorts"] = "closed";
    other["Portcullis"]["Quotas"]["Flows"] = 6000;
    other["Portcullis"]["OnRevoke"] = "cut";
    other["Portcullis"]["OnDeny"] = {{"Log", true}};
    other["Portcullis"]["HostServices"] = json::array();
    other["Portcullis"]["Egress"] = {{"IsolateInstances", true}};
    other["Portcullis"]["Services"] = {{"TimeServers", {"169.254.169.123"}}};
    EXPECT_THAT(
        names_of(diff(small_model(), other)),
        UnorderedElementsAre("changed ports/eni-1", "changed bridges/br0", "changed network-interfaces/eni-1", "removed prefix-lists/pl-2",
                             "changed prefix-lists/pl-1", "changed subnets/subnet-1", "changed vpcs/vpc-1", "changed settings/Services",
                             "changed settings/Egress", "changed settings/HostServices", "changed settings/OnDeny",
                             "changed settings/OnRevoke", "changed settings/Quotas"));
}

TEST(ModelDiff, ObjectsThatAreNewCountAllTheirRules) {
    const std::vector<ObjectDifference> differences = diff_models(Model{}, *parse_json(small_model()).model);
    const auto group = std::ranges::find(differences, "security-groups", &ObjectDifference::kind);
    ASSERT_NE(group, differences.end());
    EXPECT_EQ(group->change, ObjectDifference::Change::Added);
    EXPECT_EQ(group->rules_added, 6U);
    EXPECT_THAT(group->added_rules, IsEmpty());
}

TEST(ModelDiff, LineIsBoundedAndCountsTheRest) {
    std::vector<ObjectDifference> many(100, {.kind = "security-groups", .id = "sg-1"});
    const std::string line = to_line(many, 60);
    EXPECT_EQ(line, "~security-groups/sg-1, ~security-groups/sg-1, ~security-groups/sg-1 and 97 more");
}

}  // namespace
}  // namespace portcullis
