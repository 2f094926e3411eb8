// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/documents.h"
#include "tests/unit/tools/daemon_parts.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ApiTest : public testing::Test, protected test::StateParts, protected test::DaemonParts {
   protected:
    ApiTest() : DaemonParts(store) {}

    HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {},
                      const std::string& if_match = {}) {
        return api.handle({.method = method, .target = target, .if_match = if_match, .body = body, .peer = {.uid = 0, .pid = 1}});
    }
    static std::string error_of(const HttpResponse& response) { return json::parse(response.body)["Errors"][0]["Message"]; }

    EventLog events;
    Api api{controller, intake, confirmation, events};
};

TEST_F(ApiTest, PutModelAnswersWithTheGenerationThatIsEnforced) {
    const HttpResponse response = call("PUT", "/v1/model", small_model().dump());
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(json::parse(response.body)["Generation"], 1);
    EXPECT_EQ(response.etag, 1U);
    EXPECT_EQ(dataplane.generation, 1U);
}

TEST_F(ApiTest, GetModelGivesBackWhatWasAcceptedByteForByte) {
    const std::string text = small_model().dump(4);
    ASSERT_EQ(call("PUT", "/v1/model", json::array({{{"Name", "m.json"}, {"Document", text}}}).dump()).status, 200U);
    const HttpResponse response = call("GET", "/v1/model");
    EXPECT_EQ(json::parse(response.body), json::array({{{"Name", "m.json"}, {"Document", text}}}));
    EXPECT_EQ(response.etag, 1U);
    EXPECT_EQ(call("PUT", "/v1/model", response.body).status, 200U);
}

TEST_F(ApiTest, ArrayOfDocumentsIsMerged) {
    json first = small_model();
    const json interfaces = first["NetworkInterfaces"];
    first.erase("NetworkInterfaces");
    const json body =
        json::array({{{"Name", "a.json"}, {"Document", first}}, {{"Name", "b.json"}, {"Document", {{"NetworkInterfaces", interfaces}}}}});
    EXPECT_EQ(call("PUT", "/v1/model", body.dump()).status, 200U);
}

TEST_F(ApiTest, FaultyModelIsRefusedWithFilePointerAndMessage) {
    json model = small_model();
    model["Vpcs"][0]["CidrBlock"] = "10.0.0.0/99";
    const HttpResponse response = call("PUT", "/v1/model", json::array({{{"Name", "vpcs.json"}, {"Document", model}}}).dump());
    EXPECT_EQ(response.status, 422U);
    const json error = json::parse(response.body)["Errors"][0];
    EXPECT_EQ(error["File"], "vpcs.json");
    EXPECT_EQ(error["Pointer"], "/Vpcs/0/CidrBlock");
    EXPECT_EQ(dataplane.applies, 0);
}

TEST_F(ApiTest, EnvelopeOfAnotherShapeIsRefused) {
    for (const char* body : {"[", "[1]", R"([{"Name": "a"}])", R"([{"Name": "a", "Document": 1}])", R"([{"Name": 1, "Document": {}}])",
                             R"([{"Name": "a", "Document": {}, "More": 1}])"}) {
        EXPECT_EQ(call("PUT", "/v1/model", body).status, 400U) << body;
    }
}

TEST_F(ApiTest, KeyThatOccursTwiceInAnObjectIsNotSilentlyDropped) {
    const HttpResponse response = call("PUT", "/v1/model", R"([{"Name": "a", "Document": {"NetworkAcls": [{}], "NetworkAcls": []}}])");
    EXPECT_EQ(response.status, 400U);
    EXPECT_THAT(error_of(response), HasSubstr("twice"));
}

