// SPDX-License-Identifier: Apache-2.0
// Real stacks over a real bridge: what the groups admit works, what they do not is dropped and counted at the port that drops it, in one
// subnet and through the host as a router, with and without br_netfilter, in both families.
#include <gtest/gtest.h>

#include "tests/integration/bridge_network.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

struct Setting {
    StackSetting stack;
    std::size_t server = kServer;  // kFar: through the router
};

class BridgeTraffic : public testing::TestWithParam<Setting> {
   protected:
    [[nodiscard]] Address client_address() const { return address_of(kClient, GetParam().stack.family); }
    [[nodiscard]] Address server_address() const { return address_of(GetParam().server, GetParam().stack.family); }
    [[nodiscard]] const NetNamespace& client() const { return network_.instance(kClient); }
    [[nodiscard]] const NetNamespace& server() const { return network_.instance(GetParam().server); }
    [[nodiscard]] std::uint64_t denied(std::size_t port, Direction direction) const {
        return network_.count(port, direction, PC_REASON_security_group);
    }
    // A connection that is admitted carries data both ways.
    void expect_connection_works() {
        const TcpListener listener(server(), server_address(), kOpenTcp);
        const TcpConnection attempt = connect_tcp(client(), client_address(), server_address(), kOpenTcp);
        EXPECT_TRUE(wait_until([&] { return attempt.is_established(); }));
        std::optional<TcpConnection> accepted;
        EXPECT_TRUE(wait_until([&] { return (accepted = listener.accept()).has_value(); }));
        if (!accepted) {
            return;
        }
        attempt.send("question");
        std::string heard;
        EXPECT_TRUE(wait_until([&] { return (heard += accepted->receive()) == "question"; }));
        accepted->send("answer");
        EXPECT_TRUE(wait_until([&] { return (heard = attempt.receive()) == "answer"; }));
    }

    BridgeNetwork network_{GetParam().stack.network};
};

TEST_P(BridgeTraffic, TcpConnectsToTheAdmittedPort) {
    const std::uint64_t before = denied(GetParam().server, Direction::Inbound);
    expect_connection_works();
    EXPECT_EQ(denied(GetParam().server, Direction::Inbound), before);
}

// Veth carries segments of up to 64 KiB as one: they are judged whole and counted as what a wire would carry.
TEST_P(BridgeTraffic, TcpCarriesAMegabyteInSegmentsOfAnySize) {
    const TcpListener listener(server(), server_address(), kOpenTcp);
    const TcpConnection sender = connect_tcp(client(), client_address(), server_address(), kOpenTcp);
    std::optional<TcpConnection> receiver;
    ASSERT_TRUE(wait_until([&] { return (receiver = listener.accept()).has_value() && sender.is_established(); }));
    const std::string sent(1 << 20, 'x');
    std::size_t sent_bytes = 0;
    std::size_t heard_bytes = 0;
    EXPECT_TRUE(wait_until([&] {
        sent_bytes += sender.send_some(std::string_view(sent).substr(sent_bytes));
        for (std::string text = receiver->receive(); !text.empty(); text = receiver->receive()) {
            heard_bytes += text.size();
        }
        return heard_bytes == sent.size();
    }));
    constexpr std::size_t kMtu = 1500;
    EXPECT_GE(network_.count(kClient, Direction::Outbound, PC_REASON_passed), sent.size() / kMtu);
}

TEST_P(BridgeTraffic, TcpToAnotherPortIsDroppedByTheReceiversGroups) {
    const TcpListener listener(server(), server_address(), kClosedTcp);
    const std::uint64_t before = denied(GetParam().server, Direction::Inbound);
    const TcpConnection attempt = connect_tcp(client(), client_address(), server_address(), kClosedTcp);
    EXPECT_TRUE(wait_until([&] { return denied(GetParam().server, Direction::Inbound) > before; }));
    expect_connection_works();
    EXPECT_FALSE(attempt.is_established());
    EXPECT_FALSE(attempt.is_reset()) << "dropped, not refused";
    EXPECT_FALSE(listener.accept().has_value());
}

TEST_P(BridgeTraffic, TcpOfAnInstanceWithoutOutboundRulesIsDroppedAtItsOwnPort) {
    const TcpListener listener(client(), client_address(), kOpenTcp);
    const std::uint64_t before = denied(GetParam().server, Direction::Outbound);
    const std::uint64_t arrived = denied(kClient, Direction::Inbound);
    const TcpConnection attempt = connect_tcp(server(), server_address(), client_address(), kOpenTcp);
    EXPECT_TRUE(wait_until([&] { return denied(GetParam().server, Direction::Outbound) > before; }));
    expect_connection_works();  // the answers of the same instance go out all the same
    EXPECT_FALSE(attempt.is_established());
    EXPECT_EQ(denied(kClient, Direction::Inbound), arrived) << "got as far as the other port";
}

