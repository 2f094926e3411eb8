// SPDX-License-Identifier: Apache-2.0
// The tests' own namespaces, bridges and sockets: what they promise to the tests built on them.
#include "tests/support/netns.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/support/raw_socket.h"
#include "tests/support/test_host.h"

namespace portcullis::test {
namespace {

const Packet kFrame = Ethernet{.source = mac("02:00:00:00:00:01"), .destination = kBroadcast, .type = 0x88b5} / Payload{.bytes = Bytes(46)};

std::optional<Bytes> next_frame(const RawSocket& socket) {
    std::optional<Bytes> frame;
    (void)wait_until([&] { return (frame = socket.receive()).has_value(); });
    return frame;
}

TEST(NetNamespace, LeavesNothingOnTheHost) {
    const auto before = host_inventory();
    {
        const TestHost host({.ports = 3});
        EXPECT_EQ(host_inventory(), before);
    }
    EXPECT_EQ(host_inventory(), before);
}

TEST(NetNamespace, IsLeftAtTheEndOfTheScope) {
    const NetNamespace there;
    there.ip("link add only-there type bridge");
    {
        const NetNamespace::Entered here = there.enter();
        EXPECT_NE(::if_nametoindex("only-there"), 0u);
    }
    EXPECT_EQ(::if_nametoindex("only-there"), 0u);
}

TEST(TestHost, CarriesAFrameFromAnInstanceToTheOthersAndTheOutside) {
    for (const bool calls_netfilter : {false, true}) {
        const TestHost host({.ports = 2, .calls_netfilter = calls_netfilter});
        const RawSocket sender(host.instance(0), host.instance_device(0));
        const RawSocket other(host.instance(1), host.instance_device(1));
        const RawSocket outside(host.outside(), host.outside_device());
        sender.send(kFrame.bytes());
        EXPECT_EQ(next_frame(other), kFrame.bytes());
        EXPECT_EQ(next_frame(outside), kFrame.bytes());
        EXPECT_EQ(sender.receive(), std::nullopt);
    }
}

TEST(TestHost, GivesBackTheVlanTagOfAFrame) {
    const TestHost host({.ports = 1});
    const RawSocket sender(host.instance(0), host.instance_device(0));
    const RawSocket outside(host.outside(), host.outside_device());
    const Bytes frame = (Ethernet{.source = mac("02:00:00:00:00:01"), .destination = kBroadcast} / Vlan{.id = 7, .type = 0x88b5} /
                         Payload{.bytes = Bytes(46)})
                            .bytes();
    sender.send(frame);
    EXPECT_EQ(next_frame(outside), frame);
}

}  // namespace
}  // namespace portcullis::test
