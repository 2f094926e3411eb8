// SPDX-License-Identifier: Apache-2.0
// Which devices get a program for early drop, how they lose it, and that nobody else's is touched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/bpf_dataplane.h"
#include "loader/teardown.h"
#include "loader/xdp_link.h"
#include "tests/dataplane/foreign_objects.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class XdpHooksTest : public ::testing::Test {
   protected:
    [[nodiscard]] static std::unique_ptr<BpfDataplane> create(XdpMode xdp) {
        auto created = BpfDataplane::create({.bpffs_directory = PrivateBpffs::directory(),
                                             .attach_mode = AttachMode::Auto,
                                             .xdp = xdp,
                                             .capacities = small_maps(),
                                             .log = {}});
        EXPECT_TRUE(created) << created.error().message;
        return created ? std::move(*created) : nullptr;
    }
    static void apply(BpfDataplane& dataplane, const std::vector<DeviceBinding>& devices, std::uint16_t udp_port = 53) {
        const auto report = dataplane.apply(ruleset_of({.udp_port = udp_port}), devices, {});
        ASSERT_TRUE(report) << report.error().message;
    }
    [[nodiscard]] std::uint32_t program_at(std::size_t port) const { return xdp_program_at(net_.ifindex(port)); }
    [[nodiscard]] static std::vector<std::string> pins() {
        return xdp_link_paths(PrivateBpffs::directory() + std::string("/links")).value();
    }
    // A tap among the bridge's ports.
    [[nodiscard]] DeviceBinding add_tap(DeviceBinding::Kind kind = DeviceBinding::Kind::Closed) const {
        net_.host().ip("tuntap add dev tap0 mode tap\nlink set tap0 master br0 up\n");
        return {.ifindex = net_.host().ifindex_of("tap0"), .device = "tap0", .kind = kind, .bridge = net_.host().ifindex_of("br0")};
    }

    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
};

TEST_F(XdpHooksTest, NothingIsAttachedUnlessAskedFor) {
    const auto dataplane = create(XdpMode::Off);
    std::vector<DeviceBinding> devices = net_.devices();
    devices.push_back(add_tap());
    apply(*dataplane, devices);
    EXPECT_EQ(xdp_program_at(devices.back().ifindex), 0U);
    EXPECT_THAT(pins(), IsEmpty());
    EXPECT_THAT(dataplane->description(), Not(HasSubstr("xdp")));
}

TEST_F(XdpHooksTest, TapsGetItAndVethPairsDoNot) {
    const auto dataplane = create(XdpMode::Taps);
    std::vector<DeviceBinding> devices = net_.devices();
    devices.push_back(add_tap());
    apply(*dataplane, devices);
    EXPECT_NE(xdp_program_at(devices.back().ifindex), 0U);
    EXPECT_EQ(program_at(0), 0U);
    EXPECT_THAT(dataplane->description(), HasSubstr("xdp taps: on 1 device"));
    EXPECT_EQ(pins().size(), 1U);
}

TEST_F(XdpHooksTest, UplinksGetItWhereTheirDriverHasIt) {
    const auto dataplane = create(XdpMode::All);
    std::vector<DeviceBinding> devices = net_.devices();
    devices.push_back({.ifindex = net_.host().ifindex_of("lo"), .device = "lo", .kind = DeviceBinding::Kind::Uplink, .bridge = 1});
    devices.push_back(add_tap(DeviceBinding::Kind::Uplink));
    apply(*dataplane, devices);
    EXPECT_NE(xdp_program_at(devices.back().ifindex), 0U);
    EXPECT_THAT(dataplane->description(), HasSubstr("on 1 device, not on lo (no native XDP)"));
}

TEST_F(XdpHooksTest, VerdictsAreTheSameOnEveryDevice) {
    const auto dataplane = create(XdpMode::Everywhere);
    apply(*dataplane, net_.devices());
    EXPECT_NE(program_at(0), 0U);
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
    apply(*dataplane, net_.devices(), 54);
    EXPECT_TRUE(net_.delivers(54));
    EXPECT_FALSE(net_.delivers(53));
}

