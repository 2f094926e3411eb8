// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/devices.h"

namespace portcullis {
namespace {

using test::binding_of;
using test::devices_of;
using test::kBridge;
using test::ruleset_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = DeviceBinding::Kind;

// "device interface state" per line.
std::vector<std::string> lines_of(const BindingPlan& plan) {
    std::vector<std::string> text;
    for (const PortLine& line : plan.lines) {
        text.push_back(line.device + " " + (line.interface_id.empty() ? "-" : line.interface_id) + " " +
                       std::string(to_string(line.state)));
    }
    return text;
}

std::optional<Kind> kind_of(const BindingPlan& plan, std::uint32_t ifindex) {
    const auto binding = binding_of(plan.devices, ifindex);
    return binding ? std::optional(binding->kind) : std::nullopt;
}

BindingPlan plan_of(const Ruleset& ruleset, const HostDevices& devices, const BindingMemory& memory = {}) {
    return plan_bindings(ruleset, devices, memory, {});
}

const Bridge kClosedBridge{.device = "br0", .uplinks = {"eth1"}, .unknown_ports = UnknownPorts::Closed};
const Bridge kOpenBridge{.device = "br0", .uplinks = {"eth1"}, .unknown_ports = UnknownPorts::Open};

TEST(Bindings, DeviceNamedByTheDocumentsIsBound) {
    const BindingPlan plan = plan_of(ruleset_of({{"eni-0", "tap9"}, {"eni-1", "tap0"}}), devices_of({{.ifindex = 5, .name = "tap0"}}));
    const auto binding = binding_of(plan.devices, 5);
    ASSERT_TRUE(binding);
    EXPECT_EQ(binding->kind, Kind::Bound);
    EXPECT_EQ(binding->port, 1U);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 eni-1 enforced", "tap9 eni-0 absent"));
}

TEST(Bindings, DeviceWhoseAliasIsAnInterfaceIsBound) {
    const BindingPlan plan = plan_of(ruleset_of({{"eni-1", ""}}), devices_of({{.ifindex = 5, .name = "tap0", .alias = "eni-1"}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Bound);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 eni-1 enforced"));
}

TEST(Bindings, UnrelatedDevicesAreLeftAlone) {
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", "tap0"}}),
                devices_of({{.ifindex = 5, .name = "tap7", .master = kBridge}, {.ifindex = 6, .name = "tap8", .alias = "lab"}}));
    EXPECT_EQ(kind_of(plan, 5), std::nullopt);
    EXPECT_EQ(kind_of(plan, 6), std::nullopt);
}

TEST(Bindings, InterfaceWithoutDeviceOrAliasIsNoPortOfThisHost) {
    EXPECT_THAT(plan_of(ruleset_of({{"eni-1", ""}}), devices_of({})).lines, IsEmpty());
}

TEST(Bindings, OfTwoAliasedDevicesTheOlderIsBoundAndTheOtherClosed) {
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", ""}}),
                devices_of({{.ifindex = 6, .name = "tap6", .alias = "eni-1"}, {.ifindex = 5, .name = "tap5", .alias = "eni-1"}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Bound);
    EXPECT_EQ(kind_of(plan, 6), Kind::Closed);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap5 eni-1 enforced", "tap6 eni-1 conflict"));
}

TEST(Bindings, StandingBindingOutlivesAnOlderNewcomer) {
    const BindingMemory memory{.standing = {{6, "eni-1", ""}}, .once_bound = {6}};
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", ""}}),
                devices_of({{.ifindex = 5, .name = "tap5", .alias = "eni-1"}, {.ifindex = 6, .name = "tap6", .alias = "eni-1"}}), memory);
    EXPECT_EQ(kind_of(plan, 6), Kind::Bound);
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
}

TEST(Bindings, InterfaceRememberedForTwoDevicesIsBoundToOne) {
    const BindingMemory memory{.standing = {{5, "eni-1", ""}, {6, "eni-1", ""}}, .once_bound = {5, 6}};
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", ""}}),
                devices_of({{.ifindex = 5, .name = "tap5", .alias = "eni-1"}, {.ifindex = 6, .name = "tap6", .alias = "eni-1"}}), memory);
    EXPECT_EQ(kind_of(plan, 5), Kind::Bound);
    EXPECT_EQ(kind_of(plan, 6), Kind::Closed);
}

TEST(Bindings, NewcomerIsBoundOnceTheStandingDeviceIsGone) {
    const BindingMemory memory{.standing = {{6, "eni-1", ""}}, .once_bound = {6}};
    const BindingPlan plan = plan_of(ruleset_of({{"eni-1", ""}}), devices_of({{.ifindex = 7, .name = "tap7", .alias = "eni-1"}}), memory);
    EXPECT_EQ(kind_of(plan, 7), Kind::Bound);
    EXPECT_THAT(plan.memory.once_bound, ElementsAre(7));
}

TEST(Bindings, DeviceClaimedForTwoInterfacesKeepsTheStandingOne) {
    const BindingMemory memory{.standing = {{5, "eni-2", ""}}, .once_bound = {5}};
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", "tap0"}, {"eni-2", ""}}), devices_of({{.ifindex = 5, .name = "tap0", .alias = "eni-2"}}), memory);
    EXPECT_EQ(binding_of(plan.devices, 5)->port, 1U);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 eni-2 enforced", "tap0 eni-1 conflict"));
}

TEST(Bindings, RenamedDeviceStaysBound) {
    const BindingMemory memory{.standing = {{5, "eni-1", "tap0"}}, .once_bound = {5}};
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", "tap0"}}), devices_of({{.ifindex = 5, .name = "web"}, {.ifindex = 9, .name = "tap0"}}), memory);
    EXPECT_EQ(kind_of(plan, 5), Kind::Bound);
    EXPECT_EQ(kind_of(plan, 9), Kind::Closed);
    EXPECT_THAT(plan.memory.standing, ElementsAre(StandingBinding{5, "eni-1", "tap0"}));
}

TEST(Bindings, DeviceThatTheModelNoLongerNamesIsOrphanedAndClosed) {
    const BindingMemory memory{.standing = {{5, "eni-1", "tap0"}}, .once_bound = {5}};
    const BindingPlan plan = plan_of(ruleset_of({}), devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}}), memory);
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
    EXPECT_EQ(kind_of(plan, kBridge), Kind::Bridge);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 - orphaned"));
    EXPECT_THAT(plan.memory.once_bound, ElementsAre(5));
}

