// SPDX-License-Identifier: Apache-2.0
// What a change of policy does to packets and to the kernel's maps, in both attach modes.
#include "loader/bpf_dataplane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "loader/tcx.h"
#include "loader/teardown.h"
#include "tests/dataplane/differences.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::HasSubstr;

class BpfDataplaneTest : public ::testing::TestWithParam<AttachMode> {
   protected:
    std::unique_ptr<BpfDataplane> create(const MapCapacities& capacities = small_maps()) {
        auto created = BpfDataplane::create(
            {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = GetParam(), .capacities = capacities, .log = {}});
        EXPECT_TRUE(created) << created.error().message;
        return created ? std::move(*created) : nullptr;
    }
    static ApplyReport apply(BpfDataplane& dataplane, const TestPolicy& policy, const std::vector<DeviceBinding>& devices) {
        const auto report = dataplane.apply(ruleset_of(policy), devices, {});
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : ApplyReport{};
    }
    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
};

TEST_P(BpfDataplaneTest, TellsHowFarItIs) {
    std::vector<std::string> steps;
    const WorkCallback work = [&](std::string_view step, std::size_t done, std::size_t of) {
        steps.push_back(std::string(step) + ' ' + std::to_string(done) + '/' + std::to_string(of));
    };
    const auto dataplane = BpfDataplane::create(
        {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = GetParam(), .capacities = small_maps(), .log = {}, .work = work});
    ASSERT_TRUE(dataplane) << dataplane.error().message;
    apply(**dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_THAT(steps, testing::ElementsAre("attaching to devices 0/2", "attaching to devices 1/2", "lowering the policy 0/0",
                                            "comparing it with what is enforced 0/0", "writing the kernel's maps 0/0"));
}

TEST_P(BpfDataplaneTest, EnforcesThePolicyItWasGiven) {
    const auto dataplane = create();
    EXPECT_TRUE(net_.delivers(54));
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, AnotherPolicyHoldsFromTheSwitchOn) {
    const auto dataplane = create();
    const ApplyReport first = apply(*dataplane, {.udp_port = 53}, net_.devices());
    const ApplyReport second = apply(*dataplane, {.udp_port = 54}, net_.devices());
    EXPECT_EQ(second.generation, first.generation + 1);
    EXPECT_TRUE(net_.delivers(54));
    EXPECT_FALSE(net_.delivers(53));
}

TEST_P(BpfDataplaneTest, TheSamePolicyAgainWritesNothing) {
    const TestPolicy larger{.udp_port = 53, .other_members = {"10.0.0.20"}};
    const auto dataplane = create();
    const ApplyReport first = apply(*dataplane, larger, net_.devices(larger));
    EXPECT_GT(first.kernel_writes, 0U);
    const ApplyReport second = apply(*dataplane, larger, net_.devices(larger));
    EXPECT_EQ(second.kernel_writes, 0U);
    EXPECT_EQ(second.generation, first.generation);
}

TEST_P(BpfDataplaneTest, ThePlanOfAChangeCountsWhatItsApplyWritesAndChangesNothing) {
    const TestPolicy larger{.udp_port = 54, .other_members = {"10.0.0.20"}};
    const auto dataplane = create();
    const auto planned = [&](const TestPolicy& policy) {
        std::uint64_t total = 0;
        const auto plan = dataplane->plan(ruleset_of(policy), net_.devices(policy), {});
        EXPECT_TRUE(plan) << plan.error().message;
        for (const PlannedWrites& writes : plan ? *plan : std::vector<PlannedWrites>{}) {
            total += writes.count;
        }
        return total;
    };
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    const TestPolicy policies[] = {{.udp_port = 54}, larger, {.udp_port = 55, .other_members = {"10.0.0.21"}}, {.udp_port = 53}};
    for (const TestPolicy& policy : policies) {
        const std::uint64_t expected = planned(policy);
        EXPECT_GT(expected, 0U);
        EXPECT_EQ(planned(policy), expected);  // the first plan took nothing
        EXPECT_EQ(apply(*dataplane, policy, net_.devices(policy)).kernel_writes, expected);
        EXPECT_EQ(planned(policy), 0U);
        EXPECT_EQ(differences_of(*dataplane), std::vector<std::string>{});
    }
}

TEST_P(BpfDataplaneTest, AMemberMoreWritesItsOwnEntriesAlone) {
    const TestPolicy larger{.udp_port = 53, .other_members = {"10.0.0.20"}};
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    const ApplyReport report = apply(*dataplane, larger, net_.devices(larger));
    // Its address and its EUI-64 one: an entry of pc_members and one of pc_addresses each, and a row of pc_owners; its row of
    // pc_interfaces and its name; the epochs of both ports. Rows are written twice.
    EXPECT_EQ(report.kernel_writes, 2U + 2U + 1U + 2U * (2U + 1U + 2U));
}

TEST_P(BpfDataplaneTest, ManyChangesInARowLeaveNothingBehind) {
    const auto dataplane = create();
    const ApplyReport first = apply(*dataplane, {.udp_port = 53}, net_.devices());
    for (std::uint16_t port = 100; port < 300; ++port) {
        apply(*dataplane, {.udp_port = port}, net_.devices());
        ASSERT_TRUE(net_.delivers(port)) << port;
        ASSERT_FALSE(net_.delivers(53)) << port;
    }
    EXPECT_EQ(apply(*dataplane, {.udp_port = 53}, net_.devices()).generation, first.generation + 201);
    EXPECT_TRUE(net_.delivers(53));
}

TEST_P(BpfDataplaneTest, APolicyThatDoesNotFitIsRefusedWholeAndTheFormerStays) {
    MapCapacities capacities = small_maps();
    capacities.interfaces = 3;
    const auto dataplane = create(capacities);
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    const auto refused = dataplane->apply(ruleset_of({.udp_port = 54, .other_members = {"10.0.0.20", "10.0.0.21"}}), net_.devices(), {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("pc_interfaces"));
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
    EXPECT_EQ(apply(*dataplane, {.udp_port = 53}, net_.devices()).kernel_writes, 0U);
    apply(*dataplane, {.udp_port = 54}, net_.devices());
    EXPECT_TRUE(net_.delivers(54));
}

// Both generations have to fit at once, which only the kernel finds out.
TEST_P(BpfDataplaneTest, AMapThatIsFullHalfwayLeavesTheFormerPolicyWhole) {
    MapCapacities capacities = small_maps();
    capacities.port_set_entries = 1;
    const auto dataplane = create(capacities);
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    const auto refused = dataplane->apply(ruleset_of({.udp_port = 54}), net_.devices(), {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("pc_port_sets"));
    EXPECT_THAT(refused.error().message, HasSubstr("at most 1 entries"));
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
    EXPECT_EQ(apply(*dataplane, {.udp_port = 53}, net_.devices()).kernel_writes, 0U);
    // A switch that concerns neither port brings nothing of the refused change to life.
    auto devices = net_.devices();
    devices.push_back({.ifindex = net_.host().ifindex_of("up0"), .device = "up0", .kind = DeviceBinding::Kind::Uplink, .port = 0});
    apply(*dataplane, {.udp_port = 53}, devices);
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, ADeviceThatIsGivenAsClosedPassesNothing) {
    const auto dataplane = create();
    auto devices = net_.devices();
    apply(*dataplane, {.udp_port = 53}, devices);
    devices.back().kind = DeviceBinding::Kind::Closed;
    apply(*dataplane, {.udp_port = 53}, devices);
    EXPECT_FALSE(net_.delivers(53));
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_TRUE(net_.delivers(53));
}

TEST_P(BpfDataplaneTest, ANewDeviceIsClosedEvenWhenThePolicyIsRefused) {
    MapCapacities capacities = small_maps();
    capacities.interfaces = 1;
    const auto dataplane = create(capacities);
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(dataplane->apply(ruleset_of({.udp_port = 53}), net_.devices(), {}));
    EXPECT_FALSE(net_.delivers(53));
}

// One of the two is there already, and goes on.
TEST_P(BpfDataplaneTest, ANewDeviceIsClosedBeforeThereIsARulesetForIt) {
    const auto dataplane = create();
    auto devices = net_.devices();
    const std::vector<DeviceBinding> former(devices.begin(), devices.end() - 1);
    const auto generation = apply(*dataplane, {.udp_port = 53}, former).generation;
    EXPECT_TRUE(net_.delivers(53)) << "nothing is to be said of the other device yet";
    devices.back().kind = DeviceBinding::Kind::Closed;
    EXPECT_TRUE(dataplane->close_newcomers(devices));
    EXPECT_FALSE(net_.delivers(53));
    EXPECT_TRUE(dataplane->close_newcomers(devices)) << "once more";
    EXPECT_EQ(apply(*dataplane, {.udp_port = 53}, net_.devices()).generation, generation + 1);
    EXPECT_TRUE(net_.delivers(53));
}

TEST_P(BpfDataplaneTest, AnotherInterfaceOnADeviceInheritsNoFlow) {
    const auto dataplane = create();
    auto devices = net_.devices();
    apply(*dataplane, {.udp_port = 53}, devices);
    ASSERT_TRUE(net_.delivers(53));
    std::swap(devices[1].port, devices[2].port);
    apply(*dataplane, {.udp_port = 53}, devices);
    EXPECT_FALSE(net_.delivers(53));
    const auto counters = dataplane->port_counters();
    ASSERT_TRUE(counters);
    for (const PortCounters& port : *counters) {
        EXPECT_EQ(port.flows, 0U) << port.ifindex;
    }
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_TRUE(net_.delivers(53));
}

TEST_P(BpfDataplaneTest, ADeviceThatIsNoLongerGivenIsReleased) {
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_FALSE(net_.delivers(54));
    apply(*dataplane, {.udp_port = 53}, {});
    EXPECT_TRUE(net_.delivers(54));
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, ADeviceThatDoesNotExistIsPassedOver) {
    const auto dataplane = create();
    auto devices = net_.devices();
    devices.push_back({.ifindex = 999, .device = "gone0", .kind = DeviceBinding::Kind::Closed, .port = 0});
    apply(*dataplane, {.udp_port = 53}, devices);
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, ADeviceThatComesBackUnderItsOldNumberInheritsNoFlow) {
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    ASSERT_TRUE(net_.delivers(53));
    const std::string number = std::to_string(net_.ifindex(1));
    net_.host().ip("link del p2\nlink add p2 index " + number + " type veth peer name p2far\nlink set p2 master br0 up\n");
    apply(*dataplane, {.udp_port = 54}, net_.devices());
    const auto counters = dataplane->port_counters();
    ASSERT_TRUE(counters);
    for (const PortCounters& port : *counters) {
        if (port.ifindex == net_.ifindex(1)) {
            EXPECT_EQ(port.flows, 0U);
            EXPECT_TRUE(port.reasons.empty());
        }
    }
}

// Such a qdisc, of a bandwidth limit say, has one block of filters for both directions: by clsact filters the device cannot be enforced.
TEST_P(BpfDataplaneTest, ADeviceWithAForeignIngressQdiscIsEnforcedOrRefusedNeverHalfDone) {
    ASSERT_EQ(std::system("tc qdisc add dev p2 ingress"), 0);
    const auto dataplane = create();
    const auto report = dataplane->apply(ruleset_of({.udp_port = 53}), net_.devices(), {});
    EXPECT_EQ(report.has_value(), GetParam() == AttachMode::Tcx);
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, AHookThatSomebodyEmptiedIsFilledAgainByTheNextApply) {
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    ASSERT_TRUE(teardown(PrivateBpffs::directory()));
    EXPECT_TRUE(net_.delivers(54));
    const auto links = PrivateBpffs::directory() + "/links";
    ASSERT_EQ(::system(("mkdir -p " + links).c_str()), 0);
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTest, CountsWhatPassesAndWhatDoesNotByPortAndRule) {
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_FALSE(net_.delivers(54));
    const auto counters = dataplane->port_counters();
    ASSERT_TRUE(counters) << counters.error().message;
    std::uint64_t denied = 0;
    std::uint64_t passed = 0;
    std::uint64_t flows = 0;
    for (const PortCounters& port : *counters) {
        flows += port.flows;
        for (const ReasonCount& count : port.reasons) {
            denied += count.reason == PC_REASON_security_group ? count.packets : 0;
            passed += count.reason == PC_REASON_passed ? count.packets : 0;
        }
    }
    EXPECT_EQ(denied, 1U);  // at the receiver
    EXPECT_EQ(passed, 3U);  // 53 at both, 54 at the sender
    EXPECT_EQ(flows, 3U);
    const auto hits = dataplane->rule_hits();
    ASSERT_TRUE(hits) << hits.error().message;
    EXPECT_THAT(*hits, ::testing::Contains(::testing::Field(&RuleHits::label, HasSubstr("ingress udp 53"))));
}

TEST_P(BpfDataplaneTest, SweepingLeavesLiveFlowsAlone) {
    const auto dataplane = create();
    apply(*dataplane, {.udp_port = 53}, net_.devices());
    ASSERT_TRUE(net_.delivers(53));
    const auto swept = dataplane->sweep();
    ASSERT_TRUE(swept) << swept.error().message;
    const auto counters = dataplane->port_counters();
    ASSERT_TRUE(counters);
    EXPECT_EQ(counters->front().flows, 1U);
}

TEST_P(BpfDataplaneTest, EnforcementStandsWhenTheDaemonIsGone) {
    {
        const auto dataplane = create();
        apply(*dataplane, {.udp_port = 53}, net_.devices());
    }
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

INSTANTIATE_TEST_SUITE_P(Modes, BpfDataplaneTest, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

}  // namespace
}  // namespace portcullis::test