TEST_F(ApiTest, BodyThatNestsVeryDeepIsRefused) {
    EXPECT_EQ(call("PUT", "/v1/model", std::string(100'000, '[') + std::string(100'000, ']')).status, 400U);
    EXPECT_EQ(call("PUT", "/v1/model", std::string(100'000, '[')).status, 400U);
}

TEST_F(ApiTest, IfMatchWithAnotherGenerationChangesNothing) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump(), "0").status, 200U);
    const HttpResponse response = call("PUT", "/v1/model", small_model().dump(), "\"7\"");
    EXPECT_EQ(response.status, 412U);
    EXPECT_EQ(call("PUT", "/v1/model", small_model().dump(), "\"1\"").status, 200U);
}

TEST_F(ApiTest, ModelOfAFileIsNotChangedThroughTheApi) {
    ModelIntake file{controller, store, "/etc/model"};
    const HttpResponse response =
        Api(controller, file, confirmation, events)
            .handle({.method = "PUT", .target = "/v1/model", .if_match = {}, .body = small_model().dump(), .peer = {}});
    EXPECT_EQ(response.status, 409U);
    EXPECT_THAT(error_of(response), HasSubstr("/etc/model"));
    EXPECT_EQ(dataplane.applies, 0);
}

TEST_F(ApiTest, HostThatCannotEnforceIsNotTheClientsFault) {
    dataplane.failure = "no memory";
    const HttpResponse response = call("PUT", "/v1/model", small_model().dump());
    EXPECT_EQ(response.status, 500U);
    EXPECT_EQ(error_of(response), "no memory");
}

TEST_F(ApiTest, UnknownPathsAndMethodsAreAnsweredInJson) {
    EXPECT_EQ(call("GET", "/v2/status").status, 404U);
    EXPECT_EQ(error_of(call("GET", "/nothing")), "there is no /nothing");
    EXPECT_EQ(call("DELETE", "/v1/model").status, 405U);
    EXPECT_EQ(call("PUT", "/v1/status").status, 405U);
}

TEST_F(ApiTest, StatusSaysWhatIsEnforcedOnEachPort) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    dataplane.counters = {{.ifindex = 5,
                           .reasons = {{.reason = PC_REASON_passed, .direction = Direction::Inbound, .packets = 9},
                                       {.reason = PC_REASON_source_mac, .direction = Direction::Outbound, .packets = 2, .bytes = 120}},
                           .flows = 4}};
    const json status = json::parse(call("GET", "/v1/status?x=1").body);
    EXPECT_EQ(status["Enforced"], true);
    EXPECT_EQ(status["Healthy"], true);
    EXPECT_EQ(status["NetworkAcls"], "used");
    const json port = status["Ports"][0];
    EXPECT_EQ(port["Device"], "tap0");
    EXPECT_EQ(port["NetworkInterfaceId"], "eni-1");
    EXPECT_EQ(port["State"], "enforced");
    EXPECT_EQ(port["Flows"], 4);
    EXPECT_EQ(port["PassedPackets"], 9);
    EXPECT_EQ(port["Drops"], json::parse(R"([{"Reason": "source_mac", "Direction": "outbound", "Packets": 2, "Bytes": 120}])"));
}

TEST_F(ApiTest, StatusIsNotEnforcedWhileAPresentPortIsNot) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    devices[6] = {.ifindex = 6, .name = "tap6", .alias = "eni-1"};
    ASSERT_EQ(controller.devices_changed(), true);
    const json status = json::parse(call("GET", "/v1/status").body);
    EXPECT_EQ(status["Enforced"], false);
    EXPECT_EQ(status["Ports"][1]["State"], "conflict");
}

TEST_F(ApiTest, StatusIsNotEnforcedWhileAnUnknownPortCouldNotBeClosed) {
    json model = small_model();
    model["Portcullis"]["Bridges"][0]["UnknownPorts"] = "closed";
    ASSERT_EQ(call("PUT", "/v1/model", model.dump()).status, 200U);
    devices[6] = {.ifindex = 6, .name = "tap6", .master = test::kBridge};
    dataplane.failure = "cannot attach";
    EXPECT_FALSE(controller.devices_changed());
    const json status = json::parse(call("GET", "/v1/status").body);
    EXPECT_EQ(status["Enforced"], false);
    EXPECT_EQ(status["Trouble"]["Message"], "cannot attach");
}

TEST_F(ApiTest, EveryAnswerSaysThatNothingIsEnforcedWhereThatIsSo) {
    EXPECT_EQ(call("GET", "/v1/status").not_enforced, "");
    dataplane.why_open = "no back end";
    const HttpResponse changed = call("PUT", "/v1/model", small_model().dump());
    EXPECT_EQ(changed.not_enforced, "no back end");
    EXPECT_EQ(json::parse(changed.body)["NotEnforced"], "no back end");
    for (const char* const path : {"/v1/status", "/v1/model", "/v1/rules", "/v1/events", "/metrics", "/v1/nowhere"}) {
        EXPECT_EQ(call("GET", path).not_enforced, "no back end") << path;
    }
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Enforced"], false);
    EXPECT_THAT(call("GET", "/metrics").body, HasSubstr("portcullis_enforced 0"));
}