TEST(Bindings, DeviceWhoseAliasWasTakenAwayIsOrphaned) {
    const BindingMemory memory{.standing = {{5, "eni-1", ""}}, .once_bound = {5}};
    const BindingPlan plan = plan_of(ruleset_of({{"eni-1", ""}}), devices_of({{.ifindex = 5, .name = "tap0"}}), memory);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 - orphaned"));
    EXPECT_THAT(plan.memory.standing, IsEmpty());
}

TEST(Bindings, OrphanStaysClosedOnABridgeThatLeavesUnknownPortsOpen) {
    const BindingMemory memory{.standing = {}, .once_bound = {5}};
    const BindingPlan plan =
        plan_of(ruleset_of({}, {kOpenBridge}), devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}}), memory);
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
}

TEST(Bindings, OrphanThatTheModelNamesAgainIsBound) {
    const BindingMemory memory{.standing = {}, .once_bound = {5}};
    EXPECT_EQ(kind_of(plan_of(ruleset_of({{"eni-1", "tap0"}}), devices_of({{.ifindex = 5, .name = "tap0"}}), memory), 5), Kind::Bound);
}

TEST(Bindings, DeletedDeviceIsForgotten) {
    const BindingMemory memory{.standing = {{5, "eni-1", "tap0"}}, .once_bound = {5}};
    const BindingPlan plan = plan_of(ruleset_of({{"eni-1", "tap0"}}), devices_of({}), memory);
    EXPECT_EQ(plan.memory, BindingMemory{});
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 eni-1 absent"));
}

TEST(Bindings, UnknownPortOfAListedBridgeIsClosed) {
    const BindingPlan plan = plan_of(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
    EXPECT_EQ(kind_of(plan, kBridge), Kind::Bridge);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 - closed"));
    EXPECT_THAT(plan.memory.once_bound, IsEmpty());
}

TEST(Bindings, UnknownPortIsLeftAloneWhereTheBridgeSaysOpen) {
    const BindingPlan plan = plan_of(ruleset_of({}, {kOpenBridge}), devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}}));
    EXPECT_EQ(kind_of(plan, 5), std::nullopt);
}

