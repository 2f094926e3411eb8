// SPDX-License-Identifier: Apache-2.0
// BIG TCP: stacks that hand over more than 64 KiB as one packet, whose IP length is then 0 (and whose jumbogram option, where the kernel
// writes one, is its own). Jumbograms from the wire are dropped (tests/attacks); these pass, counted by segment.
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "tests/integration/bridge_network.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

// Lets a device take and make packets of that size, in both families. IPv4 has sizes of its own since Linux 6.3, which Debian 12's iproute2
// and headers do not know yet.
void enlarge(const NetNamespace& network, const std::string& device) {
    constexpr std::uint32_t kSize = 185'000;
    constexpr std::uint16_t kGsoIpv4MaxSize = 63;  // IFLA_GSO_IPV4_MAX_SIZE
    constexpr std::uint16_t kGroIpv4MaxSize = 64;  // IFLA_GRO_IPV4_MAX_SIZE
    const NetNamespace::Entered here = network.enter();
    const std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(::mnl_socket_open(NETLINK_ROUTE), ::mnl_socket_close);
    char buffer[1024];
    nlmsghdr* const message = ::mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = RTM_NEWLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    static_cast<ifinfomsg*>(::mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)))->ifi_index =
        static_cast<int>(network.ifindex_of(device));
    for (const std::uint16_t size :
         {std::uint16_t{IFLA_GSO_MAX_SIZE}, std::uint16_t{IFLA_GRO_MAX_SIZE}, kGsoIpv4MaxSize, kGroIpv4MaxSize}) {
        ::mnl_attr_put_u32(message, size, kSize);
    }
    ASSERT_GT(::mnl_socket_sendto(socket.get(), message, message->nlmsg_len), 0);
    const auto length = ::mnl_socket_recvfrom(socket.get(), buffer, sizeof buffer);
    ASSERT_GE(::mnl_cb_run(buffer, static_cast<std::size_t>(length), 0, 0, nullptr, nullptr), 0) << device << ": " << std::strerror(errno);
}

class BigTcp : public testing::TestWithParam<Family> {
   protected:
    BigTcp() {
        for (const std::size_t instance : {kClient, kServer}) {
            enlarge(network_.instance(instance), "eth0");
            enlarge(network_.host().test_host().host(), TestHost::port_device(instance));
        }
        enlarge(network_.host().test_host().host(), "br0");
    }
    BridgeNetwork network_{/*calls_netfilter=*/false};
};

TEST_P(BigTcp, PassesAndIsCountedBySegment) {
    const Address client = address_of(kClient, GetParam());
    const Address server = address_of(kServer, GetParam());
    const TcpListener listener(network_.instance(kServer), server, kOpenTcp);
    const TcpConnection sender = connect_tcp(network_.instance(kClient), client, server, kOpenTcp);
    std::optional<TcpConnection> receiver;
    ASSERT_TRUE(wait_until([&] { return (receiver = listener.accept()).has_value() && sender.is_established(); }));
    const RawSocket wire(network_.instance(kServer), "eth0");
    constexpr std::size_t kBytes = 32 << 20;
    constexpr std::size_t kLargestIp = 65535;
    const std::string text(1 << 20, 'x');
    std::size_t sent = 0;
    std::size_t heard = 0;
    std::size_t largest = 0;
    const std::uint64_t before = network_.count(kServer, Direction::Inbound, PC_REASON_passed);
    EXPECT_TRUE(wait_until([&] {
        sent += sender.send_some(std::string_view(text).substr(0, std::min(text.size(), kBytes - sent)));
        for (std::string part = receiver->receive(); !part.empty(); part = receiver->receive()) {
            heard += part.size();
        }
        while (const std::optional<Bytes> frame = wire.receive()) {
            largest = std::max(largest, frame->size());
        }
        return heard == kBytes;
    }));
    EXPECT_GT(largest, kLargestIp) << "no packet was that big: nothing was tried";
    constexpr std::size_t kMtu = 1500;
    EXPECT_GE(network_.count(kServer, Direction::Inbound, PC_REASON_passed) - before, kBytes / kMtu);
    for (const std::size_t port : {kClient, kServer}) {
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            EXPECT_EQ(network_.count(port, direction, PC_REASON_ip_malformed), 0u);
            EXPECT_EQ(network_.count(port, direction, PC_REASON_extension_header), 0u);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Families, BigTcp, testing::Values(Family::Ipv4, Family::Ipv6),
                         [](const auto& tested) { return tested.param == Family::Ipv4 ? "Ipv4" : "Ipv6"; });

}  // namespace
}  // namespace portcullis::test