TEST_F(ApiTest, NothingIsCalledEnforcedWithoutABackEndEvenWhereThereAreNoPorts) {
    dataplane.why_open = "no back end";
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Enforced"], false);
}

TEST_F(ApiTest, StatusTellsWhatWasHealedAndIsNotEnforcedWhileAPortIsDegraded) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Healings"], json::parse(R"({"Count": 0, "Last": null})"));
    dataplane.healing = Healing{.healed = {{5, "gone"}}, .standing = {{5, "before ours"}}, .needs_apply = false};
    (void)controller.heal();
    const json status = json::parse(call("GET", "/v1/status").body);
    EXPECT_EQ(status["Healings"]["Count"], 1);
    EXPECT_EQ(status["Healings"]["Last"]["Message"], "tap0: gone");
    EXPECT_EQ(status["Enforced"], false);
    EXPECT_EQ(status["Ports"][0]["State"], "degraded");
    EXPECT_EQ(status["Ports"][0]["Detail"], "before ours");
}

TEST_F(ApiTest, RefusedFileIsToldWithItsReason) {
    ModelIntake file{controller, store, "/etc/model"};
    EXPECT_TRUE(file.take(fail("cannot read /etc/model: it changed")));
    const json status = json::parse(Api(controller, file, confirmation, events)
                                        .handle({.method = "GET", .target = "/v1/status", .if_match = {}, .body = {}, .peer = {}})
                                        .body);
    EXPECT_EQ(status["Enforced"], false);
    EXPECT_EQ(status["Model"]["Source"], "file");
    EXPECT_EQ(status["Model"]["Refused"]["Errors"][0]["Message"], "cannot read /etc/model: it changed");
}

TEST_F(ApiTest, RefusedFileAtStartBringsBackTheSavedModel) {
    ASSERT_TRUE(store.stage_model({.documents = {{.name = "m.json", .text = small_model().dump()}}, .former = {}}));
    ASSERT_TRUE(store.commit_model());
    ModelIntake file{controller, store, "/etc/model"};
    EXPECT_TRUE(file.take(std::vector<Document>{{.name = "m.json", .text = "{"}}));
    EXPECT_TRUE(file.is_ready());
    EXPECT_EQ(dataplane.applies, 1);
    EXPECT_TRUE(file.status().refusal.has_value());
}

TEST_F(ApiTest, DamagedStateLeavesTheKernelAlone) {
    directory.write("model", "damaged");
    intake.resume();
    EXPECT_FALSE(intake.is_ready());
    EXPECT_EQ(dataplane.applies, 0);
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Enforced"], false);
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_TRUE(intake.is_ready());
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Healthy"], true);
}

TEST_F(ApiTest, SavedModelThatTheHostCouldNotEnforceIsTriedAgain) {
    ASSERT_TRUE(store.stage_model({.documents = {{.name = "m.json", .text = small_model().dump()}}, .former = {}}));
    ASSERT_TRUE(store.commit_model());
    dataplane.failure = "not yet";
    intake.resume();
    EXPECT_TRUE(intake.resumes_later());
    dataplane.failure.reset();
    intake.resume();
    EXPECT_FALSE(intake.resumes_later());
    EXPECT_TRUE(intake.is_ready());
    EXPECT_FALSE(intake.status().refusal.has_value());
}

TEST_F(ApiTest, RulesAreListedWithWhatTheKernelCounted) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    const json before = json::parse(call("GET", "/v1/rules").body);
    ASSERT_FALSE(before["Rules"].empty());
    EXPECT_EQ(before["Rules"][0]["Decisions"], 0);
    dataplane.hits = {{.label = before["Rules"].back()["Label"], .decisions = 5}};
    const json after = json::parse(call("GET", "/v1/rules").body);
    EXPECT_EQ(after["Rules"][0]["Decisions"], 5);
    EXPECT_EQ(after["Rules"][0]["Label"], before["Rules"].back()["Label"]);
    EXPECT_EQ(call("PUT", "/v1/rules").status, 405U);
}

