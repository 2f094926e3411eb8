// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_dataplane.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/compiler/documents.h"
#include "tests/unit/tools/devices.h"

namespace portcullis {
namespace {

using test::binding_of;
using test::kBridge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = ChangeOutcome::Kind;
using Reapply = Controller::Reapply;

std::vector<Document> documents_of(const nlohmann::json& model) { return {{.name = "model.json", .text = model.dump()}}; }

nlohmann::json closed_bridge_model() {
    nlohmann::json model = small_model();
    model["Portcullis"]["Bridges"][0]["UnknownPorts"] = "closed";
    return model;
}

class ControllerTest : public testing::Test {
   protected:
    static constexpr std::uint32_t kTap = 5;

    Controller make_controller(Progress progress = {}) {
        return Controller({.dataplane = dataplane,
                           .store = store,
                           .devices = devices,
                           .default_routes = [] { return std::set<std::uint32_t>{}; },
                           .facts = [] { return HostFacts{}; }},
                          std::move(progress));
    }
    [[nodiscard]] std::optional<DeviceBinding::Kind> enforced_kind(std::uint32_t ifindex) const {
        const auto binding = binding_of(dataplane.enforced, ifindex);
        return binding ? std::optional(binding->kind) : std::nullopt;
    }
    [[nodiscard]] static std::optional<PortState> state_of(const Controller& controller, const std::string& device) {
        for (const PortLine& line : controller.lines()) {
            if (line.device == device) {
                return line.state;
            }
        }
        return std::nullopt;
    }

    test::TemporaryDirectory directory;
    test::FakeDataplane dataplane;
    StateStore store{directory.path(), "this host"};
    HostDevices devices = test::devices_of({{.ifindex = kTap, .name = "tap0", .master = kBridge}});
};

TEST_F(ControllerTest, AcceptedModelIsEnforcedAndRemembered) {
    Controller controller = make_controller();
    const ChangeOutcome outcome = controller.change_model(documents_of(small_model()));
    EXPECT_EQ(outcome.kind, Kind::Enforced);
    EXPECT_EQ(outcome.generation, 1U);
    EXPECT_EQ(enforced_kind(kTap), DeviceBinding::Kind::Bound);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
    const auto saved = store.load_model();
    ASSERT_TRUE(saved && *saved);
    EXPECT_EQ((*saved)->documents[0].text, small_model().dump());
}

// A document that went missing must not switch all ACLs off.
TEST_F(ControllerTest, ModelThatLostItsNetworkAclsIsRefused) {
    nlohmann::json without = small_model();
    without.erase("NetworkAcls");
    {
        Controller controller = make_controller();
        ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
        const ChangeOutcome outcome = controller.change_model(documents_of(without));
        EXPECT_EQ(outcome.kind, Kind::Refused);
        ASSERT_FALSE(outcome.findings.empty());
        EXPECT_THAT(outcome.findings.back().message, HasSubstr("no NetworkAcls key"));
    }
    Controller restarted = make_controller();
    EXPECT_EQ(restarted.change_model(documents_of(without)).kind, Kind::Refused);
    EXPECT_EQ(restarted.change_model(documents_of(small_model())).kind, Kind::Enforced);
}

TEST_F(ControllerTest, RefusedModelChangesNothing) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    nlohmann::json faulty = small_model();
    faulty["Vpcs"][0]["CidrBlock"] = "10.0.0.0/99";
    const ChangeOutcome outcome = controller.change_model(documents_of(faulty));
    EXPECT_EQ(outcome.kind, Kind::Refused);
    EXPECT_THAT(outcome.findings, testing::Contains(testing::Field(&Finding::message, HasSubstr("10.0.0.0/99"))));
    EXPECT_EQ(dataplane.applies, 1);
    EXPECT_EQ(controller.documents()[0].text, small_model().dump());
    EXPECT_EQ((*store.load_model())->documents[0].text, small_model().dump());
}

TEST_F(ControllerTest, FailedModelIsNotRememberedAndTheFormerOneIsGivenAgain) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    dataplane.failure = "no memory";
    nlohmann::json other = small_model();
    other["Portcullis"]["Ports"][0]["Device"] = "tap1";
    const ChangeOutcome outcome = controller.change_model(documents_of(other));
    EXPECT_EQ(outcome.kind, Kind::Failed);
    EXPECT_EQ(outcome.failure, "no memory");
    EXPECT_EQ((*store.load_model())->documents[0].text, small_model().dump());
    dataplane.failure.reset();
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_EQ(enforced_kind(kTap), DeviceBinding::Kind::Bound);
}

