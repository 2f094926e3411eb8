// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/document_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

ObjectName name_of(const std::string& path) { return **parse_object_path("/v1/" + path); }
ObjectEdit put(const std::string& path, json object) { return {.name = name_of(path), .object = std::move(object)}; }
ObjectEdit removal(const std::string& path) { return {.name = name_of(path), .object = std::nullopt}; }

std::vector<Document> edited(const std::vector<Document>& documents, const std::vector<ObjectEdit>& edits) {
    auto result = edit_documents(documents, edits);
    EXPECT_TRUE(result && result->missing.empty());
    return std::move(result->documents);
}
std::vector<std::string> names_of(const std::vector<Document>& documents) {
    std::vector<std::string> names;
    for (const Document& document : documents) {
        names.push_back(document.name);
    }
    return names;
}
json content_of(const Document& document) { return json::parse(document.text); }

TEST(ObjectName, PathIsPercentDecodedAndNamesAKindAndAnId) {
    const ObjectName name = name_of("security-groups/sg%2F%41%20");
    EXPECT_EQ(name.kind->id_key, "GroupId");
    EXPECT_EQ(name.id, "sg/A ");
}

TEST(ObjectName, PathsOfNothingOurOwnAreNoneAndBadOnesAreErrors) {
    for (const char* path : {"/v1/model", "/v1/vpcs/vpc-1", "/v2/ports/eni-1", "/", "/v1/portss/eni-1"}) {
        const auto name = parse_object_path(path);
        EXPECT_TRUE(name && !*name) << path;
    }
    for (const std::string& path : {std::string("/v1/ports"), std::string("/v1/ports/"), std::string("/v1/ports/a/b"),
                                    std::string("/v1/ports/%2"), std::string("/v1/ports/%zz"), "/v1/ports/" + std::string(256, 'x')}) {
        EXPECT_FALSE(parse_object_path(path)) << path;
    }
}

TEST(DocumentEdit, ObjectThatIsGivenMovesToADocumentOfItsOwnAndOthersStayByteForByte) {
    const std::vector<Document> documents{
        {"a", R"({"Subnets": [{"SubnetId": "s"}],"SecurityGroups":[{"GroupId":"sg-1"},{"GroupId":"sg-2"}]})"}, {"b", R"({"Vpcs":  []})"}};
    const auto result = edited(documents, {put("security-groups/sg-1", {{"GroupId", "sg-1"}, {"GroupName", "new"}})});
    ASSERT_THAT(names_of(result), ElementsAre("a", "b", "security-groups/sg-1"));
    EXPECT_EQ(content_of(result[0]), json::parse(R"({"Subnets": [{"SubnetId": "s"}], "SecurityGroups": [{"GroupId": "sg-2"}]})"));
    EXPECT_EQ(result[1].text, documents[1].text);
    EXPECT_EQ(content_of(result[2]), json::parse(R"({"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "new"}]})"));
}

TEST(DocumentEdit, ObjectThatIsGivenAgainChangesNothingWhereverItStands) {
    const auto once = edited({}, {put("subnets/a", {{"SubnetId", "a"}}), put("subnets/b", {{"SubnetId", "b"}})});
    const auto again = edited(once, {put("subnets/a", {{"SubnetId", "a"}})});
    EXPECT_EQ(names_of(again), names_of(once));
    EXPECT_EQ(again[0].text, once[0].text);
}

TEST(DocumentEdit, EveryMentionGoesAlsoWhereTheIdIsWrittenWithEscapes) {
    const std::vector<Document> documents{{"a", R"({"PrefixLists":[{"PrefixListId":"pl-1"}],"Vpcs":[]})"},
                                          {"b", R"({"ManagedPrefixLists":[{"PrefixListId":"pl\u002d1"}],"Vpcs":[]})"}};
    const auto result = edited(documents, {removal("prefix-lists/pl-1")});
    EXPECT_EQ(content_of(result[0]), json::parse(R"({"Vpcs": []})"));
    EXPECT_EQ(content_of(result[1]), json::parse(R"({"Vpcs": []})"));
}

TEST(DocumentEdit, FlatRulesGoWithTheirGroup) {
    const std::vector<Document> documents{{"a", R"({"SecurityGroups":[{"GroupId":"sg-1"}],"Vpcs":[],
        "SecurityGroupRules":[{"GroupId":"sg-1","SecurityGroupRuleId":"sgr-1"},{"GroupId":"sg-2","SecurityGroupRuleId":"sgr-2"}]})"}};
    const json content = content_of(edited(documents, {removal("security-groups/sg-1")})[0]);
    EXPECT_FALSE(content.contains("SecurityGroups"));
    EXPECT_EQ(content["SecurityGroupRules"].size(), 1U);
}