TEST(Bindings, PortThatLeavesTheBridgeIsReleasedUnlessItWasBound) {
    const BindingPlan plan = plan_of(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "tap0"}}));
    EXPECT_EQ(kind_of(plan, 5), std::nullopt);
}

TEST(Bindings, UplinkOfAListedBridgeIsNotClosed) {
    const BindingPlan plan =
        plan_of(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "eth1", .master = kBridge, .is_physical = true}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Uplink);
    EXPECT_THAT(plan.cut_off, IsEmpty());
    EXPECT_THAT(plan.lines, IsEmpty());
}

TEST(Bindings, UplinkThatIsNoPortOfAnythingIsOneByTheHostsRouting) {
    const BindingPlan plan =
        plan_bindings(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "eth1", .is_physical = true}}), {}, {5});
    EXPECT_EQ(kind_of(plan, 5), Kind::Uplink);
    EXPECT_EQ(binding_of(plan.devices, 5)->bridge, 0U);
    EXPECT_THAT(plan.cut_off, IsEmpty());
    EXPECT_THAT(plan.lines, IsEmpty());
}

TEST(Bindings, DeviceWithAnUplinksNameThatIsAPortOfSomethingElseIsNone) {
    const Bridge other{.device = "br1", .uplinks = {}, .unknown_ports = UnknownPorts::Closed};
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "eth1", .master = 8}, {.ifindex = 8, .name = "br1", .is_bridge = true}});
    EXPECT_EQ(kind_of(plan_of(ruleset_of({}, {kClosedBridge, other}), devices), 5), Kind::Closed);
    EXPECT_EQ(kind_of(plan_of(ruleset_of({}, {kClosedBridge}), devices), 5), std::nullopt);
}

TEST(Bindings, EveryBridgeIsTheHostsWhetherItIsListedOrNot) {
    const BindingPlan plan = plan_of(ruleset_of({}), devices_of({{.ifindex = 9, .name = "br9", .is_bridge = true}}));
    EXPECT_EQ(kind_of(plan, kBridge), Kind::Bridge);
    EXPECT_EQ(kind_of(plan, 9), Kind::Bridge);
}

TEST(Bindings, DeviceThatCannotBeAPortOfABridgeIsTheHosts) {
    const BindingPlan plan = plan_of(ruleset_of({}), devices_of({{.ifindex = 9, .name = "tun0", .is_ethernet = false}}));
    EXPECT_EQ(kind_of(plan, 9), Kind::Routed);
    EXPECT_THAT(plan.lines, IsEmpty());
}

// It may be made a port of the bridge, and send, before the daemon hears of it.
TEST(Bindings, EthernetDeviceThatIsNotListedIsNotTheHosts) {
    EXPECT_EQ(kind_of(plan_of(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 9, .name = "eth9"}})), 9), std::nullopt);
}

TEST(Bindings, DevicesOfTheHostBeyondTheirNumberAreLeftOut) {
    HostDevices devices = devices_of({});
    for (std::uint32_t ifindex = 2; ifindex < kMostHostDevices + 10; ++ifindex) {
        devices[ifindex] = {.ifindex = ifindex, .name = "tun" + std::to_string(ifindex), .is_ethernet = false};
    }
    const BindingPlan plan = plan_of(ruleset_of({}), devices);
    EXPECT_THAT(plan.devices, SizeIs(kMostHostDevices));
    EXPECT_EQ(plan.devices.front().ifindex, kBridge);
}

TEST(Bindings, BoundDeviceDoesNotBecomeAnUplinkByARename) {
    const BindingMemory memory{.standing = {{5, "eni-1", "tap0"}}, .once_bound = {5}};
    const BindingPlan plan =
        plan_of(ruleset_of({{"eni-1", "tap0"}}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "eth1", .master = kBridge}}), memory);
    EXPECT_EQ(kind_of(plan, 5), Kind::Bound);
}

TEST(Bindings, PhysicalDeviceThatWouldBeClosedCutsTheHostOff) {
    const BindingPlan plan =
        plan_of(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "eth0", .master = kBridge, .is_physical = true}}));
    ASSERT_THAT(plan.cut_off, SizeIs(1));
    EXPECT_THAT(plan.cut_off[0].message, HasSubstr("eth0 is a physical device"));
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
}