TEST_F(ControllerTest, ModelThatCannotBeRememberedIsNotEnforced) {
    const StateStore nowhere(directory.path("missing"), "this host");
    Controller controller({.dataplane = dataplane,
                           .store = nowhere,
                           .devices = devices,
                           .default_routes = [] { return std::set<std::uint32_t>{}; },
                           .facts = [] { return HostFacts{}; }},
                          {});
    EXPECT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Failed);
    EXPECT_EQ(dataplane.applies, 0);
}

TEST_F(ControllerTest, ModelThatWouldCutTheHostOffIsRefused) {
    devices[7] = {.ifindex = 7, .name = "eth0", .master = kBridge, .is_physical = true};
    Controller controller = make_controller();
    const ChangeOutcome outcome = controller.change_model(documents_of(closed_bridge_model()));
    EXPECT_EQ(outcome.kind, Kind::Refused);
    EXPECT_THAT(outcome.findings, testing::Contains(testing::Field(&Finding::message, HasSubstr("eth0 is a physical device"))));
    EXPECT_EQ(dataplane.applies, 0);
}

TEST_F(ControllerTest, SavedModelThatWouldCutTheHostOffIsEnforcedAllTheSame) {
    devices[7] = {.ifindex = 7, .name = "eth0", .master = kBridge, .is_physical = true};
    Controller controller = make_controller();
    EXPECT_EQ(controller.resume_model(documents_of(closed_bridge_model())).kind, Kind::Enforced);
    EXPECT_EQ(enforced_kind(7), DeviceBinding::Kind::Closed);
}

TEST_F(ControllerTest, NothingIsAppliedBeforeThereIsAModel) {
    Controller controller = make_controller();
    EXPECT_EQ(controller.devices_changed(Reapply::Always), false);
    EXPECT_EQ(dataplane.applies, 0);
}

TEST_F(ControllerTest, DeviceThatAppearsIsBound) {
    devices.erase(kTap);
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Absent);
    devices[9] = {.ifindex = 9, .name = "tap0", .master = kBridge};
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_EQ(enforced_kind(9), DeviceBinding::Kind::Bound);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
}

TEST_F(ControllerTest, DevicesThatConcernNobodyAreNotApplied) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    devices[9] = {.ifindex = 9, .name = "lab0"};
    EXPECT_EQ(controller.devices_changed(), false);
    EXPECT_EQ(dataplane.applies, 1);
}

TEST_F(ControllerTest, LostEventsApplyEverythingAgain) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    EXPECT_EQ(controller.devices_changed(Reapply::Always), true);
    EXPECT_EQ(dataplane.applies, 2);
}

TEST_F(ControllerTest, DeviceThatCannotBePreparedIsNotReportedAsEnforced) {
    devices.erase(kTap);
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    devices[9] = {.ifindex = 9, .name = "tap0", .master = kBridge};
    dataplane.failure = "cannot attach";
    EXPECT_FALSE(controller.devices_changed());
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Closed);
    ASSERT_TRUE(controller.status().trouble);
    EXPECT_EQ(controller.status().trouble->message, "cannot attach");
    dataplane.failure.reset();
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
    EXPECT_FALSE(controller.status().trouble);
}