TEST_F(ApiTest, FlowsComeInPartsUntilThereIsNoNext) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    dataplane.flows = {{.ifindex = 5, .protocol = 6, .remote_port = 1}, {.ifindex = 5, .protocol = 17, .remote_port = 2}};
    const json first = json::parse(call("GET", "/v1/flows?port=tap0").body);
    ASSERT_EQ(first["Flows"].size(), 1U);
    EXPECT_EQ(first["Flows"][0]["Device"], "tap0");
    EXPECT_EQ(first["Flows"][0]["Outbound"], nullptr);
    EXPECT_EQ(first["Truncated"], true);
    const json second = json::parse(call("GET", "/v1/flows?port=tap0&after=" + first["Next"].dump()).body);
    EXPECT_EQ(second["Flows"][0]["RemotePort"], 2);
    EXPECT_EQ(second["Next"], nullptr);
    EXPECT_EQ(second["Truncated"], false);
    EXPECT_EQ(call("GET", "/v1/flows?port=tap9").status, 404U);
    EXPECT_EQ(call("GET", "/v1/flows?prot=6").status, 400U);
}

TEST_F(ApiTest, OnlyFlowsThatAreNamedAreEnded) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    dataplane.flows = {{.ifindex = 5, .protocol = 6}, {.ifindex = 5, .protocol = 17}};
    EXPECT_EQ(call("DELETE", "/v1/flows").status, 400U);
    EXPECT_EQ(call("DELETE", "/v1/flows?after=1").status, 400U);
    EXPECT_EQ(dataplane.flows.size(), 2U);
    EXPECT_EQ(json::parse(call("DELETE", "/v1/flows?protocol=udp").body)["Ended"], 1);
    EXPECT_EQ(dataplane.flows.size(), 1U);
}

TEST_F(ApiTest, QuarantineClosesThePortUntilItIsLifted) {
    EXPECT_EQ(call("POST", "/v1/ports/tap0/quarantine").status, 422U) << "no model";
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(call("POST", "/v1/ports/tap9/quarantine").status, 404U);
    EXPECT_EQ(call("POST", "/v1/ports/br0/quarantine").status, 422U);
    EXPECT_EQ(call("POST", "/v1/ports/tap0/quarantine").status, 200U);
    EXPECT_EQ(test::binding_of(dataplane.enforced, 5)->kind, DeviceBinding::Kind::Closed);
    EXPECT_EQ(store.load_quarantines()->size(), 1U);
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump(1)).status, 200U);
    EXPECT_EQ(test::binding_of(dataplane.enforced, 5)->kind, DeviceBinding::Kind::Closed);
    EXPECT_EQ(call("DELETE", "/v1/ports/tap0/quarantine").status, 200U);
    EXPECT_EQ(test::binding_of(dataplane.enforced, 5)->kind, DeviceBinding::Kind::Bound);
    EXPECT_TRUE(store.load_quarantines()->empty());
    EXPECT_EQ(call("DELETE", "/v1/ports/tap0/quarantine").status, 404U);
    EXPECT_EQ(call("GET", "/v1/ports/tap0/quarantine").status, 405U);
}

TEST_F(ApiTest, QuarantineThatTheKernelRefusesIsToldAndTriedAgain) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    dataplane.failure = "busy";
    const HttpResponse response = call("POST", "/v1/ports/tap0/quarantine");
    EXPECT_EQ(response.status, 500U);
    EXPECT_THAT(error_of(response), HasSubstr("not closed yet"));
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Ports"][0]["State"], "conflict");
    dataplane.failure.reset();
    EXPECT_TRUE(*controller.devices_changed());
    EXPECT_EQ(test::binding_of(dataplane.enforced, 5)->kind, DeviceBinding::Kind::Closed);
}

TEST_F(ApiTest, OnlyAnOrphanedDeviceIsReleased) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(call("POST", "/v1/ports/tap0/release").status, 422U);
    EXPECT_EQ(call("POST", "/v1/ports/tap9/release").status, 404U);
    json without = small_model();
    without.erase("Portcullis");
    ASSERT_EQ(call("PUT", "/v1/model", without.dump()).status, 200U);
    EXPECT_EQ(test::binding_of(dataplane.enforced, 5)->kind, DeviceBinding::Kind::Closed);
    EXPECT_EQ(call("POST", "/v1/ports/tap0/release").status, 200U);
    EXPECT_FALSE(test::binding_of(dataplane.enforced, 5));
    EXPECT_EQ(store.load_progress()->bindings.released, std::set<std::uint32_t>{5});
}

