// SPDX-License-Identifier: Apache-2.0
// BIG TCP in IPv6, whose size alone iproute2 6.1 can set: stacks that hand over more than 64 KiB as one packet, whose IP length is then 0
// (and whose jumbogram option, where the kernel writes one, is its own). Jumbograms from the wire are dropped (tests/attacks); these pass,
// counted by segment.
#include <gtest/gtest.h>

#include "tests/integration/bridge_network.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

class BigTcp : public testing::Test {
   protected:
    BigTcp() {
        for (const std::size_t instance : {kClient, kServer}) {
            network_.instance(instance).ip(enlarged("eth0"));
            network_.host().test_host().host().ip(enlarged(TestHost::port_device(instance)));
        }
        network_.host().test_host().host().ip(enlarged("br0"));
    }
    static std::string enlarged(const std::string& device) {
        return "link set dev " + device + " gso_max_size 185000 gro_max_size 185000\n";
    }
    BridgeNetwork network_{/*calls_netfilter=*/false};
};

TEST_F(BigTcp, PassesAndIsCountedBySegment) {
    const Address client = address_of(kClient, Family::Ipv6);
    const Address server = address_of(kServer, Family::Ipv6);
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

}  // namespace
}  // namespace portcullis::test
