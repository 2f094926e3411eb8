// SPDX-License-Identifier: Apache-2.0
// What netlink says about addresses and tunnel devices, from messages written by hand.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <utility>

#include "tools/daemon/netlink_messages.h"

namespace portcullis::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Message {
   public:
    explicit Message(std::uint16_t type) : header_(mnl_nlmsg_put_header(bytes_.data())) { header_->nlmsg_type = type; }
    [[nodiscard]] nlmsghdr* header() const { return header_; }

   private:
    std::array<char, 1024> bytes_{};
    nlmsghdr* header_;
};

void put_address(nlmsghdr* header, std::uint16_t type, const Address& address) {
    mnl_attr_put(header, type, address_bits(address.family) / 8U, address.bytes.data());
}

ifaddrmsg* put_address_header(nlmsghdr* header, std::uint8_t family) {
    auto* address = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifaddrmsg)));
    address->ifa_family = family;
    address->ifa_index = 5;
    return address;
}

TEST(HostAddress, OfAPointToPointLinkIsTheNearEnd) {
    const Message message(RTM_NEWADDR);
    put_address_header(message.header(), AF_INET);
    put_address(message.header(), IFA_LOCAL, Address::ipv4(192, 0, 2, 1));
    put_address(message.header(), IFA_ADDRESS, Address::ipv4(192, 0, 2, 2));
    const auto found = parse_address(message.header());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ifindex, 5U);
    EXPECT_EQ(found->address, Address::ipv4(192, 0, 2, 1));
}

TEST(HostAddress, OfIpv6MayStandInTheOneAttributeAlone) {
    const Message message(RTM_NEWADDR);
    put_address_header(message.header(), AF_INET6);
    put_address(message.header(), IFA_ADDRESS, *Address::parse("fe80::1"));
    const auto found = parse_address(message.header());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->address, *Address::parse("fe80::1"));
}

TEST(HostAddress, BringsTheBroadcastAndAnycastAddressesOfItsNetwork) {
    const Message message(RTM_NEWADDR);
    put_address_header(message.header(), AF_INET)->ifa_prefixlen = 24;
    put_address(message.header(), IFA_LOCAL, Address::ipv4(192, 0, 2, 1));
    put_address(message.header(), IFA_ADDRESS, Address::ipv4(192, 0, 2, 1));
    const auto found = parse_address(message.header());
    ASSERT_TRUE(found);
    EXPECT_THAT(found->shared, ElementsAre(Address::ipv4(192, 0, 2, 0), Address::ipv4(192, 0, 2, 255)));
    EXPECT_THAT(host_facts({}, {*found}, {}).addresses,
                ElementsAre(Address::ipv4(192, 0, 2, 0), Address::ipv4(192, 0, 2, 1), Address::ipv4(192, 0, 2, 255)));
    const Message ipv6(RTM_NEWADDR);
    put_address_header(ipv6.header(), AF_INET6)->ifa_prefixlen = 64;
    put_address(ipv6.header(), IFA_ADDRESS, *Address::parse("2001:db8:1::1"));
    EXPECT_THAT(parse_address(ipv6.header())->shared, ElementsAre(*Address::parse("2001:db8:1::")));
}

TEST(HostAddress, OfAHostOrAPairAloneBringsNone) {
    for (const std::uint8_t length : {std::uint8_t{31}, std::uint8_t{32}}) {
        const Message message(RTM_NEWADDR);
        put_address_header(message.header(), AF_INET)->ifa_prefixlen = length;
        put_address(message.header(), IFA_LOCAL, Address::ipv4(192, 0, 2, 1));
        EXPECT_THAT(parse_address(message.header())->shared, IsEmpty());
    }
}

TEST(HostAddress, OfAnotherFamilyOrLengthIsNone) {
    const Message other(RTM_NEWADDR);
    put_address_header(other.header(), AF_BRIDGE);
    EXPECT_FALSE(parse_address(other.header()));
    const Message cut(RTM_NEWADDR);
    put_address_header(cut.header(), AF_INET6);
    put_address(cut.header(), IFA_ADDRESS, Address::ipv4(192, 0, 2, 1));
    EXPECT_FALSE(parse_address(cut.header()));
}

