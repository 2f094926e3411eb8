// SPDX-License-Identifier: Apache-2.0
// Which ports have a fast path, and what netlink says about bridges and their ports, from messages written by hand.
#include "tools/daemon/fast_paths.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "tests/unit/tools/devices.h"
#include "tools/daemon/bridge_links.h"

namespace portcullis::test {
namespace {

constexpr std::uint32_t kPort = 5;

class FastPaths : public ::testing::Test {
   protected:
    [[nodiscard]] FastPath chosen(FastPath most = FastPath::Namespace) const {
        BindingPlan plan = plan_bindings(ruleset_, devices_, {}, {});
        choose_fast_paths(most, ruleset_, devices_, plan.devices);
        return binding_of(plan.devices, kPort).value().fast_path;
    }
    [[nodiscard]] Device& port() { return devices_.at(kPort); }

    Ruleset ruleset_ = ruleset_of({{"eni-1", "p1"}}, {{.device = "br0", .uplinks = {}}});
    HostDevices devices_ = devices_of({{.ifindex = kPort,
                                        .name = "p1",
                                        .master = kBridge,
                                        .is_linked_elsewhere = true,
                                        .link = {.is_plain_port = true, .is_veth = true}}});
};

TEST_F(FastPaths, AVethPairIntoANamespaceHasItAsFarAsItIsAskedFor) {
    EXPECT_EQ(chosen(FastPath::Namespace), FastPath::Namespace);
    EXPECT_EQ(chosen(FastPath::Port), FastPath::Port);
    EXPECT_EQ(chosen(FastPath::Off), FastPath::Off);
}

TEST_F(FastPaths, WhatHasNoNamespaceBehindItHasItUpToThePort) {
    port().is_linked_elsewhere = false;
    EXPECT_EQ(chosen(), FastPath::Port);
    port().is_linked_elsewhere = true;
    port().link.is_veth = false;
    EXPECT_EQ(chosen(), FastPath::Port);
}

TEST_F(FastPaths, APortThatTheBridgeRestrictsHasNone) {
    port().link.is_plain_port = false;
    EXPECT_EQ(chosen(), FastPath::Off);
}

TEST_F(FastPaths, ABridgeThatFiltersVlansHasNone) {
    devices_.at(kBridge).link.filters_vlans = true;
    EXPECT_EQ(chosen(), FastPath::Off);
}

TEST_F(FastPaths, ABridgeThatIsNotListedHasNone) {
    ruleset_.bridges.clear();
    EXPECT_EQ(chosen(), FastPath::Off);
}

TEST_F(FastPaths, AClosedPortHasNone) {
    ruleset_.ports.clear();
    EXPECT_EQ(chosen(), FastPath::Off);
}

// What is said of a port.
struct Said {
    std::uint8_t state = BR_STATE_FORWARDING;
    std::uint8_t isolated = 0;
    std::uint8_t locked = 0;
};

class Message {
   public:
    explicit Message(std::uint8_t family) : header_(mnl_nlmsg_put_header(bytes_.data())) {
        header_->nlmsg_type = RTM_NEWLINK;
        auto* const link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(ifinfomsg)));
        link->ifi_family = family;
        link->ifi_index = static_cast<int>(kPort);
    }
    [[nodiscard]] nlmsghdr* header() const { return header_; }

   private:
    std::array<char, 1024> bytes_{};
    nlmsghdr* header_;
};

void put_port(nlmsghdr* header, std::uint16_t type, const Said& said) {
    constexpr std::uint16_t kLocked = 39;  // IFLA_BRPORT_LOCKED
    nlattr* const port = mnl_attr_nest_start(header, type);
    mnl_attr_put_u8(header, IFLA_BRPORT_STATE, said.state);
    mnl_attr_put_u8(header, IFLA_BRPORT_ISOLATED, said.isolated);
    mnl_attr_put_u8(header, kLocked, said.locked);
    mnl_attr_nest_end(header, port);
}

BridgeLink link_of(const Said& said, const char* kind = "veth") {
    const Message message(AF_UNSPEC);
    nlattr* const info = mnl_attr_nest_start(message.header(), IFLA_LINKINFO);
    mnl_attr_put_strz(message.header(), IFLA_INFO_KIND, kind);
    mnl_attr_put_strz(message.header(), IFLA_INFO_SLAVE_KIND, "bridge");
    put_port(message.header(), IFLA_INFO_SLAVE_DATA, said);
    mnl_attr_nest_end(message.header(), info);
    return parse_bridge_link(info);
}

TEST(BridgeLinks, APortIsPlainIfItForwardsAndIsNeitherIsolatedNorLocked) {
    EXPECT_TRUE(link_of({}).is_plain_port);
    EXPECT_FALSE(link_of({.state = BR_STATE_BLOCKING}).is_plain_port);
    EXPECT_FALSE(link_of({.state = BR_STATE_DISABLED}).is_plain_port);
    EXPECT_FALSE(link_of({.isolated = 1}).is_plain_port);
    EXPECT_FALSE(link_of({.locked = 1}).is_plain_port);
    EXPECT_TRUE(link_of({}).is_veth);
    EXPECT_FALSE(link_of({}, "tun").is_veth);
}

TEST(BridgeLinks, ABridgeSaysWhetherItFiltersVlans) {
    for (const bool filters : {false, true}) {
        const Message message(AF_UNSPEC);
        nlattr* const info = mnl_attr_nest_start(message.header(), IFLA_LINKINFO);
        mnl_attr_put_strz(message.header(), IFLA_INFO_KIND, "bridge");
        nlattr* const data = mnl_attr_nest_start(message.header(), IFLA_INFO_DATA);
        mnl_attr_put_u8(message.header(), IFLA_BR_VLAN_FILTERING, filters ? 1 : 0);
        mnl_attr_nest_end(message.header(), data);
        mnl_attr_nest_end(message.header(), info);
        EXPECT_EQ(parse_bridge_link(info), (BridgeLink{.filters_vlans = filters}));
    }
}

TEST(BridgeLinks, ABridgesViewOfItsPortIsTakenUp) {
    const Message message(AF_BRIDGE);
    put_port(message.header(), IFLA_PROTINFO, {.isolated = 1});
    const auto port = parse_bridge_port(message.header());
    ASSERT_TRUE(port);
    EXPECT_EQ(port->ifindex, kPort);
    EXPECT_FALSE(port->is_plain_port);
    const Message other(AF_UNSPEC);
    put_port(other.header(), IFLA_PROTINFO, {});
    EXPECT_FALSE(parse_bridge_port(other.header()));
}

}  // namespace
}  // namespace portcullis::test
