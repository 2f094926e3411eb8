// SPDX-License-Identifier: Apache-2.0
// The tests' own namespaces, bridges and sockets: what they promise to the tests built on them.
#include "tests/support/netns.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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

bool is_running(const NetNamespace& where, const std::string& device) {
    const NetNamespace::Entered here = where.enter();
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    return ::ioctl(socket.value(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
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

// The last ones first: they had the least time.
TEST(TestHost, EveryDeviceCarriesFramesAsSoonAsItIsThere) {
    for (int time = 0; time < 20; ++time) {
        const TestHost host({.ports = 1, .has_stranger = true});
        EXPECT_TRUE(is_running(host.host(), "x0"));
        EXPECT_TRUE(is_running(host.outside(), host.stranger_device()));
        EXPECT_TRUE(is_running(host.outside(), host.outside_device()));
        EXPECT_TRUE(is_running(host.instance(0), host.instance_device(0)));
        for (const std::string device : {"up0", "p1", "br0"}) {
            EXPECT_TRUE(is_running(host.host(), device)) << device;
        }
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
