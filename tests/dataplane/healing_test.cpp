// SPDX-License-Identifier: Apache-2.0
// What somebody else does to our hooks and pins is found by a look, without an event or a change, and put right; theirs stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>

#include <filesystem>

#include "loader/bpf_dataplane.h"
#include "loader/pin_sets.h"
#include "loader/xdp_link.h"
#include "tests/dataplane/flood.h"
#include "tests/dataplane/foreign_objects.h"
#include "tests/dataplane/small_maps.h"
#include "tests/support/command_output.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::size_t kSender = 0, kReceiver = 1;
constexpr std::uint16_t kAllowed = 53, kForbidden = 54;  // at the receiver, whose egress hook decides

class HealingTest : public ::testing::TestWithParam<AttachMode> {
   protected:
    HealingTest() : dataplane_(create(XdpMode::Off)) { apply(); }
    [[nodiscard]] static std::unique_ptr<BpfDataplane> create(XdpMode xdp) {
        return value_or_end(BpfDataplane::create({.bpffs_directory = PrivateBpffs::directory(),
                                                  .attach_mode = GetParam(),
                                                  .xdp = xdp,
                                                  .capacities = small_maps(),
                                                  .log = {}}),
                            "make the BPF back end");
    }
    void apply() const {
        const TestPolicy policy{.udp_port = kAllowed};
        (void)value_or_end(dataplane_->apply(ruleset_of(policy), net_.devices(policy), {}), "apply");
    }
    [[nodiscard]] Healing heal() const { return value_or_end(dataplane_->heal(), "look"); }
    [[nodiscard]] Hook hook(std::size_t port, Direction direction) const { return {.ifindex = net_.ifindex(port), .direction = direction}; }
    [[nodiscard]] static std::string device(std::size_t port) { return TestHost::port_device(port); }
    // As an operator or another tool does it: a link is detached whoever holds it, filters are deleted.
    void take_off(std::size_t port, Direction direction) const {
        const std::string name(direction == Direction::Outbound ? "pc_from_instance_" : "pc_to_instance_");
        if (GetParam() == AttachMode::Tcx) {
            detach_pinned_link(PrivateBpffs::directory() + "/links/" + name + std::to_string(net_.ifindex(port)));
        } else {
            ASSERT_EQ(
                output_of("tc filter del dev " + device(port) + (direction == Direction::Outbound ? " ingress" : " egress") + " 2>&1"), "");
        }
    }
    void take_both_off(std::size_t port) const {
        if (GetParam() == AttachMode::Tcx) {
            take_off(port, Direction::Outbound);
            take_off(port, Direction::Inbound);
        } else {
            ASSERT_EQ(output_of("tc qdisc del dev " + device(port) + " clsact 2>&1"), "");
        }
    }
    void expect_enforced() const {
        EXPECT_FALSE(net_.delivers(kForbidden));
        EXPECT_TRUE(net_.delivers(kAllowed));
        const Healing again = heal();
        EXPECT_THAT(again.healed, IsEmpty());
        EXPECT_THAT(again.standing, IsEmpty());
    }
    [[nodiscard]] auto says(std::size_t port, const std::string& text) const {
        return AllOf(Field(&Tampering::ifindex, net_.ifindex(port)), Field(&Tampering::what, HasSubstr(text)));
    }
    // A program that was taken off: until the look the hook is open, nothing stands there.
    void expect_attached_again() {
        take_off(kReceiver, Direction::Inbound);
        EXPECT_TRUE(net_.delivers(kForbidden));
        const Healing healing = heal();
        EXPECT_THAT(healing.healed, ElementsAre(says(kReceiver, "our program was gone from tc egress")));
        EXPECT_FALSE(healing.needs_apply);
        expect_enforced();
    }
    [[nodiscard]] static std::vector<std::string> pins() {
        std::vector<std::string> all;
        for (const std::string kind : {"maps", "progs", "links"}) {
            const auto names = value_or_end(names_in(PrivateBpffs::directory() + "/" + kind, ""), "list pins");
            for (const std::string& name : names) {
                all.push_back(kind + "/" + name);
            }
        }
        return all;
    }

    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
    std::unique_ptr<BpfDataplane> dataplane_;
};

