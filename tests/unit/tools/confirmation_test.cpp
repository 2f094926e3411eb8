// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/confirmation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/compiler/documents.h"
#include "tests/unit/tools/daemon_parts.h"
#include "tools/daemon/api.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Clock = Confirmation::Clock;

constexpr std::chrono::seconds kLong{4'000};  // longer than any test runs; time is what the tests say it is

// One run of the daemon, on the state that the former left.
struct DaemonRun : test::DaemonParts {
    explicit DaemonRun(const StateStore& kept, std::optional<std::string> failure = {}) : DaemonParts(kept) {
        dataplane.failure = std::move(failure);
        intake.resume();
    }

    HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {}) {
        return api.handle({.method = method, .target = target, .if_match = {}, .body = body, .peer = {.uid = 0, .pid = 1}});
    }
    json status() { return json::parse(call("GET", "/v1/status").body); }

    EventLog events;
    Api api{controller, intake, confirmation, events};
};

class ConfirmationTest : public testing::Test {
   protected:
    static std::string message_of(const HttpResponse& response) { return json::parse(response.body)["Errors"][0]["Message"]; }
    static json risky_model() {
        json model = small_model();
        model["SecurityGroups"][0]["IpPermissions"][0]["FromPort"] = 90;
        return model;
    }
    static void make_risky_change(DaemonRun& daemon) {
        ASSERT_EQ(daemon.call("PUT", "/v1/model", small_model().dump()).status, 200U);
        const HttpResponse response = daemon.call("PUT", "/v1/model?ConfirmWithin=4000", risky_model().dump());
        ASSERT_EQ(response.status, 200U) << response.body;
        ASSERT_TRUE(json::parse(response.body).contains("ConfirmBefore"));
        ASSERT_THAT(daemon.dataplane.rule_labels, Contains(kNewRule));
    }

    static constexpr const char* kOldRule = "sg-1 ingress tcp 80-443 from 192.0.2.0/24";
    static constexpr const char* kNewRule = "sg-1 ingress tcp 90-443 from 192.0.2.0/24";
    test::TemporaryDirectory directory;
    StateStore store{directory.path(), "this host"};
};

TEST_F(ConfirmationTest, ChangeThatIsNotConfirmedInTimeIsRolledBack) {
    DaemonRun daemon(store);
    make_risky_change(daemon);
    EXPECT_FALSE(daemon.confirmation.roll_back_if_due(Clock::now()));
    EXPECT_TRUE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
    EXPECT_THAT(daemon.dataplane.rule_labels, Contains(kOldRule));
    EXPECT_THAT(daemon.dataplane.rule_labels, Not(Contains(kNewRule)));
    EXPECT_EQ(daemon.controller.model_generation(), 3U);
    EXPECT_EQ(daemon.status()["Model"]["Unconfirmed"], nullptr);
    EXPECT_EQ((*store.load_model())->documents[0].text, small_model().dump());
    EXPECT_EQ((*store.load_model())->former, std::nullopt);
    EXPECT_FALSE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
    EXPECT_EQ(daemon.call("POST", "/v1/confirm").status, 409U);
}

TEST_F(ConfirmationTest, ConfirmedChangeStaysAlsoOverARestart) {
    {
        DaemonRun daemon(store);
        make_risky_change(daemon);
        const HttpResponse confirmed = daemon.call("POST", "/v1/confirm");
        EXPECT_EQ(confirmed.status, 200U);
        EXPECT_EQ(json::parse(confirmed.body)["Generation"], 2);
        EXPECT_FALSE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
        EXPECT_EQ(daemon.call("POST", "/v1/confirm").status, 409U);
    }
    DaemonRun restarted(store);
    EXPECT_THAT(restarted.dataplane.rule_labels, Contains(kNewRule));
}

TEST_F(ConfirmationTest, DaemonThatDiesBeforeTheConfirmationRollsBackWhenItStarts) {
    {
        DaemonRun daemon(store);
        make_risky_change(daemon);
    }
    DaemonRun restarted(store);
    EXPECT_THAT(restarted.dataplane.rule_labels, Contains(kOldRule));
    EXPECT_THAT(restarted.dataplane.rule_labels, Not(Contains(kNewRule)));
    EXPECT_EQ(restarted.status()["Model"]["Unconfirmed"], nullptr);
    EXPECT_EQ((*store.load_model())->former, std::nullopt);
}

TEST_F(ConfirmationTest, RestartThatCannotEnforceRollsBackLater) {
    {
        DaemonRun daemon(store);
        make_risky_change(daemon);
    }
    DaemonRun restarted(store, "not yet");
    EXPECT_TRUE(restarted.intake.resumes_later());
    restarted.dataplane.failure.reset();
    restarted.intake.resume();
    EXPECT_THAT(restarted.dataplane.rule_labels, Contains(kOldRule));
    EXPECT_THAT(restarted.dataplane.rule_labels, Not(Contains(kNewRule)));
}

