// SPDX-License-Identifier: Apache-2.0
// A new daemon on a host where a former one's enforcement stands: it never opens in between, whatever the attach modes of the two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "loader/bpf_dataplane.h"
#include "loader/pins.h"
#include "loader/tcx.h"
#include "loader/teardown.h"
#include "tests/dataplane/flood.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/build_stamp.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Modes {
    AttachMode former = AttachMode::Tcx;
    AttachMode next = AttachMode::Tcx;
};

class BpfDataplaneTakeOver : public ::testing::TestWithParam<Modes> {
   protected:
    static std::unique_ptr<BpfDataplane> create(AttachMode mode, const MapCapacities& capacities = small_maps()) {
        auto created =
            BpfDataplane::create({.bpffs_directory = PrivateBpffs::directory(), .attach_mode = mode, .capacities = capacities, .log = {}});
        EXPECT_TRUE(created) << created.error().message;
        return created ? std::move(*created) : nullptr;
    }
    void apply(BpfDataplane& dataplane, const TestPolicy& policy) const {
        const auto report = dataplane.apply(ruleset_of(policy), net_.devices(policy), {});
        EXPECT_TRUE(report) << report.error().message;
    }
    // A former daemon's enforcement, whose programs are not those of this build.
    void leave_another_builds(AttachMode mode, const TestPolicy& policy) const {
        apply(*create(mode), policy);
        pretend_another_build(PrivateBpffs::directory());
    }
    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
};

TEST_P(BpfDataplaneTakeOver, NoForbiddenPacketPassesWhileADaemonReplacesAnother) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    ASSERT_FALSE(net_.delivers(60));
    Flood flood(net_, 60);
    const auto next = create(GetParam().next);
    apply(*next, {.udp_port = 54});
    EXPECT_GT(flood.stop(), 1000U);
    EXPECT_EQ(net_.received(), 0U);
    EXPECT_TRUE(net_.delivers(54));
    EXPECT_FALSE(net_.delivers(53));
}

TEST_P(BpfDataplaneTakeOver, TheFormerPolicyHoldsUntilTheFirstApply) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    const auto next = create(GetParam().next);
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTakeOver, ARefusedFirstApplyLeavesTheFormerEnforcementAlone) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    MapCapacities capacities = small_maps();
    capacities.interfaces = 1;
    const auto next = create(GetParam().next, capacities);
    EXPECT_FALSE(next->apply(ruleset_of({.udp_port = 54}), net_.devices(), {}));
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneTakeOver, OneSetOfPinsAndOneProgramPerHookIsLeft) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    // Daemons that died before they had taken over: their maps do not pile up.
    MapCapacities capacities = small_maps();
    capacities.interfaces = 1;
    for (int time = 0; time < 3; ++time) {
        EXPECT_FALSE(create(GetParam().next, capacities)->apply(ruleset_of({.udp_port = 54}), net_.devices(), {}));
    }
    EXPECT_TRUE(std::filesystem::exists(PrivateBpffs::directory() + "/next1"));
    EXPECT_FALSE(std::filesystem::exists(PrivateBpffs::directory() + "/next2"));
    const auto next = create(GetParam().next);
    apply(*next, {.udp_port = 54});
    const auto standing = find_standing(PrivateBpffs::directory());
    ASSERT_TRUE(standing) << standing.error().message;
    EXPECT_THAT(standing->links, SizeIs(GetParam().next == AttachMode::Tcx ? 4 : 0));
    EXPECT_THAT(standing->filters, SizeIs(GetParam().next == AttachMode::Clsact ? 4 : 0));
    EXPECT_FALSE(std::filesystem::exists(PrivateBpffs::directory() + "/next1"));
}

TEST_P(BpfDataplaneTakeOver, ADeviceThatOnlyTheFormerDaemonHadIsReleased) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    const auto next = create(GetParam().next);
    const auto report = next->apply(ruleset_of({.udp_port = 53}), {}, {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(net_.delivers(60));
    const auto standing = find_standing(PrivateBpffs::directory());
    ASSERT_TRUE(standing);
    EXPECT_THAT(standing->links, IsEmpty());
    EXPECT_THAT(standing->filters, IsEmpty());
}

// The former daemon's pins carry the number that a new device has now: tidying them up must not take the new device's programs off.
TEST_P(BpfDataplaneTakeOver, ADeviceUnderTheNumberOfOneThatIsGoneIsEnforced) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    const std::string number = std::to_string(net_.ifindex(1));
    net_.host().ip("link del p2\nlink add p2 index " + number + " type veth peer name p2far\nlink set p2 master br0 up\n");
    const auto next = create(GetParam().next);
    apply(*next, {.udp_port = 53});
    const auto standing = find_standing(PrivateBpffs::directory());
    ASSERT_TRUE(standing) << standing.error().message;
    EXPECT_EQ(is_held(*standing, {.ifindex = net_.ifindex(1), .direction = Direction::Outbound}), true);
    EXPECT_EQ(is_held(*standing, {.ifindex = net_.ifindex(1), .direction = Direction::Inbound}), true);
}

TEST_P(BpfDataplaneTakeOver, TeardownInTheMiddleRemovesBothDaemonsObjects) {
    leave_another_builds(GetParam().former, {.udp_port = 53});
    MapCapacities capacities = small_maps();
    capacities.interfaces = 1;
    (void)create(GetParam().next, capacities)->apply(ruleset_of({.udp_port = 54}), net_.devices(), {});
    const auto report = teardown(PrivateBpffs::directory());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->links + report->filters, 4U);
    EXPECT_TRUE(net_.delivers(60));
    EXPECT_FALSE(std::filesystem::exists(PrivateBpffs::directory()));
}

INSTANTIATE_TEST_SUITE_P(FromTo, BpfDataplaneTakeOver,
                         ::testing::Values(Modes{AttachMode::Tcx, AttachMode::Tcx}, Modes{AttachMode::Clsact, AttachMode::Clsact},
                                           Modes{AttachMode::Clsact, AttachMode::Tcx}, Modes{AttachMode::Tcx, AttachMode::Clsact}),
                         [](const auto& modes) {
                             return std::string(to_string(modes.param.former)) + "_" + std::string(to_string(modes.param.next));
                         });

}  // namespace
}  // namespace portcullis::test
