// SPDX-License-Identifier: Apache-2.0
#include "loader/attachment.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "loader/clsact.h"
#include "loader/libbpf_log.h"
#include "loader/tcx.h"
#include "tests/dataplane/foreign_objects.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

class AttachmentTest : public ::testing::TestWithParam<AttachMode> {
   protected:
    AttachmentTest() {
        std::filesystem::create_directories(kLinks);
        namespace_.ip("link add d1 type veth peer name d2\nlink set d1 up\nlink set d2 up\n");
        ifindex_ = namespace_.ifindex_of("d1");
    }
    [[nodiscard]] Hook hook(Direction direction = Direction::Outbound) const { return {.ifindex = ifindex_, .direction = direction}; }
    [[nodiscard]] Result<> attach(const ForeignProgram& program, Direction direction = Direction::Outbound) {
        return attachments_.attach(hook(direction), program.fd(), program.id());
    }
    [[nodiscard]] bool holds(const ForeignProgram& program, Direction direction = Direction::Outbound) const {
        return attachments_.holds(hook(direction), program.id()) == true;
    }
    static constexpr const char* kLinks = "/sys/fs/bpf/portcullis/links";
    PrivateBpffs bpffs_;
    LibbpfSilence silence_;
    NetNamespace namespace_;
    NetNamespace::Entered here_ = namespace_.enter();
    std::uint32_t ifindex_ = 0;
    Attachments attachments_ = Attachments::create(GetParam(), kLinks);
    ForeignProgram ours_{"pc_ours"}, newer_{"pc_newer"}, foreign_{"foreign"};
};

TEST_P(AttachmentTest, AHookHoldsWhatWasAttachedAndNothingBefore) {
    EXPECT_FALSE(holds(ours_));
    const auto attached = attach(ours_);
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_TRUE(holds(ours_));
    EXPECT_FALSE(holds(ours_, Direction::Inbound));
    EXPECT_FALSE(holds(newer_));
}

TEST_P(AttachmentTest, AttachingAgainReplacesInPlace) {
    foreign_.attach(hook(), GetParam());
    ASSERT_TRUE(attach(ours_));
    ASSERT_TRUE(attach(newer_));
    EXPECT_TRUE(holds(newer_));
    EXPECT_FALSE(holds(ours_));
    EXPECT_TRUE(foreign_.is_attached(hook(), GetParam()));
}

TEST_P(AttachmentTest, DetachingTakesOursAloneAndMayBeRepeated) {
    foreign_.attach(hook(), GetParam());
    ASSERT_TRUE(attach(ours_));
    for (int time = 0; time < 2; ++time) {
        const auto detached = attachments_.detach(hook());
        ASSERT_TRUE(detached) << detached.error().message;
        EXPECT_FALSE(holds(ours_));
        EXPECT_TRUE(foreign_.is_attached(hook(), GetParam()));
    }
}

TEST_P(AttachmentTest, ADeviceThatDoesNotExistIsSaidToBeMissing) {
    const auto attached = attachments_.attach({.ifindex = 999, .direction = Direction::Inbound}, ours_.fd(), ours_.id());
    ASSERT_FALSE(attached);
    EXPECT_EQ(attached.error().code, ENODEV);
    EXPECT_EQ(attachments_.holds({.ifindex = 999, .direction = Direction::Inbound}, ours_.id()), false);
    EXPECT_TRUE(attachments_.detach({.ifindex = 999, .direction = Direction::Inbound}));
}

TEST_P(AttachmentTest, ADeviceThatCameBackUnderItsOldNumberIsAttachedToAnew) {
    ASSERT_TRUE(attach(ours_));
    namespace_.ip("link del d1\nlink add d1 index " + std::to_string(ifindex_) + " type veth peer name d2\nlink set d1 up\n");
    EXPECT_FALSE(holds(ours_));
    const auto attached = attach(ours_);
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_TRUE(holds(ours_));
}

