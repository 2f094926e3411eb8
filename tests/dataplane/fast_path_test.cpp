// SPDX-License-Identifier: Apache-2.0
// The fast path (docs/decisions/0014) between two instances on one bridge, by real frames: which packets take it, who judges them all the
// same, and what takes the bridge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/dataplane/fast_instances.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

constexpr std::uint16_t kOpen = 53, kShut = 54;
constexpr std::uint8_t kNoOperation = 1;  // an IPv4 option

class FastPathTest : public FastInstances, public ::testing::WithParamInterface<FastPath> {
   protected:
    FastPathTest() : FastInstances(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Everywhere, FastPathTest, ::testing::Values(FastPath::Port, FastPath::Namespace),
                         [](const auto& way) { return std::string(way.param == FastPath::Port ? "Port" : "Namespace"); });

TEST_P(FastPathTest, PacketsOfAFlowTakeItBothWaysOnceBothPortsHaveAdmittedIt) {
    establish();
    EXPECT_EQ(send(), Way::Fast);
    EXPECT_EQ(answer(), Way::Fast);
}

TEST_P(FastPathTest, BothPortsCountAPacketAsOverTheBridge) {
    establish();
    const std::uint64_t sent = count(0, Direction::Outbound), received = count(1, Direction::Inbound);
    EXPECT_EQ(send(), Way::Fast);
    EXPECT_EQ(count(0, Direction::Outbound), sent + 1);
    EXPECT_EQ(count(1, Direction::Inbound), received + 1);
}

TEST_P(FastPathTest, AnotherFlowThatTheReceiverDeniesIsDroppedForItsReason) {
    establish();
    EXPECT_EQ(send({.destination_port = kShut}), Way::None);
    EXPECT_EQ(send({.destination_port = kShut}), Way::None);
    EXPECT_EQ(count(1, Direction::Inbound, PC_REASON_security_group), 2U);
    EXPECT_EQ(send(), Way::Fast);
}

TEST_P(FastPathTest, AReceiverThatIsClosedGetsNothingFromThenOn) {
    establish();
    EXPECT_EQ(send(), Way::Fast);
    apply({.has_second = false});
    EXPECT_EQ(send(), Way::None);
    EXPECT_EQ(count(1, Direction::Inbound, PC_REASON_closed), 1U);
    apply();
    EXPECT_EQ(send(), Way::Bridge) << "both ports judge it anew";
    EXPECT_EQ(send(), Way::Fast);
}

TEST_P(FastPathTest, ARuleThatGoesCutsAFlowAtItsNextPacket) {
    apply({.udp_port = kOpen, .is_cut = true});
    establish();
    EXPECT_EQ(send(), Way::Fast);
    apply({.udp_port = kShut, .is_cut = true});
    EXPECT_EQ(send(), Way::None);
    EXPECT_EQ(count(1, Direction::Inbound, PC_REASON_security_group), 1U);
    apply({.udp_port = kOpen, .is_cut = true});
    EXPECT_NE(send(), Way::None);
}

TEST_P(FastPathTest, ARangeThatIsDeniedCutsAFlowAtItsNextPacket) {
    establish();
    EXPECT_EQ(send(), Way::Fast);
    apply({.denied = prefix("192.0.2.12/32")});
    EXPECT_EQ(send(), Way::None);
    EXPECT_EQ(count(0, Direction::Outbound, PC_REASON_deny_cidr), 1U);
    apply();
    EXPECT_NE(send(), Way::None);
}

TEST_P(FastPathTest, AFlowThatIsEndedIsJudgedAnew) {
    establish();
    apply({.udp_port = kShut});
    EXPECT_NE(send(), Way::None) << "a tracked flow goes on";
    ASSERT_TRUE(enforced().dataplane().end_flows({}, 0));
    EXPECT_EQ(send(), Way::None);
    EXPECT_EQ(count(1, Direction::Inbound, PC_REASON_security_group), 1U);
}

TEST_P(FastPathTest, WhatIsNotJustAPlainPacketTakesTheBridgeOrNone) {
    establish();
    EXPECT_EQ(send({.options = Bytes(4, kNoOperation)}), Way::Bridge);
    EXPECT_EQ(send({.is_first_fragment = true}), Way::Bridge);
    EXPECT_EQ(send({.has_tag = true}), Way::None);
    EXPECT_EQ(send({.destination = mac("02:00:5e:00:53:0d")}), Way::None) << "a MAC that is no port's";
    EXPECT_EQ(send(), Way::Fast);
}

TEST_P(FastPathTest, ItTakesTwoPortsThatHaveIt) {
    for (const std::size_t port : {0U, 1U}) {
        enforced().choose_fast_path(port, FastPath::Off);
        enforced().choose_fast_path(1 - port, GetParam());
        apply();
        EXPECT_EQ(send(), Way::Bridge);
        EXPECT_EQ(answer(), Way::Bridge);
        EXPECT_EQ(send(), Way::Bridge);
    }
}

TEST_P(FastPathTest, OnePacketInHalfAMinuteTakesTheBridge) {
    establish();
    EXPECT_EQ(send(), Way::Fast);
    enforced().age_flows(60);
    EXPECT_EQ(send(), Way::Bridge);
    EXPECT_EQ(send(), Way::Fast);
}

TEST_P(FastPathTest, ItEndsWhereNoDaemonLooksAfterIt) {
    constexpr unsigned kMoreThanADay = 25 * 3600;
    establish();
    EXPECT_EQ(send(), Way::Fast);
    enforced().age_flows(kMoreThanADay);
    establish();
    EXPECT_EQ(send(), Way::Bridge);
    ASSERT_TRUE(enforced().dataplane().heal());
    EXPECT_EQ(send(), Way::Bridge) << "which has not seen one for so long";
    EXPECT_EQ(send(), Way::Fast);
}

TEST_P(FastPathTest, AFrameThatIsTooLongForTheReceiverIsLeftToTheBridge) {
    establish();
    EXPECT_EQ(send({.payload = 1000}), Way::Fast);
    enforced().test_host().host().ip("link set p2 mtu 576");
    EXPECT_EQ(send({.payload = 1000}), Way::None);
    EXPECT_EQ(send({.payload = 500}), Way::Fast);
}

TEST_P(FastPathTest, AnotherDeviceUnderTheReceiversNumberGetsNothing) {
    establish();
    EXPECT_EQ(send(), Way::Fast);
    const NetNamespace& host = enforced().test_host().host();
    const std::string number = std::to_string(enforced().test_host().port_ifindex(1));
    const NetNamespace elsewhere;
    host.ip("link del p2\nlink add other index " + number + " type veth peer name far");
    host.ip("link set far netns " + elsewhere.path());
    elsewhere.ip("link set far up");
    host.ip("link set other up");  // with its carrier already, so that it sends from now on
    const RawSocket near(host, "other"), far(elsewhere, "far");
    const std::uint64_t fast = enforced().fast_packets(0);
    transmit([&] { send_only(); });
    EXPECT_EQ(enforced().fast_packets(0), fast);
    EXPECT_FALSE(far.receive());
    transmit([&] { near.send(Bytes(60)); });
    EXPECT_TRUE(far.receive()) << "so it would have heard it";
}

}  // namespace
}  // namespace portcullis::test