TEST_P(HealingTest, ALookAtWhatIsAsItWasLeftFindsNothing) { expect_enforced(); }

TEST_P(HealingTest, AProgramThatWasTakenOffIsAttachedAgainAndThePortGoesOn) { expect_attached_again(); }

TEST_P(HealingTest, ADeviceThatLostBothProgramsIsClosedUntilTheNextApply) {
    take_both_off(kReceiver);
    EXPECT_TRUE(net_.delivers(kForbidden));
    const Healing healing = heal();
    EXPECT_THAT(healing.healed, ElementsAre(says(kReceiver, "our programs were gone")));
    EXPECT_TRUE(healing.needs_apply);
    EXPECT_FALSE(net_.delivers(kForbidden));
    EXPECT_FALSE(net_.delivers(kAllowed));
    apply();
    expect_enforced();
}

TEST_P(HealingTest, AProgramThatPassesEverythingBeforeOursIsBehindItAfterwards) {
    ForeignProgram foreign("foreign", TC_ACT_OK);
    foreign.attach(hook(kReceiver, Direction::Inbound), GetParam(), 1);
    EXPECT_TRUE(net_.delivers(kForbidden));
    EXPECT_THAT(heal().healed, ElementsAre(says(kReceiver, "(foreign) at tc egress was put before ours")));
    EXPECT_TRUE(foreign.is_attached(hook(kReceiver, Direction::Inbound), GetParam()));
    expect_enforced();
}

TEST_P(HealingTest, NothingForbiddenPassesWhileOursGoesBeforeTheOthers) {
    std::vector<ForeignProgram> others;  // whose verdict leaves it to ours, so that nothing forbidden passes before either
    Flood flood(net_, kForbidden);
    flood.go_on(1);
    for (int round = 0; round < 20; ++round) {
        others.emplace_back("other").attach(hook(kReceiver, Direction::Inbound), GetParam(), 1);
        EXPECT_THAT(heal().healed, SizeIs(1));
    }
    flood.go_on(200);
    flood.stop();
    EXPECT_EQ(net_.received(), 0U);
    EXPECT_TRUE(net_.delivers(kAllowed));
}

TEST_P(HealingTest, PinsThatWereRemovedAreMadeAgainAndNothingPassesMeanwhile) {
    const std::vector<std::string> before = pins();
    Flood flood(net_, kForbidden);
    flood.go_on(1);
    for (const std::string kind : {"maps", "progs", "links"}) {
        std::filesystem::remove_all(PrivateBpffs::directory() + "/" + kind);
    }
    EXPECT_THAT(heal().healed, ElementsAre(Field(&Tampering::what, AllOf(HasSubstr("maps/pc_host"), HasSubstr("progs/pc_to_instance")))));
    EXPECT_EQ(pins(), before);
    flood.go_on(200);
    flood.stop();
    EXPECT_EQ(net_.received(), 0U);
    expect_enforced();
    dataplane_.reset();
    EXPECT_FALSE(net_.delivers(kForbidden));
    EXPECT_TRUE(net_.delivers(kAllowed));
}

// What a hook held when the daemon began was another daemon's program.
TEST_P(HealingTest, AfterARestartALookFindsNothingAndWhatIsTakenOffIsAttachedAgain) {
    dataplane_.reset();
    dataplane_ = create(XdpMode::Off);
    EXPECT_THAT(heal().healed, IsEmpty());  // nothing is touched before the first apply
    apply();
    expect_enforced();
    expect_attached_again();
}

TEST_P(HealingTest, ADirectoryThatIsMadeAgainIsStillThisDaemonsAlone) {
    std::filesystem::remove_all(PrivateBpffs::directory());
    EXPECT_THAT(heal().healed, SizeIs(1));
    const auto second = BpfDataplane::create(
        {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = GetParam(), .capacities = small_maps(), .log = {}});
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another daemon"));
    expect_enforced();
}