TEST(Bindings, DefaultRouteDeviceThatWouldBeClosedCutsTheHostOff) {
    const BindingPlan plan =
        plan_bindings(ruleset_of({}, {kClosedBridge}), devices_of({{.ifindex = 5, .name = "vpn0", .master = kBridge}}), {}, {5});
    ASSERT_THAT(plan.cut_off, SizeIs(1));
    EXPECT_THAT(plan.cut_off[0].message, HasSubstr("vpn0 carries a default route"));
}

TEST(Bindings, PhysicalDeviceThatIsBoundOrLeftOpenCutsNothingOff) {
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "eth0", .master = kBridge, .is_physical = true}});
    EXPECT_THAT(plan_of(ruleset_of({{"eni-1", "eth0"}}, {kClosedBridge}), devices).cut_off, IsEmpty());
    EXPECT_THAT(plan_of(ruleset_of({}, {kOpenBridge}), devices).cut_off, IsEmpty());
}

TEST(Bindings, AliasOfAnInterfaceThatCannotBeBoundClosesTheDevice) {
    Ruleset ruleset;
    ruleset.interfaces.push_back({.id = "eni-1", .groups = {}});
    const BindingPlan plan = plan_of(ruleset, devices_of({{.ifindex = 5, .name = "tap0", .alias = "eni-1"}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 eni-1 closed"));
}

// An interface that a device may be bound to, and none was when the ruleset was compiled.
Ruleset with_elsewhere(Ruleset ruleset, std::string interface_id) {
    ruleset.elsewhere.push_back(static_cast<Index>(ruleset.interfaces.size()));
    ruleset.interfaces.push_back({.id = std::move(interface_id), .groups = {}});
    return ruleset;
}

TEST(Bindings, AliasOfAnInterfaceWithoutAPolicyYetClosesTheDevice) {
    const BindingPlan plan =
        plan_of(with_elsewhere(ruleset_of({{"eni-1", "tap0"}}), "eni-2"), devices_of({{.ifindex = 5, .name = "tap5", .alias = "eni-2"}}));
    EXPECT_EQ(kind_of(plan, 5), Kind::Closed);
    ASSERT_FALSE(plan.lines.empty());
    EXPECT_EQ(plan.lines[0].detail, "this interface's policy is not prepared yet");
}

TEST(Bindings, PortsOfARulesetAreThoseOfTheAliasesIfNoneIsMissingOrLeftOver) {
    const Ruleset ruleset = with_elsewhere(ruleset_of({{"eni-1", "tap0"}, {"eni-2", ""}}), "eni-3");
    EXPECT_TRUE(has_ports_of(ruleset, {"eni-2"}));
    EXPECT_TRUE(has_ports_of(ruleset, {"a word", "eni-1", "eni-2"}));
    EXPECT_FALSE(has_ports_of(ruleset, {"eni-2", "eni-3"})) << "one is missing";
    EXPECT_FALSE(has_ports_of(ruleset, {})) << "one is left over";
    EXPECT_EQ(aliases_of(devices_of({{.ifindex = 5, .name = "tap5", .alias = "eni-2"}, {.ifindex = 6, .name = "tap6"}})), Aliases{"eni-2"});
}

TEST(Bindings, MasterThatIsNoBridgeIsNotGivenAsOne) {
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "tap0", .master = 8}, {.ifindex = 8, .name = "bond0"}});
    EXPECT_EQ(kind_of(plan_of(ruleset_of({{"eni-1", "tap0"}}), devices), 8), std::nullopt);
}

TEST(Bindings, EveryDeviceKnowsItsBridgeAndABridgeIsItsOwn) {
    const HostDevices devices = devices_of({{.ifindex = 7, .name = "vm1", .master = kBridge},
                                            {.ifindex = 8, .name = "vm2"},
                                            {.ifindex = 9, .name = "bond0"},
                                            {.ifindex = 10, .name = "vm3", .master = 9}});
    const auto plan = plan_bindings(ruleset_of({{"eni-1", "vm1"}, {"eni-2", "vm2"}, {"eni-3", "vm3"}}), devices, {}, {});
    ASSERT_TRUE(binding_of(plan.devices, 7));
    EXPECT_EQ(binding_of(plan.devices, 7)->bridge, kBridge);
    EXPECT_EQ(binding_of(plan.devices, 8)->bridge, 0U);
    EXPECT_EQ(binding_of(plan.devices, 10)->bridge, 0U) << "its master is no bridge";
    ASSERT_TRUE(binding_of(plan.devices, kBridge));
    EXPECT_EQ(binding_of(plan.devices, kBridge)->bridge, kBridge);
}

