// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/change_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/compiler/documents.h"
#include "tests/unit/tools/daemon_parts.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Clock = Confirmation::Clock;

class ChangeApiTest : public testing::Test, protected test::StateParts, protected test::DaemonParts {
   protected:
    ChangeApiTest() : DaemonParts(store) {}

    HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {},
                      const std::string& if_match = {}) {
        HttpRequest request{.method = method, .target = target, .if_match = if_match, .body = body, .peer = {.uid = 0, .pid = 1}};
        return api.handle(request, target.substr(0, target.find('?'))).value_or(HttpResponse{.status = 404});
    }
    static json error_of(const HttpResponse& response) { return json::parse(response.body)["Errors"][0]; }
    static std::string message_of(const HttpResponse& response) { return error_of(response)["Message"]; }
    void give_small_model() { ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U); }
    // The group with its first permission's port changed.
    static json group(int port) {
        json object = small_model()["SecurityGroups"][0];
        object["IpPermissions"][0]["FromPort"] = port;
        return object;
    }
    [[nodiscard]] std::vector<Document> saved() const { return (*store.load_model())->documents; }

    static constexpr const char* kGroup = "/v1/security-groups/sg-1";
    static constexpr const char* kOldRule = "sg-1 ingress tcp 80-443 from 192.0.2.0/24";
    static constexpr const char* kNewRule = "sg-1 ingress tcp 90-443 from 192.0.2.0/24";
    ChangeApi api{controller, intake, confirmation};
};

TEST_F(ChangeApiTest, SingleObjectIsEnforcedRememberedAndReadBack) {
    give_small_model();
    const HttpResponse response = call("PUT", kGroup, group(90).dump());
    ASSERT_EQ(response.status, 200U) << response.body;
    EXPECT_EQ(json::parse(response.body)["Generation"], 2);
    EXPECT_EQ(response.etag, 2U);
    EXPECT_THAT(dataplane.rule_labels, Contains(kNewRule));
    EXPECT_THAT(dataplane.rule_labels, Not(Contains(kOldRule)));
    EXPECT_EQ(saved().back().name, "security-groups/sg-1");
    const HttpResponse read = call("GET", kGroup);
    EXPECT_EQ(json::parse(read.body), group(90));
    EXPECT_EQ(read.etag, 2U);
}

TEST_F(ChangeApiTest, SameObjectAgainIsTheSameGeneration) {
    give_small_model();
    ASSERT_EQ(call("PUT", kGroup, group(90).dump()).etag, 2U);
    EXPECT_EQ(call("PUT", kGroup, group(90).dump()).etag, 2U);
}

TEST_F(ChangeApiTest, EveryKindCanBePutAndDeleted) {
    give_small_model();
    const json model = small_model();
    const std::vector<std::pair<std::string, json>> objects{
        {"/v1/ports/eni-1", model["Portcullis"]["Ports"][0]},      {"/v1/network-interfaces/eni-1", model["NetworkInterfaces"][0]},
        {"/v1/network-acls/acl-1", model["NetworkAcls"][0]},       {kGroup, model["SecurityGroups"][0]},
        {"/v1/prefix-lists/pl-2", model["ManagedPrefixLists"][0]}, {"/v1/subnets/subnet-1", model["Subnets"][0]}};
    for (const auto& [path, object] : objects) {
        EXPECT_EQ(call("PUT", path, object.dump()).status, 200U) << path;
        EXPECT_EQ(json::parse(call("GET", path).body), object) << path;
    }
    for (const auto& [path, object] : objects) {
        const HttpResponse response = call("DELETE", path);
        EXPECT_EQ(response.status, 200U) << path << response.body;
        EXPECT_EQ(call("GET", path).status, 404U) << path;
        EXPECT_EQ(call("DELETE", path).status, 404U) << path;
    }
}

