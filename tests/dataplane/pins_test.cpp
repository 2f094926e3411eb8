// SPDX-License-Identifier: Apache-2.0
// What stands in the bpffs directory, and what teardown leaves of it and of the hooks.
#include "loader/pins.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "loader/attachment.h"
#include "loader/bpffs.h"
#include "loader/teardown.h"
#include "tests/dataplane/foreign_objects.h"
#include "tests/dataplane/small_maps.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::set<std::string> files_in(const std::string& directory) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!entry.is_directory()) {
            if (!entry.path().has_extension()) {  // the kernel's own files there have one
                files.insert(entry.path().string().substr(directory.size() + 1));
            }
        }
    }
    return files;
}

class PinsTest : public ::testing::TestWithParam<AttachMode> {
   protected:
    PinsTest() {
        namespace_.ip("link add d1 type veth peer name d2\nlink set d1 up\n");
        ifindex_ = namespace_.ifindex_of("d1");
    }
    void SetUp() override {
        ASSERT_TRUE(object_) << object_.error().message;
        ASSERT_TRUE(pins_) << pins_.error().message;
    }
    void attach_both() {
        Attachments attachments = Attachments::create(GetParam(), pins_->links_directory());
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            const auto attached = attachments.attach({.ifindex = ifindex_, .direction = direction}, object_->program_fd(direction),
                                                     object_->program_id(direction));
            ASSERT_TRUE(attached) << attached.error().message;
        }
    }
    PrivateBpffs bpffs_;
    std::string directory_ = PrivateBpffs::directory();
    NetNamespace namespace_;
    NetNamespace::Entered here_ = namespace_.enter();
    std::uint32_t ifindex_ = 0;
    Result<BpfObject> object_ = BpfObject::load(small_maps());
    Result<Pins> pins_ = Pins::open(directory_, {});
};

TEST_P(PinsTest, MapsAndProgramsArePinnedUnderTheirNames) {
    ASSERT_TRUE(pins_->pin(*object_));
    const auto files = files_in(directory_);
    EXPECT_THAT(files, Contains("maps/pc_ports"));
    EXPECT_THAT(files, Contains("progs/pc_from_instance"));
    EXPECT_THAT(files, SizeIs(object_->maps().size() + object_->programs().size()));
}

TEST_P(PinsTest, AnEmptyDirectoryHoldsNoEnforcementAndPinnedProgramsAreSome) {
    EXPECT_EQ(pins_->hold_enforcement(), false);
    ASSERT_TRUE(pins_->pin(*object_));
    EXPECT_EQ(pins_->hold_enforcement(), true);
}

TEST_P(PinsTest, ASecondSetStandsBesideTheFirstUntilItIsPromoted) {
    ASSERT_TRUE(pins_->pin(*object_));
    auto next = Pins::open(directory_, {});
    ASSERT_TRUE(next);
    ASSERT_TRUE(next->pin(*object_));
    EXPECT_THAT(files_in(directory_), Contains("next1/maps/pc_ports"));
    const auto promoted = next->promote();
    ASSERT_TRUE(promoted) << promoted.error().message;
    EXPECT_THAT(files_in(directory_), SizeIs(object_->maps().size() + object_->programs().size()));
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/next1"));
}

TEST_P(PinsTest, TeardownLeavesNothingOfOursAndEverythingOfOthers) {
    ForeignProgram foreign("foreign");
    const Hook hook{.ifindex = ifindex_, .direction = Direction::Outbound};
    foreign.attach(hook, GetParam());
    ASSERT_TRUE(pins_->pin(*object_));
    attach_both();
    foreign.pin(directory_ + "/progs/foreign");
    foreign.pin("/sys/fs/bpf/foreign");
    const auto report = teardown(directory_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->links, GetParam() == AttachMode::Tcx ? 2U : 0U);
    EXPECT_EQ(report->filters, GetParam() == AttachMode::Clsact ? 2U : 0U);
    EXPECT_EQ(report->pins, object_->maps().size() + object_->programs().size() + report->links);
    EXPECT_THAT(files_in("/sys/fs/bpf"), ::testing::ElementsAre("foreign", "portcullis/progs/foreign"));
    EXPECT_TRUE(foreign.is_attached(hook, GetParam()));
    Attachments attachments = Attachments::create(GetParam(), pins_->links_directory());
    EXPECT_EQ(attachments.holds(hook, object_->program_id(Direction::Outbound)), false);
}