TEST_F(XdpHooksTest, AReleasedDeviceLosesItAndAGoneOneItsPin) {
    const auto dataplane = create(XdpMode::Everywhere);
    const std::vector<DeviceBinding> devices = net_.devices();
    apply(*dataplane, devices);
    ASSERT_EQ(pins().size(), 2U);
    apply(*dataplane, {devices.begin(), devices.end() - 1});
    EXPECT_EQ(program_at(1), 0U);
    EXPECT_NE(program_at(0), 0U);
    net_.host().ip("link del p1\n");
    apply(*dataplane, {devices.begin(), devices.end() - 2});
    EXPECT_THAT(pins(), IsEmpty());
}

TEST_F(XdpHooksTest, ADeviceThatCameBackUnderItsOldNumberGetsItAnew) {
    const auto dataplane = create(XdpMode::Everywhere);
    std::vector<DeviceBinding> devices = net_.devices();
    devices.push_back(add_tap());
    apply(*dataplane, devices);
    const std::uint32_t program = xdp_program_at(devices.back().ifindex);
    net_.host().ip("link del tap0\nlink add tap0 index " + std::to_string(devices.back().ifindex) +
                   " type veth peer name tap1\nlink set tap0 master br0 up\n");
    ASSERT_EQ(xdp_program_at(devices.back().ifindex), 0U);
    apply(*dataplane, devices);
    EXPECT_EQ(xdp_program_at(devices.back().ifindex), program);
}

TEST_F(XdpHooksTest, AnotherToolsProgramStaysAndIsReported) {
    ForeignXdp foreign;
    foreign.attach(net_.ifindex(0));
    const auto dataplane = create(XdpMode::Everywhere);
    apply(*dataplane, net_.devices());
    EXPECT_EQ(program_at(0), foreign.id());
    EXPECT_NE(program_at(1), 0U);
    EXPECT_THAT(dataplane->description(), HasSubstr("xdp everywhere: on 1 device, not on p1 (another XDP program is there)"));
    foreign.detach(net_.ifindex(0));
    apply(*dataplane, net_.devices());
    EXPECT_EQ(program_at(0), program_at(1));
    EXPECT_THAT(dataplane->description(), Not(HasSubstr("not on")));
}

TEST_F(XdpHooksTest, ANewDaemonReplacesItInPlace) {
    auto former = create(XdpMode::Everywhere);
    apply(*former, net_.devices(), 53);
    const std::uint32_t before = program_at(0);
    const auto links = pins();
    former.reset();
    EXPECT_EQ(program_at(0), before);
    const auto dataplane = create(XdpMode::Everywhere);
    apply(*dataplane, net_.devices(), 54);
    EXPECT_NE(program_at(0), 0U);
    EXPECT_NE(program_at(0), before);
    EXPECT_EQ(pins(), links);
    EXPECT_FALSE(AttachedProgram::exists(before));
    EXPECT_TRUE(net_.delivers(54));
}

TEST_F(XdpHooksTest, ANewDaemonThatIsNotAskedForItTakesItOff) {
    auto former = create(XdpMode::Everywhere);
    apply(*former, net_.devices());
    former.reset();
    apply(*create(XdpMode::Off), net_.devices());
    EXPECT_EQ(program_at(0), 0U);
    EXPECT_THAT(pins(), IsEmpty());
}

TEST_F(XdpHooksTest, TeardownTakesOursOffAndNobodyElses) {
    ForeignXdp foreign;
    foreign.attach(net_.ifindex(0));
    auto dataplane = create(XdpMode::Everywhere);
    apply(*dataplane, net_.devices());
    dataplane.reset();
    const auto report = teardown(PrivateBpffs::directory());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(program_at(0), foreign.id());
    EXPECT_EQ(program_at(1), 0U);
    EXPECT_THAT(pins(), IsEmpty());
}

}  // namespace
}  // namespace portcullis::test