TEST_F(ChangeApiTest, RefusedObjectLeavesAllAsItWasAndSaysWhereInTheBody) {
    give_small_model();
    const int applies = dataplane.applies;
    const HttpResponse response = call("PUT", kGroup, group(70'000).dump());
    EXPECT_EQ(response.status, 422U);
    EXPECT_EQ(error_of(response)["File"], "request");
    EXPECT_EQ(error_of(response)["Pointer"], "/IpPermissions/0/FromPort");
    EXPECT_EQ(dataplane.applies, applies);
    EXPECT_EQ(json::parse(call("GET", kGroup).body), small_model()["SecurityGroups"][0]);
    EXPECT_EQ(saved()[0].text, small_model().dump());
    EXPECT_EQ(call("PUT", kGroup, group(90).dump()).status, 200U);
}

TEST_F(ChangeApiTest, DeletionThatLeavesAPortWithoutItsGroupIsRefused) {
    give_small_model();
    const HttpResponse response = call("DELETE", kGroup);
    EXPECT_EQ(response.status, 422U);
    EXPECT_THAT(message_of(response), HasSubstr("sg-1"));
    EXPECT_EQ(call("GET", kGroup).status, 200U);
}

TEST_F(ChangeApiTest, BodyThatIsNotTheObjectOfThePathIsRefused) {
    give_small_model();
    json other = group(90);
    other["GroupId"] = "sg-2";
    json nameless = group(90);
    nameless.erase("GroupId");
    for (const std::string& body :
         {std::string("{"), std::string("[]"), std::string(), other.dump(), nameless.dump(),
          std::string(R"({"GroupId":"sg-1","GroupId":"sg-1"})"), group(90).dump() + "]}", group(90).dump() + "{}"}) {
        EXPECT_EQ(call("PUT", kGroup, body).status, 400U) << body;
    }
    EXPECT_EQ(call("PUT", "/v1/security-groups/", group(90).dump()).status, 400U);
    EXPECT_EQ(call("POST", kGroup, group(90).dump()).status, 405U);
    EXPECT_EQ(controller.model_generation(), 1U);
}

// A replay, or one of two writers that did not see the other's change (F22).
TEST_F(ChangeApiTest, ChangeThatNamesAnotherGenerationIsRefused) {
    give_small_model();
    ASSERT_EQ(call("PUT", kGroup, group(90).dump(), "\"1\"").status, 200U);
    EXPECT_EQ(call("PUT", kGroup, group(91).dump(), "\"1\"").status, 412U);
    EXPECT_EQ(call("DELETE", "/v1/ports/eni-1", "", "\"3\"").status, 412U);
    EXPECT_EQ(call("POST", "/v1/transaction", R"({"Changes":[{"Method":"DELETE","Path":"/v1/ports/eni-1"}]})", "1").status, 412U);
    EXPECT_EQ(json::parse(call("GET", kGroup).body), group(90));
    EXPECT_EQ(call("PUT", kGroup, group(91).dump(), "\"2\"").status, 200U);
}

TEST_F(ChangeApiTest, TransactionIsOneChange) {
    const json model = small_model();
    give_small_model();
    json second = group(90);
    second["GroupId"] = "sg-2";
    json interface = model["NetworkInterfaces"][0];
    interface["Groups"] = {{{"GroupId", "sg-2"}}};
    const json changes = {{"Changes",
                           {{{"Method", "DELETE"}, {"Path", kGroup}},
                            {{"Method", "PUT"}, {"Path", "/v1/network-interfaces/eni-1"}, {"Body", interface}},
                            {{"Method", "PUT"}, {"Path", "/v1/security-groups/sg-2"}, {"Body", second}}}}};
    const int applies = dataplane.applies;
    const HttpResponse response = call("POST", "/v1/transaction", changes.dump());
    ASSERT_EQ(response.status, 200U) << response.body;
    EXPECT_EQ(response.etag, 2U);
    EXPECT_EQ(dataplane.applies, applies + 1);
    EXPECT_EQ(call("GET", kGroup).status, 404U);
    EXPECT_EQ(json::parse(call("GET", "/v1/network-interfaces/eni-1").body), interface);
}

TEST_F(ChangeApiTest, TransactionWithOneFaultChangesNothing) {
    give_small_model();
    const json port = {{"Method", "DELETE"}, {"Path", "/v1/ports/eni-1"}};
    const json faulty = {{"Method", "PUT"}, {"Path", kGroup}, {"Body", group(70'000)}};
    const HttpResponse refused = call("POST", "/v1/transaction", json{{"Changes", {port, faulty}}}.dump());
    EXPECT_EQ(refused.status, 422U);
    EXPECT_EQ(error_of(refused)["Pointer"], "/Changes/1/Body/IpPermissions/0/FromPort");
    const HttpResponse missing =
        call("POST", "/v1/transaction", json{{"Changes", {port, {{"Method", "DELETE"}, {"Path", "/v1/subnets/none"}}}}}.dump());
    EXPECT_EQ(missing.status, 404U);
    EXPECT_EQ(error_of(missing)["Pointer"], "/Changes/1");
    const HttpResponse twice = call("POST", "/v1/transaction", json{{"Changes", {port, port}}}.dump());
    EXPECT_EQ(twice.status, 400U);
    EXPECT_EQ(error_of(twice)["Pointer"], "/Changes/1");
    EXPECT_EQ(call("GET", "/v1/ports/eni-1").status, 200U);
    EXPECT_EQ(controller.model_generation(), 1U);
}

TEST_F(ChangeApiTest, TransactionOfAnotherShapeIsRefused) {
    give_small_model();
    json many{{"Changes", json::array()}};
    for (std::size_t i = 0; i <= kMostChanges; ++i) {
        many["Changes"].push_back({{"Method", "DELETE"}, {"Path", "/v1/subnets/s" + std::to_string(i)}});
    }
    for (const std::string& body :
         {std::string("{}"), std::string("[]"), std::string("{"), std::string(R"({"Changes":[]})"), std::string(R"({"Changes":[1]})"),
          std::string(R"({"Changes":[{"Method":"PATCH","Path":"/v1/ports/eni-1"}]})"),
          std::string(R"({"Changes":[{"Method":"PUT","Path":"/v1/ports/eni-1"}]})"),
          std::string(R"({"Changes":[{"Method":"DELETE","Path":"/v1/ports/eni-1","Body":{}}]})"),
          std::string(R"({"Changes":[{"Method":"DELETE","Path":"/v1/model"}]})"),
          std::string(R"({"Changes":[{"Method":"DELETE","Path":"/v1/ports/eni-1"}],"More":1})"), many.dump()}) {
        EXPECT_EQ(call("POST", "/v1/transaction", body).status, 400U) << body.substr(0, 100);
    }
    EXPECT_EQ(call("PUT", "/v1/transaction", many.dump()).status, 405U);
    EXPECT_EQ(controller.model_generation(), 1U);
}

TEST_F(ChangeApiTest, NothingIsWrittenWhereTheModelIsAFile) {
    give_small_model();
    ModelIntake file{controller, store, "/etc/model"};
    ChangeApi of_file{controller, file, confirmation};
    for (const auto& [method, path] :
         {std::pair("PUT", "/v1/model"), std::pair("PUT", kGroup), std::pair("DELETE", kGroup), std::pair("POST", "/v1/transaction")}) {
        HttpRequest request{.method = method, .target = path, .if_match = {}, .body = group(90).dump(), .peer = {}};
        const auto response = of_file.handle(request, path);
        ASSERT_TRUE(response) << path;
        EXPECT_EQ(response->status, 409U) << path;
        EXPECT_THAT(message_of(*response), HasSubstr("/etc/model"));
    }
    HttpRequest read{.method = "GET", .target = kGroup, .if_match = {}, .body = {}, .peer = {}};
    EXPECT_EQ(of_file.handle(read, kGroup)->status, 200U);
    HttpRequest plan{.method = "POST", .target = "/v1/plan", .if_match = {}, .body = small_model().dump(), .peer = {}};
    EXPECT_EQ(of_file.handle(plan, "/v1/plan")->status, 200U);
}

TEST_F(ChangeApiTest, SingleObjectDoesNotTakeThePlaceOfASavedModelThatIsNotEnforced) {
    ASSERT_TRUE(store.stage_model({.documents = {{.name = "m.json", .text = small_model().dump()}}, .former = {}}));
    ASSERT_TRUE(store.commit_model());
    dataplane.failure = "not yet";
    intake.resume();
    dataplane.failure.reset();
    EXPECT_EQ(call("PUT", kGroup, group(90).dump()).status, 409U);
    EXPECT_EQ(dataplane.applies, 1);
    EXPECT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(call("PUT", kGroup, group(90).dump()).status, 200U);
}

TEST_F(ChangeApiTest, HostThatCannotEnforceAnObjectKeepsTheFormerOne) {
    give_small_model();
    dataplane.failure = "no memory";
    EXPECT_EQ(call("PUT", kGroup, group(90).dump()).status, 500U);
    EXPECT_EQ(json::parse(call("GET", kGroup).body), small_model()["SecurityGroups"][0]);
}

TEST_F(ChangeApiTest, PlanTellsOrphansFirstAndRulesAndChangesNothing) {
    devices[6] = {.ifindex = 6, .name = "tap9", .alias = "eni-1"};
    dataplane.writes = {{"pc_a", 2}, {"pc_b", 3}};
    give_small_model();
    json other = small_model();
    other["SecurityGroups"][0] = group(90);
    other["Portcullis"]["Ports"] = json::array();
    other["Portcullis"]["Bridges"][0]["UnknownPorts"] = "closed";
    const int applies = dataplane.applies;
    const HttpResponse response = call("POST", "/v1/plan", other.dump());
    ASSERT_EQ(response.status, 200U) << response.body;
    const json plan = json::parse(response.body);
    EXPECT_EQ(plan["Generation"], 1);
    EXPECT_EQ(plan["Ports"][0],
              json::parse(R"({"Device": "tap0", "NetworkInterfaceId": "eni-1", "Before": "enforced", "After": "orphaned"})"));
    EXPECT_EQ(plan["Objects"][0]["Change"], "removed");
    EXPECT_EQ(plan["Objects"][0]["Kind"], "ports");
    const json& of_group = plan["Objects"].back();
    EXPECT_THAT(of_group["AddedRules"], Contains(kNewRule));
    EXPECT_THAT(of_group["RemovedRules"], Contains(kOldRule));
    EXPECT_EQ(plan["KernelWrites"],
              json::parse(R"({"Total": 5, "Places": [{"Where": "pc_a", "Count": 2}, {"Where": "pc_b", "Count": 3}]})"));
    EXPECT_EQ(dataplane.applies, applies);
    EXPECT_EQ(saved()[0].text, small_model().dump());
    EXPECT_EQ(json::parse(call("POST", "/v1/plan", small_model().dump()).body)["Objects"], json::array());
}

TEST_F(ChangeApiTest, PlanOfAFaultyModelSaysWhatIsWrong) {
    json faulty = small_model();
    faulty["SecurityGroups"][0] = group(70'000);
    const HttpResponse response = call("POST", "/v1/plan", faulty.dump());
    EXPECT_EQ(response.status, 422U);
    EXPECT_EQ(error_of(response)["Pointer"], "/SecurityGroups/0/IpPermissions/0/FromPort");
}

// F40.
TEST_F(ChangeApiTest, ChangeThatWouldCutTheHostOffIsRefusedWithTheDeviceNamed) {
    devices[7] = {.ifindex = 7, .name = "eth1", .master = test::kBridge, .is_physical = true};
    give_small_model();
    json without = small_model();
    without["Portcullis"]["Bridges"][0] = {{"Device", "br0"}};
    for (const auto& [method, path] : {std::pair("PUT", "/v1/model"), std::pair("POST", "/v1/plan")}) {
        const HttpResponse response = call(method, path, without.dump());
        EXPECT_EQ(response.status, 422U);
        EXPECT_THAT(message_of(response), HasSubstr("eth1"));
    }
    EXPECT_EQ(controller.model_generation(), 1U);
}

}  // namespace
}  // namespace portcullis