TEST_F(ConfirmationTest, StatusShowsWhatWaitsAndUntilWhen) {
    DaemonRun daemon(store);
    make_risky_change(daemon);
    const json unconfirmed = daemon.status()["Model"]["Unconfirmed"];
    EXPECT_EQ(unconfirmed["Generation"], 2);
    EXPECT_EQ(unconfirmed["Origin"], "uid 0 pid 1 (PUT /v1/model?ConfirmWithin=4000)");
    EXPECT_THAT(unconfirmed["Deadline"].get<std::string>(), testing::EndsWith("Z"));
    EXPECT_GT(unconfirmed["SecondsLeft"], 0);
    EXPECT_EQ(daemon.status()["Healthy"], true);
}

TEST_F(ConfirmationTest, SecondChangeIsRefusedWhileOneWaits) {
    DaemonRun daemon(store);
    make_risky_change(daemon);
    const HttpResponse second = daemon.call("PUT", "/v1/model", small_model().dump());
    EXPECT_EQ(second.status, 409U);
    EXPECT_THAT(message_of(second), HasSubstr("generation 2 waits for its confirmation until "));
    EXPECT_EQ(daemon.call("DELETE", "/v1/prefix-lists/pl-2").status, 409U);
    EXPECT_EQ(daemon.call("POST", "/v1/plan", small_model().dump()).status, 200U);
    ASSERT_EQ(daemon.call("POST", "/v1/confirm").status, 200U);
    EXPECT_EQ(daemon.call("DELETE", "/v1/prefix-lists/pl-2").status, 200U);
}

TEST_F(ConfirmationTest, SingleObjectsCanAwaitAConfirmationToo) {
    DaemonRun daemon(store);
    ASSERT_EQ(daemon.call("PUT", "/v1/model", small_model().dump()).status, 200U);
    ASSERT_EQ(daemon.call("DELETE", "/v1/prefix-lists/pl-2?ConfirmWithin=60").status, 200U);
    EXPECT_TRUE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
    EXPECT_EQ(daemon.call("GET", "/v1/prefix-lists/pl-2").status, 200U);
}

TEST_F(ConfirmationTest, FirstModelHasNothingToGoBackTo) {
    DaemonRun daemon(store);
    EXPECT_EQ(daemon.call("PUT", "/v1/model?ConfirmWithin=60", small_model().dump()).status, 409U);
    EXPECT_EQ(daemon.dataplane.applies, 0);
}

TEST_F(ConfirmationTest, MisspeltQueryIsNotPassedOver) {
    DaemonRun daemon(store);
    ASSERT_EQ(daemon.call("PUT", "/v1/model", small_model().dump()).status, 200U);
    for (const char* query : {"?confirmwithin=60", "?ConfirmWithin=", "?ConfirmWithin=0", "?ConfirmWithin=86401", "?ConfirmWithin=1s",
                              "?ConfirmWithin=60&x=1", "?"}) {
        EXPECT_EQ(daemon.call("PUT", std::string("/v1/model") + query, risky_model().dump()).status, 400U) << query;
    }
    EXPECT_EQ(daemon.controller.model_generation(), 1U);
}

TEST_F(ConfirmationTest, RefusedChangeLeavesNothingToConfirm) {
    DaemonRun daemon(store);
    ASSERT_EQ(daemon.call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(daemon.call("PUT", "/v1/model?ConfirmWithin=60", R"({"Vpcs": 1})").status, 422U);
    daemon.dataplane.failure = "no memory";
    EXPECT_EQ(daemon.call("PUT", "/v1/model?ConfirmWithin=60", risky_model().dump()).status, 500U);
    EXPECT_EQ(daemon.status()["Model"]["Unconfirmed"], nullptr);
    EXPECT_EQ((*store.load_model())->former, std::nullopt);
}

TEST_F(ConfirmationTest, RollBackThatFailsIsLoudAndTriedAgain) {
    DaemonRun daemon(store);
    make_risky_change(daemon);
    daemon.dataplane.failure = "no memory";
    EXPECT_FALSE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
    const json status = daemon.status();
    EXPECT_EQ(status["Healthy"], false);
    EXPECT_THAT(status["Trouble"]["Message"].get<std::string>(), HasSubstr("cannot be rolled back: no memory"));
    EXPECT_NE((*store.load_model())->former, std::nullopt);
    daemon.dataplane.failure.reset();
    EXPECT_TRUE(daemon.confirmation.roll_back_if_due(Clock::now() + kLong));
    EXPECT_THAT(daemon.dataplane.rule_labels, Contains(kOldRule));
    EXPECT_EQ(daemon.status()["Healthy"], true);
}

TEST_F(ConfirmationTest, ConfirmationThatCannotBeRememberedIsNone) {
    DaemonRun daemon(store);
    make_risky_change(daemon);
    std::filesystem::remove_all(directory.path());
    EXPECT_EQ(daemon.call("POST", "/v1/confirm").status, 500U);
    EXPECT_TRUE(daemon.controller.is_unconfirmed());
    std::filesystem::create_directories(directory.path());
    EXPECT_EQ(daemon.call("POST", "/v1/confirm").status, 200U);
}

}  // namespace
}  // namespace portcullis