TEST_P(BridgeTraffic, UdpReachesTheAdmittedPortAloneAndIsAnswered) {
    const UdpSocket open(server(), server_address(), kOpenUdp);
    const UdpSocket closed(server(), server_address(), kClosedUdp);
    const UdpSocket asker(client(), client_address(), 0);
    const std::uint64_t before = denied(GetParam().server, Direction::Inbound);
    asker.send(server_address(), kClosedUdp, "no");
    EXPECT_TRUE(wait_until([&] { return denied(GetParam().server, Direction::Inbound) == before + 1; }));
    asker.send(server_address(), kOpenUdp, "yes");
    std::optional<UdpSocket::Datagram> heard;
    ASSERT_TRUE(wait_until([&] { return (heard = open.receive()).has_value(); }));
    EXPECT_EQ(heard->text, "yes");
    EXPECT_FALSE(closed.receive().has_value());
    open.send(heard->sender, heard->port, "answer");
    ASSERT_TRUE(wait_until([&] { return (heard = asker.receive()).has_value(); }));
    EXPECT_EQ(heard->text, "answer");
}

TEST_P(BridgeTraffic, PingIsAnsweredInTheAdmittedDirectionAlone) {
    const PingSocket forth(client(), client_address(), 7);
    forth.send(server_address(), 1);
    std::optional<std::uint16_t> sequence;
    EXPECT_TRUE(wait_until([&] { return (sequence = forth.receive()).has_value(); }));
    EXPECT_EQ(sequence, 1);

    // The same identifier the other way: an echo request never rides on the flow of the opposite one.
    const PingSocket back(server(), server_address(), 7);
    const std::uint64_t before = denied(GetParam().server, Direction::Outbound);
    back.send(client_address(), 2);
    EXPECT_TRUE(wait_until([&] { return denied(GetParam().server, Direction::Outbound) == before + 1; }));
    forth.send(server_address(), 3);
    EXPECT_TRUE(wait_until([&] { return (sequence = forth.receive()).has_value(); }));
    EXPECT_EQ(sequence, 3);
    EXPECT_FALSE(back.receive().has_value());
}

TEST_P(BridgeTraffic, NeighboursFindEachOther) {
    const PingSocket socket(client(), client_address(), 9);
    socket.send(server_address(), 1);
    std::optional<std::uint16_t> sequence;
    EXPECT_TRUE(wait_until([&] { return (sequence = socket.receive()).has_value(); }));
    const Reason refused = GetParam().stack.family == Family::Ipv4 ? PC_REASON_arp : PC_REASON_nd;
    EXPECT_EQ(network_.count(kClient, Direction::Outbound, refused), 0u);
    EXPECT_EQ(network_.count(GetParam().server, Direction::Outbound, refused), 0u);
}

TEST(BridgeNetwork, LeavesNoProgramInTheKernel) {
    const auto before = host_inventory();
    std::uint32_t program = 0;
    {
        BridgeNetwork network(/*calls_netfilter=*/false);
        program = network.host().program(kClient, Direction::Outbound).id();
        EXPECT_TRUE(AttachedProgram::exists(program));
    }
    EXPECT_TRUE(wait_until([&] { return !AttachedProgram::exists(program); })) << "still loaded";
    EXPECT_EQ(host_inventory(), before);
}

std::vector<Setting> bridged_and_routed(const std::vector<BridgeNetworkOptions>& networks) {
    std::vector<Setting> settings;
    for (const std::size_t server : {kServer, kFar}) {
        for (const StackSetting& stack : in_both_families(networks)) {
            settings.push_back({.stack = stack, .server = server});
        }
    }
    return settings;
}

std::string name_of_setting(const testing::TestParamInfo<Setting>& info) {
    return std::string(info.param.stack.family == Family::Ipv4 ? "Ipv4" : "Ipv6") + (info.param.server == kFar ? "Routed" : "Bridged") +
           name_of(info.param.stack.network);
}

INSTANTIATE_TEST_SUITE_P(All, BridgeTraffic, testing::ValuesIn(bridged_and_routed(usual_networks())), name_of_setting);
INSTANTIATE_TEST_SUITE_P(Long, BridgeTraffic, testing::ValuesIn(bridged_and_routed(all_networks())), name_of_setting);

}  // namespace
}  // namespace portcullis::test