// An interface that no port claims: its rules are enforced while a device has it for its alias.
TEST_F(ControllerTest, OfAModelOfManyHostsThisOnesPartIsEnforcedAsDevicesComeAndGo) {
    nlohmann::json model = small_model();
    model["Portcullis"]["Ports"] = nlohmann::json::array();
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(model)).kind, Kind::Enforced);
    EXPECT_EQ(enforced_kind(kTap), std::nullopt);
    EXPECT_THAT(dataplane.rule_labels, IsEmpty());

    devices[kTap].alias = "eni-1";
    dataplane.failure = "no memory";
    EXPECT_FALSE(controller.devices_changed());
    EXPECT_EQ(binding_of(dataplane.closed_first, kTap)->kind, DeviceBinding::Kind::Closed) << "before its policy was compiled";
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Closed);
    EXPECT_EQ(controller.status().trouble->message, "no memory");
    dataplane.failure.reset();
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_EQ(enforced_kind(kTap), DeviceBinding::Kind::Bound);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
    EXPECT_THAT(dataplane.rule_labels, testing::Not(IsEmpty()));
    EXPECT_EQ(controller.devices_changed(), false);

    devices[kTap].alias = "";
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_EQ(enforced_kind(kTap), DeviceBinding::Kind::Closed) << "an orphan";
    EXPECT_THAT(dataplane.rule_labels, testing::Each(IsEmpty())) << "empty ones, in the place of what is gone";
    EXPECT_EQ(controller.change_model(documents_of(model)).kind, Kind::Enforced);
}

TEST_F(ControllerTest, TellsWhatItIsAt) {
    std::vector<std::string> steps;
    Controller controller({.dataplane = dataplane,
                           .store = store,
                           .devices = devices,
                           .default_routes = [] { return std::set<std::uint32_t>{}; },
                           .facts = [] { return HostFacts{}; },
                           .work = [&](std::string_view step, std::size_t, std::size_t) { steps.emplace_back(step); }},
                          {});
    nlohmann::json model = small_model();
    model["Portcullis"]["Ports"] = nlohmann::json::array();
    ASSERT_EQ(controller.change_model(documents_of(model)).kind, Kind::Enforced);
    devices[kTap].alias = "eni-1";
    EXPECT_EQ(controller.devices_changed(), true);
    EXPECT_THAT(steps, testing::ElementsAre("reading the documents", "compiling the policy", "compiling the policy"));
}

TEST_F(ControllerTest, DeviceThatWasBoundBeforeARestartIsOrphanedWhenNobodyNamesIt) {
    nlohmann::json model = small_model();
    model["Portcullis"]["Ports"] = nlohmann::json::array();
    Controller controller = make_controller({.generation = 4, .bindings = {.standing = {{kTap, "eni-1", "tap0"}}, .once_bound = {kTap}}});
    ASSERT_EQ(controller.change_model(documents_of(model)).kind, Kind::Enforced);
    EXPECT_EQ(enforced_kind(kTap), DeviceBinding::Kind::Closed);
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Orphaned);
}

TEST_F(ControllerTest, GenerationNeverGoesBackOverARestart) {
    Controller controller = make_controller({.generation = 40, .bindings = {}});
    EXPECT_EQ(controller.change_model(documents_of(small_model())).generation, 41U);
    EXPECT_EQ(store.load_progress()->generation, 41U);
}

TEST_F(ControllerTest, SameModelAgainIsTheSameGeneration) {
    Controller controller = make_controller();
    const std::uint64_t first = controller.change_model(documents_of(small_model())).generation;
    EXPECT_EQ(controller.change_model(documents_of(small_model())).generation, first);
}

TEST_F(ControllerTest, ChangeThatNoPortSeesIsAGenerationOfItsOwn) {
    Controller controller = make_controller();
    const std::uint64_t first = controller.change_model(documents_of(small_model())).generation;
    nlohmann::json renamed = small_model();
    renamed["SecurityGroups"][0]["GroupName"] = "front";
    EXPECT_GT(controller.change_model(documents_of(renamed)).generation, first);
}

TEST_F(ControllerTest, AChangeCompilesWhatItTouchesAndAfterOneThatFailedEverything) {
    Controller controller = make_controller();
    const ChangeOutcome first = controller.change_model(documents_of(small_model()));
    EXPECT_GT(first.compiled, 0U);
    const std::vector<std::string> rules = dataplane.rule_labels;
    nlohmann::json renamed = small_model();
    renamed["SecurityGroups"][0]["GroupName"] = "front";
    EXPECT_EQ(controller.change_model(documents_of(renamed)).compiled, 0U);
    nlohmann::json emptied = renamed;
    emptied["SecurityGroups"][0].erase("IpPermissions");
    dataplane.failure = "no memory";
    EXPECT_EQ(controller.change_model(documents_of(emptied)).kind, Kind::Failed);
    dataplane.failure.reset();
    EXPECT_EQ(controller.devices_changed(Reapply::Always), true);
    EXPECT_EQ(dataplane.rule_labels, rules);
    EXPECT_EQ(controller.change_model(documents_of(emptied)).compiled, first.compiled);
    EXPECT_NE(dataplane.rule_labels, rules);
}

