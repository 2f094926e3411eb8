// SPDX-License-Identifier: Apache-2.0
// Path MTU discovery: a router behind the uplink whose further link takes less than the bridge says so by an ICMP error. The error belongs
// to the connection that met it and passes although no rule admits it; with `IcmpErrors: strict` it is dropped, and the connection hangs.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/integration/bridge_network.h"
#include "tests/support/packet.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

constexpr unsigned kBridgeMtu = 1500;

// Two of them, since nothing must depend on which.
unsigned path_mtu_of(const StackSetting& setting) { return setting.network.calls_netfilter ? 1280 : 1400; }

constexpr std::size_t kBytes = 1u << 20;

// client eth0 … br0 … up0 - eth0 router far0 - eth0 remote. Only the router's end of the last link has the small MTU, so that the remote
// offers an MSS which is too large for it.
class PathMtu : public testing::TestWithParam<StackSetting> {
   protected:
    PathMtu() {
        const NetNamespace& router = network_.outside();
        router.set_sysctl("net/ipv4/ip_forward", "1");
        router.set_sysctl("net/ipv6/conf/all/forwarding", "1");
        for (const NetNamespace* where : {&router, &std::as_const(remote_)}) {
            where->set_sysctl("net/ipv6/conf/default/accept_dad", "0");
        }
        router.ip("link add far0 type veth peer name eth0 netns " + remote_.path() + "\naddr add 10.0.0.254/24 dev eth0\n" +
                  "addr add 2001:db8:1::fe/64 dev eth0 nodad\naddr add 198.51.100.1/24 dev far0\n" +
                  "addr add 2001:db8:2::1/64 dev far0 nodad\nlink set far0 mtu " + std::to_string(path_mtu()) + " up\n");
        remote_.ip(
            "addr add 198.51.100.2/24 dev eth0\naddr add 2001:db8:2::2/64 dev eth0 nodad\nlink set eth0 up\n"
            "route add default via 198.51.100.1\nroute add default via 2001:db8:2::1\n");
        network_.instance(kClient).ip("route add 198.51.100.0/24 via 10.0.0.254\nroute add 2001:db8:2::/64 via 2001:db8:1::fe\n");
    }

    [[nodiscard]] static unsigned path_mtu() { return path_mtu_of(GetParam()); }
    [[nodiscard]] static Address remote_address() { return ip(GetParam().family == Family::Ipv4 ? "198.51.100.2" : "2001:db8:2::2"); }
    [[nodiscard]] std::uint64_t denied() const { return network_.count(kClient, Direction::Inbound, PC_REASON_security_group); }

    // Everybody on the way has found its neighbour: a SYN that waited for that would make for long timeouts.
    void find_remote() const {
        const PingSocket ping(network_.instance(kClient), address_of(kClient, GetParam().family), 32);
        ping.send(remote_address(), 1);
        ASSERT_TRUE(wait_until([&] { return ping.receive().has_value(); }));
    }
    // From the client to the remote, established: no segment of a handshake is too large.
    void connect() {
        ASSERT_NO_FATAL_FAILURE(find_remote());
        const TcpListener listener(remote_, remote_address(), kOpenTcp);
        sender_ = connect_tcp(network_.instance(kClient), address_of(kClient, GetParam().family), remote_address(), kOpenTcp);
        ASSERT_TRUE(wait_until([&] { return (receiver_ = listener.accept()).has_value() && sender_->is_established(); }));
        ASSERT_EQ(sender_->findings().path_mtu, kBridgeMtu);
    }
    void pump() {
        sent_ += sender_->send_some(std::string_view(text_).substr(sent_));
        for (std::string part = receiver_->receive(); !part.empty(); part = receiver_->receive()) {
            heard_ += part;
        }
    }

    BridgeNetwork network_{GetParam().network};
    NetNamespace remote_;
    const std::string text_ = std::string(kBytes, 'x');
    std::optional<TcpConnection> sender_;
    std::optional<TcpConnection> receiver_;
    std::size_t sent_ = 0;
    std::string heard_;
};

TEST_P(PathMtu, IsFoundOutByAnErrorThatBelongsToTheConnection) {
    const std::uint64_t before = denied();
    ASSERT_NO_FATAL_FAILURE(connect());
    EXPECT_TRUE(wait_until([&] {
        pump();
        return heard_.size() == kBytes;
    })) << heard_.size()
        << " bytes arrived";
    EXPECT_TRUE(heard_ == text_);
    EXPECT_EQ(sender_->findings().path_mtu, path_mtu());
    EXPECT_EQ(denied(), before);
    // What belongs to nothing does not pass: the remote pings the client.
    const PingSocket stranger(remote_, remote_address(), 31);
    stranger.send(address_of(kClient, GetParam().family), 1);
    EXPECT_TRUE(wait_until([&] { return denied() == before + 1; }));
    EXPECT_FALSE(stranger.receive().has_value());
}

TEST_P(PathMtu, IsNotFoundOutWhereErrorsNeedARuleAndThereIsNone) {
    Model model = bridge_network_model();
    model.ports.at(kClient).relates_icmp_errors = false;
    network_.host().apply(model);
    const std::uint64_t before = denied();
    ASSERT_NO_FATAL_FAILURE(connect());
    EXPECT_EQ(denied(), before);
    EXPECT_TRUE(wait_until([&] {
        pump();
        return denied() > before;
    }));
    EXPECT_EQ(heard_, "");
    EXPECT_EQ(sender_->findings().path_mtu, kBridgeMtu);
    // Nothing but the error was in its way: once it is related, the retransmission that meets it again learns from it.
    network_.host().apply(bridge_network_model());
    EXPECT_TRUE(wait_until([&] {
        pump();
        return heard_.size() == kBytes;
    })) << heard_.size()
        << " bytes arrived";
    EXPECT_EQ(sender_->findings().path_mtu, path_mtu());
}

std::string name_of_setting(const testing::TestParamInfo<StackSetting>& info) {
    return (info.param.family == Family::Ipv4 ? "Ipv4" : "Ipv6") + ("Mtu" + std::to_string(path_mtu_of(info.param))) +
           name_of(info.param.network);
}

INSTANTIATE_TEST_SUITE_P(All, PathMtu, testing::ValuesIn(in_both_families(usual_networks())), name_of_setting);
INSTANTIATE_TEST_SUITE_P(Long, PathMtu, testing::ValuesIn(in_both_families(all_networks())), name_of_setting);

}  // namespace
}  // namespace portcullis::test