// ---- quarantine and release
// ----------------------------------------------------------------------------------------------------------------

TEST(Bindings, PortInQuarantineIsClosedWhateverItIsBoundTo) {
    const Ruleset ruleset = ruleset_of({{"eni-1", "tap0"}, {"eni-2", "tap1"}}, {kOpenBridge});
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge},
                                            {.ifindex = 6, .name = "tap1", .master = kBridge},
                                            {.ifindex = 7, .name = "tap7", .master = kBridge},
                                            {.ifindex = 8, .name = "eth1", .master = kBridge}});
    for (const auto& [quarantine, ifindex] :
         {std::pair(Quarantine{.port = "eni-1", .interface_id = "eni-1"}, 5U), std::pair(Quarantine{.port = "tap1", .device = "tap1"}, 6U),
          std::pair(Quarantine{.port = "tap9", .device = "tap9", .ifindex = 6}, 6U),
          std::pair(Quarantine{.port = "tap7", .device = "tap7", .ifindex = 7}, 7U),
          std::pair(Quarantine{.port = "eth1", .device = "eth1", .ifindex = 8}, 8U)}) {
        const BindingPlan plan = plan_bindings(ruleset, devices, {}, {}, {quarantine});
        for (const std::uint32_t other : {5U, 6U}) {
            EXPECT_EQ(kind_of(plan, other), other == ifindex ? Kind::Closed : Kind::Bound) << quarantine.port;
        }
        EXPECT_EQ(kind_of(plan, ifindex), Kind::Closed) << quarantine.port;
        const auto line = std::ranges::find(plan.lines, ifindex, &PortLine::ifindex);
        EXPECT_EQ(line->state, PortState::Quarantined) << quarantine.port;
    }
}

TEST(Bindings, BindingOfAPortInQuarantineIsRememberedAndHoldsWhenItIsLifted) {
    const Ruleset ruleset = ruleset_of({{"eni-1", "tap0"}});
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "tap0"}});
    const BindingPlan closed = plan_bindings(ruleset, devices, {}, {}, {{.port = "eni-1", .interface_id = "eni-1"}});
    EXPECT_EQ(closed.memory, plan_of(ruleset, devices).memory);
    EXPECT_THAT(lines_of(closed), ElementsAre("tap0 eni-1 quarantined"));
    EXPECT_EQ(kind_of(plan_of(ruleset, devices, closed.memory), 5), Kind::Bound);
    EXPECT_EQ(kind_of(plan_of(ruleset_of({}), devices, closed.memory), 5), Kind::Closed) << "orphaned";
}

TEST(Bindings, BridgeIsNoPortToBeClosed) {
    const BindingPlan plan =
        plan_bindings(ruleset_of({}, {kClosedBridge}), devices_of({}), {}, {}, {{.port = "br0", .device = "br0", .ifindex = kBridge}});
    EXPECT_EQ(kind_of(plan, kBridge), Kind::Bridge);
}

TEST(Bindings, ReleasedDeviceIsLeftAloneEvenOnAClosedBridgeUntilItIsBound) {
    const HostDevices devices = devices_of({{.ifindex = 5, .name = "tap0", .master = kBridge}});
    const BindingMemory memory{.standing = {}, .once_bound = {}, .released = {5, 9}};
    const BindingPlan plan = plan_of(ruleset_of({}, {kClosedBridge}), devices, memory);
    EXPECT_EQ(kind_of(plan, 5), std::nullopt);
    EXPECT_THAT(lines_of(plan), ElementsAre("tap0 - released"));
    EXPECT_EQ(plan.memory.released, std::set<std::uint32_t>{5}) << "the other device is gone";
    const BindingPlan bound = plan_of(ruleset_of({{"eni-1", "tap0"}}, {kClosedBridge}), devices, memory);
    EXPECT_EQ(kind_of(bound, 5), Kind::Bound);
    EXPECT_EQ(kind_of(plan_of(ruleset_of({}, {kClosedBridge}), devices, bound.memory), 5), Kind::Closed);
}

}  // namespace
}  // namespace portcullis