TEST(DocumentEdit, PortIsToldByItsInterfaceAndTheRestOfOurKeyStays) {
    const std::vector<Document> documents{
        {"a", R"({"Portcullis":{"Ports":[{"NetworkInterfaceId":"eni-1","Device":"tap0"}],"Bridges":[{"Device":"br0"}]}})"}};
    const auto result = edited(documents, {put("ports/eni-1", {{"NetworkInterfaceId", "eni-1"}, {"Device", "tap1"}})});
    EXPECT_EQ(content_of(result[0]), json::parse(R"({"Portcullis": {"Bridges": [{"Device": "br0"}]}})"));
    EXPECT_EQ(content_of(result[1])["Portcullis"]["Ports"][0]["Device"], "tap1");
}

TEST(DocumentEdit, LastAclLeavesItsKeyBehindJustOnce) {
    std::vector<Document> documents{{"a", R"({"Vpcs":[],"NetworkAcls":[{"NetworkAclId":"acl-1"}]})"}};
    documents = edited(documents, {removal("network-acls/acl-1")});
    ASSERT_THAT(names_of(documents), ElementsAre("a", "network-acls"));
    for (int round = 0; round < 3; ++round) {
        documents = edited(documents, {put("network-acls/acl-2", {{"NetworkAclId", "acl-2"}})});
        documents = edited(documents, {removal("network-acls/acl-2")});
    }
    ASSERT_THAT(names_of(documents), ElementsAre("a", "network-acls"));
    EXPECT_EQ(content_of(documents[1]), json::parse(R"({"NetworkAcls": []})"));
}

// The key is lost in a document that changes for another object's sake.
TEST(DocumentEdit, EmptyAclKeyOutlivesTheRemovalOfItsNeighbours) {
    const std::vector<Document> documents{{"a", R"({"NetworkAcls":[],"Subnets":[{"SubnetId":"s"}]})"},
                                          {"b", R"({"Vpcs":[],"NetworkAcls":[{"NetworkAclId":"acl-1"}]})"}};
    const auto result = edited(documents, {removal("network-acls/acl-1"), removal("subnets/s")});
    EXPECT_TRUE(std::ranges::any_of(result, [](const Document& document) { return content_of(document).contains("NetworkAcls"); }));
}

TEST(DocumentEdit, DocumentsThatBecomeEmptyGoAndTheLastOneLeavesAModelOfNothing) {
    const auto one = edited({}, {put("subnets/a", {{"SubnetId", "a"}})});
    const auto none = edited(one, {removal("subnets/a")});
    ASSERT_EQ(none.size(), 1U);
    EXPECT_TRUE(parse(none).model);
}

TEST(DocumentEdit, RemovalOfWhatIsNotThereIsTold) {
    const auto result = edit_documents({{"a", R"({"Subnets":[{"SubnetId":"s"}]})"}}, {removal("subnets/s"), removal("subnets/t")});
    ASSERT_TRUE(result);
    EXPECT_THAT(result->missing, ElementsAre(1U));
}

TEST(DocumentEdit, ManyEditsAtOnceAreMadeInOneReading) {
    std::vector<ObjectEdit> edits;
    for (int i = 0; i < 100; ++i) {
        const std::string id = "s" + std::to_string(i);
        edits.push_back(put("subnets/" + id, {{"SubnetId", id}}));
    }
    const auto documents = edited({}, edits);
    EXPECT_EQ(documents.size(), 100U);
    EXPECT_EQ(names_of(edited(documents, edits)), names_of(documents));
}

TEST(DocumentEdit, ObjectIsFoundAsItStandsWithAllThatDocumentsSayOfIt) {
    const std::vector<Document> documents{{"model", small_model().dump()},
                                          {"more", R"({"Portcullis":{"Ports":[{"NetworkInterfaceId":"eni-1","Vlans":[7]}]}})"},
                                          {"again", R"({"Portcullis":{"Ports":[{"NetworkInterfaceId":"eni-1","Vlans":[7,8]}]}})"}};
    EXPECT_EQ(*find_object(documents, name_of("security-groups/sg-1")), small_model()["SecurityGroups"][0]);
    EXPECT_EQ(*find_object(documents, name_of("prefix-lists/pl-1")), small_model()["PrefixLists"][0]);
    EXPECT_EQ(*find_object(documents, name_of("ports/eni-1")),
              json::parse(R"({"NetworkInterfaceId": "eni-1", "Device": "tap0", "Vlans": [7, 8]})"));
    EXPECT_EQ(find_object(documents, name_of("subnets/sg-1")), std::nullopt);
}

}  // namespace
}  // namespace portcullis