TEST_F(ControllerTest, StatusCountsRulesFlowsAndDropsOfAPort) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    dataplane.counters = {
        {.ifindex = kTap, .reasons = {{.reason = PC_REASON_arp, .direction = Direction::Outbound, .packets = 3}}, .flows = 2}};
    const ControllerStatus status = controller.status();
    ASSERT_THAT(status.ports, SizeIs(1));
    EXPECT_EQ(status.ports[0].rules, 6U);
    EXPECT_EQ(status.ports[0].flows, 2U);
    EXPECT_EQ(status.ports[0].counters[0].packets, 3U);
    EXPECT_TRUE(status.uses_network_acls);
}

TEST_F(ControllerTest, WhatWasPutRightIsSaidAtOnceWithItsDeviceAndCounted) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    dataplane.healing = Healing{.healed = {{kTap, "gone"}, {0, "pins were removed"}}, .standing = {}, .needs_apply = true};
    const Controller::Healed healed = controller.heal();
    EXPECT_THAT(healed.lines, testing::ElementsAre("tap0: gone", "pins were removed"));
    EXPECT_TRUE(healed.needs_reapply);
    EXPECT_EQ(controller.status().healings.count, 2U);
    EXPECT_EQ(controller.status().healings.last, "pins were removed");
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
}

TEST_F(ControllerTest, WhatCannotBePutRightDegradesThePortUntilItIsGoneAndIsSaidOnce) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    dataplane.healing = Healing{.healed = {}, .standing = {{kTap, "before ours"}}, .needs_apply = false};
    EXPECT_THAT(controller.heal().lines, testing::ElementsAre("tap0: before ours"));
    EXPECT_THAT(controller.heal().lines, IsEmpty());
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Degraded);
    EXPECT_EQ(controller.lines()[0].detail, "before ours");
    dataplane.healing = Healing{};
    EXPECT_THAT(controller.heal().lines, IsEmpty());
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Enforced);
}

TEST_F(ControllerTest, ALookThatFailsIsSaidOnceAndIsTrouble) {
    Controller controller = make_controller();
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    dataplane.healing = fail("no answer");
    EXPECT_THAT(controller.heal().lines, SizeIs(1));
    EXPECT_THAT(controller.heal().lines, IsEmpty());
    EXPECT_THAT(controller.status().trouble->message, HasSubstr("no answer"));
    dataplane.healing = Healing{};
    (void)controller.heal();
    EXPECT_FALSE(controller.status().trouble);
}

TEST_F(ControllerTest, StatusTellsWhatTheBackEndDoesNotDoForAPort) {
    Controller controller = make_controller();
    dataplane.unenforced = {{.ifindex = kTap, .what = "no answers"}, {.ifindex = 77, .what = "nothing"}};
    ASSERT_EQ(controller.change_model(documents_of(small_model())).kind, Kind::Enforced);
    EXPECT_THAT(controller.status().ports[0].unenforced, testing::ElementsAre("no answers"));
}

TEST_F(ControllerTest, WhereNothingIsEnforcedNoPresentPortIsAnythingElseAndNoneCanBeClosed) {
    Controller controller = make_controller();
    dataplane.why_open = "no back end";
    const ChangeOutcome outcome = controller.change_model(documents_of(small_model()));
    ASSERT_EQ(outcome.kind, Kind::Enforced);
    EXPECT_EQ(outcome.why_nothing_is_enforced, "no back end");
    EXPECT_EQ(state_of(controller, "tap0"), PortState::Unenforced);
    EXPECT_EQ(controller.quarantine("tap0").kind, PortOutcome::Kind::Failed);
    EXPECT_THAT(controller.plan_model(documents_of(small_model())).ports, IsEmpty());
}

}  // namespace
}  // namespace portcullis