// A device of the kind, with the data that `put_data` writes.
std::vector<TunnelEndpoint> tunnels_of_kind(const char* kind, const std::function<void(nlmsghdr*)>& put_data = {}) {
    const Message message(RTM_NEWLINK);
    (void)mnl_nlmsg_put_extra_header(message.header(), sizeof(ifinfomsg));
    mnl_attr_put_strz(message.header(), IFLA_IFNAME, "dev0");
    nlattr* info = mnl_attr_nest_start(message.header(), IFLA_LINKINFO);
    mnl_attr_put_strz(message.header(), IFLA_INFO_KIND, kind);
    if (put_data) {
        nlattr* data = mnl_attr_nest_start(message.header(), IFLA_INFO_DATA);
        put_data(message.header());
        mnl_attr_nest_end(message.header(), data);
    }
    mnl_attr_nest_end(message.header(), info);
    const auto device = parse_device(message.header());
    EXPECT_TRUE(device);
    return device ? device->tunnels : std::vector<TunnelEndpoint>{};
}

TEST(Tunnels, OfVxlanIsItsPort) {
    const auto tunnels = tunnels_of_kind("vxlan", [](nlmsghdr* header) { mnl_attr_put_u16(header, IFLA_VXLAN_PORT, htons(4790)); });
    EXPECT_THAT(tunnels, ElementsAre(TunnelEndpoint{.protocol = 17, .port = 4790}));
}

TEST(Tunnels, OfGeneveIsItsPort) {
    const auto tunnels = tunnels_of_kind("geneve", [](nlmsghdr* header) { mnl_attr_put_u16(header, IFLA_GENEVE_PORT, htons(6082)); });
    EXPECT_THAT(tunnels, ElementsAre(TunnelEndpoint{.protocol = 17, .port = 6082}));
}

TEST(Tunnels, OfGtpAreTheProtocolsPorts) {
    EXPECT_THAT(tunnels_of_kind("gtp"),
                ElementsAre(TunnelEndpoint{.protocol = 17, .port = 2152}, TunnelEndpoint{.protocol = 17, .port = 3386}));
}

TEST(Tunnels, OfIpInIpAreTheProtocolsItCanUnwrap) {
    EXPECT_THAT(tunnels_of_kind("sit"),
                ElementsAre(TunnelEndpoint{.protocol = 4}, TunnelEndpoint{.protocol = 41}, TunnelEndpoint{.protocol = 137}));
}

TEST(Tunnels, OfGreIsItsProtocol) { EXPECT_THAT(tunnels_of_kind("ip6gretap"), ElementsAre(TunnelEndpoint{.protocol = 47})); }

TEST(Tunnels, ABridgeIsNone) { EXPECT_THAT(tunnels_of_kind("bridge"), IsEmpty()); }

TEST(LinkType, TellsWhatCanBeAPortOfABridge) {
    for (const auto& [type, is_ethernet] : {std::pair{ARPHRD_ETHER, true}, std::pair{ARPHRD_NONE, false}, std::pair{ARPHRD_LOOPBACK, false},
                                            std::pair{ARPHRD_PPP, false}, std::pair{ARPHRD_TUNNEL, false}}) {
        const Message message(RTM_NEWLINK);
        auto* header = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message.header(), sizeof(ifinfomsg)));
        header->ifi_type = static_cast<unsigned short>(type);
        mnl_attr_put_strz(message.header(), IFLA_IFNAME, "dev0");
        const auto device = parse_device(message.header());
        ASSERT_TRUE(device);
        EXPECT_EQ(device->is_ethernet, is_ethernet) << type;
    }
}

TEST(HostFactsOf, LeaveOutLoopbackAddressesButNotOthersOnItsDevice) {
    const HostAddresses addresses{{.ifindex = 1, .address = Address::ipv4(127, 0, 0, 1)},
                                  {.ifindex = 1, .address = *Address::parse("::1")},
                                  {.ifindex = 1, .address = Address::ipv4(192, 0, 2, 1)},
                                  {.ifindex = 2, .address = Address::ipv4(192, 0, 2, 1)}};
    EXPECT_THAT(host_facts({}, addresses, {}).addresses, ElementsAre(Address::ipv4(192, 0, 2, 1)));
}

TEST(HostFactsOf, NameEveryTunnelOnce) {
    const std::vector<TunnelEndpoint> gre{{.protocol = 47}};
    const HostDevices devices{{1, {.ifindex = 1, .name = "a", .tunnels = gre}}, {2, {.ifindex = 2, .name = "b", .tunnels = gre}}};
    EXPECT_THAT(host_facts(devices, {}, {{.protocol = 17, .port = 5555}}).tunnels,
                ElementsAre(TunnelEndpoint{.protocol = 17, .port = 5555}, TunnelEndpoint{.protocol = 47}));
}

}  // namespace
}  // namespace portcullis::test