INSTANTIATE_TEST_SUITE_P(Modes, AttachmentTest, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

class TcxTest : public AttachmentTest {};

TEST_P(TcxTest, OursRunsBeforeEveryProgramThatWasThere) {
    foreign_.attach(hook(), AttachMode::Tcx);
    ASSERT_TRUE(attach(ours_));
    EXPECT_EQ(tcx_programs(hook()), (std::vector<std::uint32_t>{ours_.id(), foreign_.id()}));
}

// A link that was taken down and made anew would stand in front again.
TEST_P(TcxTest, ReplacingKeepsThePlace) {
    ASSERT_TRUE(attach(ours_));
    foreign_.attach(hook(), AttachMode::Tcx);
    ASSERT_TRUE(attach(newer_));
    EXPECT_EQ(tcx_programs(hook()), (std::vector<std::uint32_t>{foreign_.id(), newer_.id()}));
}

TEST_P(TcxTest, ALinkWhosePinWasRemovedIsHeldAndPinnedAgain) {
    ASSERT_TRUE(attach(ours_));
    const std::string pin = std::string(kLinks) + "/pc_from_instance_" + std::to_string(ifindex_);
    std::filesystem::remove(pin);
    EXPECT_TRUE(holds(ours_));
    EXPECT_EQ(attachments_.pin_again(), std::vector{hook()});
    EXPECT_TRUE(std::filesystem::exists(pin));
    EXPECT_EQ(attachments_.pin_again(), std::vector<Hook>());
}

// As where the process died after both links had been pinned.
TEST_P(TcxTest, ALinkThatWasToBecomeFirstIsTakenOverInPlaceOfTheFormer) {
    ASSERT_TRUE(attach(ours_));
    const std::string pin = std::string(kLinks) + "/pc_from_instance_" + std::to_string(ifindex_);
    auto first = tcx_attach(hook(), foreign_.fd());
    ASSERT_TRUE(first);
    ASSERT_EQ(::bpf_obj_pin(first->value(), (pin + "_first").c_str()), 0);
    first->reset();
    Attachments next = Attachments::create(GetParam(), kLinks);
    ASSERT_TRUE(next.attach(hook(), newer_.fd(), newer_.id()));
    EXPECT_FALSE(std::filesystem::exists(pin + "_first"));
    EXPECT_EQ(tcx_programs(hook())->front(), newer_.id());
}

TEST_P(TcxTest, ADeviceOfAnotherNamespaceUnderTheSameNumberIsNotMistakenForIt) {
    ASSERT_TRUE(attach(ours_));
    NetNamespace other;
    other.ip("link add d1 index " + std::to_string(ifindex_) + " type veth peer name d2\n");
    const auto there = other.enter();
    EXPECT_FALSE(holds(ours_));
}

INSTANTIATE_TEST_SUITE_P(Links, TcxTest, ::testing::Values(AttachMode::Tcx));

class ClsactTest : public AttachmentTest {};

TEST_P(ClsactTest, TheQdiscStaysWhenOurFilterGoes) {
    ASSERT_TRUE(attach(ours_));
    ASSERT_TRUE(attachments_.detach(hook()));
    EXPECT_EQ(::system("tc qdisc show dev d1 | grep -q clsact"), 0);
}

TEST_P(ClsactTest, AQdiscThatSomebodyDeletedTakesOursAwayAndAttachingMakesItAgain) {
    ASSERT_TRUE(attach(ours_));
    ASSERT_EQ(::system("tc qdisc del dev d1 clsact"), 0);
    EXPECT_FALSE(holds(ours_));
    ASSERT_TRUE(attach(ours_));
    EXPECT_TRUE(holds(ours_));
}

INSTANTIATE_TEST_SUITE_P(Filters, ClsactTest, ::testing::Values(AttachMode::Clsact));

}  // namespace
}  // namespace portcullis::test