TEST_F(ApiTest, AQuestionThatIsNoneIsRefusedAndSaysWhy) {
    const auto why = [this](const std::string& body) { return error_of(call("POST", "/v1/explain", body)); };
    EXPECT_EQ(call("GET", "/v1/explain").status, 405U);
    EXPECT_EQ(why("[]"), "the question is an object");
    EXPECT_EQ(why(R"({"To": "eni-1", "Protocol": 47})"), "From and To are needed");
    EXPECT_EQ(why(R"({"From": "eni-1", "To": "eni-1", "Protocol": 6})"), "DestinationPort is needed with this protocol");
    EXPECT_EQ(why(R"({"From": "eni-1", "To": "eni-1", "Protocol": 47, "SourcePort": 1})"), "this protocol has no ports");
    EXPECT_EQ(why(R"({"From": "eni-1", "To": "eni-1", "Protocol": 6, "DestinationPort": 70000})"),
              "DestinationPort is a number from 0 to 65535");
    EXPECT_EQ(why(R"({"From": "eni-1", "To": "eni-1", "Protocol": 47, "Form": "x"})"), "there is no Form to say here");
    EXPECT_EQ(call("POST", "/v1/explain", R"({"From": "eni-1", "To": "192.0.2.7", "Protocol": 47})").status, 409U);
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(call("POST", "/v1/explain", R"({"From": "eni-1", "To": "192.0.2.7", "Protocol": 47})").status, 200U);
    EXPECT_EQ(call("POST", "/v1/explain", R"({"From": "eni-77", "To": "192.0.2.7", "Protocol": 47})").status, 422U);
}

TEST_F(ApiTest, ProgramsThatSayOtherThanTheModelAreSaidToDisagree) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    const auto ask = [this] {
        return json::parse(
            call("POST", "/v1/explain", R"({"From": "192.0.2.7", "To": "eni-1", "Protocol": 6, "DestinationPort": 9})").body);
    };
    const json model = ask();
    EXPECT_EQ(model["Programs"], false);
    EXPECT_EQ(model["Allowed"], false);
    ASSERT_EQ(model["Gates"].size(), 1U);
    EXPECT_TRUE(model["Gates"][0]["Programs"].is_null());
    dataplane.can_probe_packets = true;  // and says that everything passes
    const json said = ask();
    EXPECT_EQ(said["Programs"], true);
    EXPECT_EQ(said["Allowed"], true);
    EXPECT_EQ(said["Agrees"], false);
    EXPECT_EQ(said["Gates"][0]["Model"]["Reason"], "network_acl");
    EXPECT_FALSE(json::parse(call("POST", "/v1/verify").body)["Next"].is_null());
}

TEST_F(ApiTest, OthersAtTheHooksOfAPortAreNamedByTheirOrder) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Ports"][0]["Neighbours"], json::array());
    dataplane.others = {{.ifindex = 5, .hook = "tc egress", .what = "program 57 (other)", .order = Neighbour::Order::Before},
                        {.ifindex = 6, .hook = "xdp", .what = "program 58 (other)", .order = Neighbour::Order::Before}};
    const json expected{{{"Hook", "tc egress"}, {"What", "program 57 (other)"}, {"Order", "before"}}};
    EXPECT_EQ(json::parse(call("GET", "/v1/status").body)["Ports"][0]["Neighbours"], expected);
}

TEST_F(ApiTest, DifferencesThatAreFoundAreNamed) {
    EXPECT_EQ(json::parse(call("POST", "/v1/verify").body)["Differences"], json::array());
    dataplane.differences = {"pc_devices: missing is entry 5", "pc_devices: missing is entry 6"};
    const json first = json::parse(call("POST", "/v1/verify").body);
    EXPECT_EQ(first["Differences"], json({"pc_devices: missing is entry 5"}));
    EXPECT_EQ(first["Truncated"], true);
    const std::string second = "/v1/verify?after=" + first["Next"].dump();
    const json last = json::parse(call("POST", second).body);
    EXPECT_EQ(last["Differences"], json({"pc_devices: missing is entry 6"}));
    EXPECT_EQ(last["Next"], json());
    EXPECT_EQ(call("POST", second).status, 409U);
    EXPECT_EQ(call("POST", "/v1/verify?from=1").status, 400U);
}

}  // namespace
}  // namespace portcullis