INSTANTIATE_TEST_SUITE_P(Modes, HealingTest, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

class ClsactHealingTest : public HealingTest {};

// On kernels that have both, tcx programs are asked before all filters.
TEST_P(ClsactHealingTest, ATcxProgramBeforeOurFilterIsReportedForAsLongAsItIsThere) {
    ForeignProgram foreign("foreign", TC_ACT_OK);
    foreign.attach(hook(kReceiver, Direction::Inbound), AttachMode::Tcx);
    for (int look = 0; look < 2; ++look) {
        const Healing healing = heal();
        EXPECT_THAT(healing.standing, ElementsAre(says(kReceiver, "(foreign) at tc egress comes before ours")));
        EXPECT_THAT(healing.healed, IsEmpty());
    }
    EXPECT_TRUE(foreign.is_attached(hook(kReceiver, Direction::Inbound), AttachMode::Tcx));
    foreign.detach_link();
    expect_enforced();
}

// Until then nothing of ours decides what goes to the port.
TEST_P(ClsactHealingTest, APriorityThatAnotherToolTookIsReportedUntilItIsFree) {
    const ForeignProgram foreign("foreign");
    foreign.pin("/sys/fs/bpf/foreign");
    const std::string at_hook = " dev " + device(kReceiver) + " egress protocol ip prio 1 ";
    ASSERT_EQ(output_of("{ tc qdisc del dev " + device(kReceiver) + " clsact && tc qdisc add dev " + device(kReceiver) +
                        " clsact && tc filter add" + at_hook + "handle 1 bpf da object-pinned /sys/fs/bpf/foreign; } 2>&1"),
              "");
    EXPECT_THAT(heal().standing, ElementsAre(says(kReceiver, "our programs are gone and cannot be attached")));
    EXPECT_THAT(output_of("tc filter show dev " + device(kReceiver) + " egress"), HasSubstr("foreign"));
    ASSERT_EQ(output_of("tc filter del" + at_hook + "2>&1"), "");
    EXPECT_TRUE(heal().needs_apply);
    apply();
    expect_enforced();
}

INSTANTIATE_TEST_SUITE_P(Filters, ClsactHealingTest, ::testing::Values(AttachMode::Clsact));

class XdpHealingTest : public HealingTest {};

TEST_P(XdpHealingTest, AnXdpProgramThatWasTakenOffIsAttachedAgain) {
    dataplane_.reset();
    dataplane_ = create(XdpMode::Everywhere);
    apply();
    const std::uint32_t program = xdp_program_at(net_.ifindex(kSender));
    ASSERT_NE(program, 0U);
    detach_pinned_link(xdp_link_path(PrivateBpffs::directory() + "/links", net_.ifindex(kSender)));
    ASSERT_EQ(xdp_program_at(net_.ifindex(kSender)), 0U);
    EXPECT_THAT(heal().healed, ElementsAre(says(kSender, "our XDP program was gone")));
    EXPECT_EQ(xdp_program_at(net_.ifindex(kSender)), program);
    expect_enforced();
}

TEST_P(XdpHealingTest, AnotherToolsXdpProgramIsLeftAndOursComesBackWhenItGoes) {
    dataplane_.reset();
    dataplane_ = create(XdpMode::Everywhere);
    apply();
    const ForeignXdp foreign;
    detach_pinned_link(xdp_link_path(PrivateBpffs::directory() + "/links", net_.ifindex(kSender)));
    foreign.attach(net_.ifindex(kSender));
    EXPECT_THAT(heal().healed, IsEmpty());
    EXPECT_EQ(xdp_program_at(net_.ifindex(kSender)), foreign.id());
    EXPECT_THAT(dataplane_->description(), HasSubstr("not on p1 (another XDP program is there)"));
    foreign.detach(net_.ifindex(kSender));
    EXPECT_THAT(heal().healed, ElementsAre(says(kSender, "our XDP program was gone")));
    EXPECT_THAT(dataplane_->description(), Not(HasSubstr("not on")));
}

INSTANTIATE_TEST_SUITE_P(Links, XdpHealingTest, ::testing::Values(AttachMode::Auto));

}  // namespace
}  // namespace portcullis::test
