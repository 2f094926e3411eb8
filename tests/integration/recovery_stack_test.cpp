// SPDX-License-Identifier: Apache-2.0
// Stacks that recover and configure themselves: a TCP transfer outlives an ACL that drops everything for a while, and IPv6 addresses come
// up by duplicate address detection, a stable-privacy link-local one among them.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/integration/bridge_network.h"
#include "tests/support/packet.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

class RecoveryStack : public testing::TestWithParam<BridgeNetworkOptions> {
   protected:
    BridgeNetwork network_{GetParam()};
};

// Everything crosses the boundary of far's subnet; `allows`: or nothing does.
Model with_acls(bool allows) {
    Model model = bridge_network_model();
    model.has_network_acls = true;
    NetworkAcl acl{.id = "acl-1", .vpc_id = "vpc-1", .is_default = true, .entries = {}, .subnet_ids = {}, .position = {}};
    for (auto& entries : acl.entries) {
        entries = {{.number = 1, .allow = allows, .traffic = {}, .cidr = prefix("0.0.0.0/0"), .position = {}},
                   {.number = 2, .allow = allows, .traffic = {}, .cidr = prefix("::/0"), .position = {}}};
    }
    model.network_acls = {acl};
    return model;
}

// As much as both stacks take now; what is heard is appended.
void pump(const TcpConnection& sender, const TcpConnection& receiver, const std::string& text, std::size_t& sent, std::string& heard) {
    sent += sender.send_some(std::string_view(text).substr(sent));
    for (std::string part = receiver.receive(); !part.empty(); part = receiver.receive()) {
        heard += part;
    }
}

void expect_transfer_outlives_quarantine(BridgeNetwork& network, Family family) {
    network.host().apply(with_acls(true));
    const Address to = address_of(kFar, family);
    const TcpListener listener(network.instance(kFar), to, kOpenTcp);
    const TcpListener closed(network.instance(kFar), to, kClosedTcp);
    const TcpConnection forbidden = connect_tcp(network.instance(kClient), address_of(kClient, family), to, kClosedTcp);
    const TcpConnection sender = connect_tcp(network.instance(kClient), address_of(kClient, family), to, kOpenTcp);
    std::optional<TcpConnection> receiver;
    ASSERT_TRUE(wait_until([&] { return (receiver = listener.accept()).has_value() && sender.is_established(); }));

    std::string text;
    for (std::uint32_t word = 0; text.size() < (8u << 20); ++word) {
        text += std::to_string(word);
    }
    std::size_t sent = 0;
    std::string heard;
    ASSERT_TRUE(wait_until([&] {
        pump(sender, *receiver, text, sent, heard);
        return heard.size() > text.size() / 4;
    }));
    network.host().apply(with_acls(false));
    const std::uint64_t dropped = network.count(kClient, Direction::Outbound, PC_REASON_network_acl);
    EXPECT_TRUE(wait_until([&] {
        pump(sender, *receiver, text, sent, heard);
        return network.count(kClient, Direction::Outbound, PC_REASON_network_acl) > dropped;
    }));
    network.host().apply(with_acls(true));
    EXPECT_TRUE(wait_until([&] {
        pump(sender, *receiver, text, sent, heard);
        return heard.size() == text.size();
    }));
    EXPECT_TRUE(heard == text) << heard.size() << " bytes of " << text.size();
    EXPECT_FALSE(forbidden.is_established());
    EXPECT_FALSE(closed.accept().has_value());
}

TEST_P(RecoveryStack, TcpOverIpv4RetransmitsWhatAnAclDroppedForAWhile) { expect_transfer_outlives_quarantine(network_, Family::Ipv4); }
TEST_P(RecoveryStack, TcpOverIpv6RetransmitsWhatAnAclDroppedForAWhile) { expect_transfer_outlives_quarantine(network_, Family::Ipv6); }

struct DetectedAddresses {
    int usable_global = 0;
    int usable_link_local = 0;
};
// Of eth0: addresses that passed duplicate address detection.
DetectedAddresses detected(const NetNamespace& where) {
    const NetNamespace::Entered here = where.enter();
    std::ifstream table("/proc/thread-self/net/if_inet6");
    DetectedAddresses found;
    std::string address, index, length, scope, flags, device;
    while (table >> address >> index >> length >> scope >> flags >> device) {
        constexpr unsigned long kTentativeOrFailed = 0x40 | 0x08;
        if (device == "eth0" && (std::stoul(flags, nullptr, 16) & kTentativeOrFailed) == 0) {
            (scope == "20" ? found.usable_link_local : found.usable_global) += 1;
        }
    }
    return found;
}

TEST_P(RecoveryStack, Ipv6AddressesComeUpByDuplicateAddressDetection) {
    const NetNamespace& client = network_.instance(kClient);
    const auto refused = [&](std::size_t port) {
        return network_.count(port, Direction::Outbound, PC_REASON_nd) +
               network_.count(port, Direction::Outbound, PC_REASON_source_address) +
               network_.count(port, Direction::Outbound, PC_REASON_multicast_listener);
    };
    const std::uint64_t before = refused(kClient);
    client.ip("link set eth0 down\n");
    client.set_sysctl("net/ipv6/conf/eth0/stable_secret", "2001:db8::5ec2:e7");
    client.ip("link set eth0 up\naddr add " + address_of(kClient, Family::Ipv6).to_string() + "/64 dev eth0\n");
    EXPECT_TRUE(wait_until([&] {
        const DetectedAddresses found = detected(client);
        return found.usable_global == 1 && found.usable_link_local == 1;
    }));
    const PingSocket ping(client, address_of(kClient, Family::Ipv6), 11);
    ping.send(address_of(kServer, Family::Ipv6), 1);
    EXPECT_TRUE(wait_until([&] { return ping.receive().has_value(); }));
    EXPECT_EQ(refused(kClient), before);
    // A neighbour that takes the client's address does not even get to ask for it.
    const std::uint64_t probes = network_.count(kServer, Direction::Outbound, PC_REASON_nd);
    network_.instance(kServer).ip("addr add " + address_of(kClient, Family::Ipv6).to_string() + "/64 dev eth0\n");
    EXPECT_TRUE(wait_until([&] { return network_.count(kServer, Direction::Outbound, PC_REASON_nd) > probes; }));
}

std::string name_of_setting(const testing::TestParamInfo<BridgeNetworkOptions>& info) {
    const std::string name = name_of(info.param);
    return name.empty() ? "Plain" : name;
}

INSTANTIATE_TEST_SUITE_P(All, RecoveryStack, testing::ValuesIn(usual_networks()), name_of_setting);
INSTANTIATE_TEST_SUITE_P(Long, RecoveryStack, testing::ValuesIn(all_networks()), name_of_setting);

}  // namespace
}  // namespace portcullis::test