TEST_P(PinsTest, AnotherDaemonsFiltersAreNotTornDown) {
    ASSERT_TRUE(pins_->pin(*object_));
    auto others = BpfObject::load(small_maps());
    auto others_pins = Pins::open("/sys/fs/bpf/other", {});
    ASSERT_TRUE(others && others_pins);
    ASSERT_TRUE(others_pins->pin(*others));
    Attachments attachments = Attachments::create(GetParam(), others_pins->links_directory());
    const Hook hook{.ifindex = ifindex_, .direction = Direction::Outbound};
    ASSERT_TRUE(attachments.attach(hook, others->program_fd(Direction::Outbound), others->program_id(Direction::Outbound)));
    ASSERT_TRUE(teardown(directory_));
    EXPECT_EQ(attachments.holds(hook, others->program_id(Direction::Outbound)), true);
}

TEST_P(PinsTest, TeardownOfNothingIsDoneAtOnce) {
    EXPECT_TRUE(teardown(directory_));
    EXPECT_FALSE(std::filesystem::exists(directory_));
    const auto again = teardown(directory_);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->pins, 0U);
    EXPECT_TRUE(teardown("/nonexistent/portcullis"));
}

TEST_P(PinsTest, TeardownAfterTheDeviceIsGoneRemovesThePins) {
    ASSERT_TRUE(pins_->pin(*object_));
    attach_both();
    namespace_.ip("link del d1");
    const auto report = teardown(directory_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(std::filesystem::exists(directory_));
}

INSTANTIATE_TEST_SUITE_P(Modes, PinsTest, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

class BpffsTest : public ::testing::Test {
   protected:
    ~BpffsTest() override { std::filesystem::remove(place_); }
    PrivateBpffs private_mounts_;
    std::string place_ = [] {
        std::string name = "/tmp/pc-bpffs-XXXXXX";
        return ::mkdtemp(name.data()) == nullptr ? std::string() : name;
    }();
    std::string said_;
    LogCallback log_ = [this](LogLevel, std::string_view text) { said_ = text; };
};

TEST_F(BpffsTest, OneIsMountedWhereThereIsNoneAndItIsSaid) {
    const auto prepared = prepare_bpffs(place_, log_);
    ASSERT_TRUE(prepared) << prepared.error().message;
    EXPECT_TRUE(is_on_bpffs(place_));
    EXPECT_THAT(said_, HasSubstr("mounted one on " + place_));
    unmount_ours(place_);
    EXPECT_FALSE(is_on_bpffs(place_));
}

TEST_F(BpffsTest, OneThatIsThereIsUsedAndNotTakenAway) {
    ASSERT_TRUE(prepare_bpffs("/sys/fs/bpf/portcullis", log_));
    EXPECT_THAT(said_, IsEmpty());
    std::filesystem::remove("/sys/fs/bpf/portcullis");
    unmount_ours("/sys/fs/bpf/portcullis");
    EXPECT_TRUE(is_on_bpffs("/sys/fs/bpf"));
}

TEST_F(BpffsTest, OursIsNotTakenAwayWhileSomebodyElseUsesIt) {
    ASSERT_TRUE(prepare_bpffs(place_, log_));
    std::filesystem::create_directory(place_ + "/somebody");
    unmount_ours(place_);
    EXPECT_TRUE(is_on_bpffs(place_));
    std::filesystem::remove(place_ + "/somebody");
    unmount_ours(place_);
}

TEST_F(BpffsTest, TeardownTakesOurMountAway) {
    auto pins = Pins::open(place_, log_);
    ASSERT_TRUE(pins) << pins.error().message;
    ASSERT_TRUE(teardown(place_));
    EXPECT_FALSE(is_on_bpffs(place_));
}

TEST_F(BpffsTest, ARelativePathIsRefused) { EXPECT_FALSE(prepare_bpffs("bpf", log_)); }

}  // namespace
}  // namespace portcullis::test
