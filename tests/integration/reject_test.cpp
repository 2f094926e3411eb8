// SPDX-License-Identifier: Apache-2.0
// OnDeny "reject" (docs/semantics.md 13.5) as real stacks see it, over a real bridge: who may not send is told at once, and nothing else
// changes.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "bpf/abi.h"
#include "tests/integration/bridge_network.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

Model model_of(bool rejects) {
    Model model = bridge_network_model();
    model.on_deny.reject = rejects;
    return model;
}

class Reject : public testing::TestWithParam<StackSetting> {
   protected:
    Reject() { network_.host().apply(model_of(true)); }

    [[nodiscard]] static Address address(std::size_t instance) { return address_of(instance, GetParam().family); }
    [[nodiscard]] std::uint64_t denied(std::size_t port, Direction direction) const {
        return network_.count(port, direction, PC_REASON_security_group);
    }
    // The client may, the server may not: the nearest legal connection, on the same path.
    void expect_the_neighbour_connects() {
        const TcpListener listener(network_.instance(kServer), address(kServer), kOpenTcp);
        const TcpConnection attempt = connect_tcp(network_.instance(kClient), address(kClient), address(kServer), kOpenTcp);
        EXPECT_TRUE(wait_until([&] { return attempt.is_established() && listener.accept().has_value(); }));
    }

    BridgeNetwork network_{GetParam().network};
};

TEST_P(Reject, AConnectionThatIsDeniedIsRefusedAtOnce) {
    const TcpListener listener(network_.instance(kClient), address(kClient), kOpenTcp);
    const std::uint64_t before = denied(kServer, Direction::Outbound);
    const std::uint64_t arrived = denied(kClient, Direction::Inbound);
    const TcpConnection attempt = connect_tcp(network_.instance(kServer), address(kServer), address(kClient), kOpenTcp);
    EXPECT_TRUE(wait_until([&] { return attempt.is_reset(); }));
    EXPECT_EQ(attempt.take_error(), ECONNREFUSED);
    EXPECT_EQ(denied(kServer, Direction::Outbound), before + 1) << "the SYN alone: it was not repeated";
    EXPECT_EQ(denied(kClient, Direction::Inbound), arrived) << "got as far as the other port";
    EXPECT_FALSE(listener.accept().has_value());
    expect_the_neighbour_connects();
}

TEST_P(Reject, AConnectedDatagramSocketIsToldThatItMayNot) {
    const UdpSocket heard(network_.instance(kClient), address(kClient), kOpenUdp);
    const UdpSocket asker(network_.instance(kServer), address(kServer), 0);
    const std::uint64_t before = denied(kServer, Direction::Outbound);
    asker.connect(address(kClient), kOpenUdp);
    asker.send(address(kClient), kOpenUdp, "question");
    int error = 0;
    EXPECT_TRUE(wait_until([&] { return (error = asker.take_error()) != 0; }));
    EXPECT_EQ(error, GetParam().family == Family::Ipv4 ? EHOSTUNREACH : EACCES);
    EXPECT_EQ(denied(kServer, Direction::Outbound), before + 1);
    EXPECT_FALSE(heard.receive().has_value());
}

TEST_P(Reject, WithActionDropTheSameConnectionGetsNoAnswer) {
    network_.host().apply(model_of(false));
    const std::uint64_t before = denied(kServer, Direction::Outbound);
    const TcpConnection attempt = connect_tcp(network_.instance(kServer), address(kServer), address(kClient), kOpenTcp);
    EXPECT_TRUE(wait_until([&] { return denied(kServer, Direction::Outbound) > before; }));
    expect_the_neighbour_connects();
    EXPECT_FALSE(attempt.is_reset());
    // It takes effect at the switch: the next SYN of the same attempt is refused.
    network_.host().apply(model_of(true));
    EXPECT_TRUE(wait_until([&] { return attempt.is_reset(); }));
    EXPECT_EQ(attempt.take_error(), ECONNREFUSED);
}

TEST_P(Reject, WhatTheReceiverDeniesIsDroppedInSilence) {
    const TcpListener listener(network_.instance(kServer), address(kServer), kClosedTcp);
    const UdpSocket asker(network_.instance(kClient), address(kClient), 0);
    const std::uint64_t before = denied(kServer, Direction::Inbound);
    const TcpConnection attempt = connect_tcp(network_.instance(kClient), address(kClient), address(kServer), kClosedTcp);
    asker.connect(address(kServer), kClosedUdp);
    asker.send(address(kServer), kClosedUdp, "question");
    EXPECT_TRUE(wait_until([&] { return denied(kServer, Direction::Inbound) >= before + 2; }));
    expect_the_neighbour_connects();
    EXPECT_FALSE(attempt.is_reset());
    EXPECT_EQ(asker.take_error(), 0);
}

// The mark of our answers, as if an instance had come to know it: the kernel takes marks off between namespaces.
TEST_P(Reject, AMarkOfTheInstanceOpensNothing) {
    const NetNamespace& host = network_.router();
    std::uint32_t mark = 0;
    {
        const std::uint32_t row = 0;
        const NetNamespace::Entered here = host.enter();
        const auto bytes =
            KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_host").value_of(std::as_bytes(std::span(&row, 1))).value();
        pc_host word;
        std::memcpy(&word, bytes.data(), sizeof word);
        mark = word.answer_mark;
    }
    ASSERT_NE(mark, 0u);
    host.ip("link set " + TestHost::port_device(kClient) + " type bridge_slave hairpin on\n");
    const RawSocket cable(network_.instance(kClient), "eth0");
    cable.set_mark(mark);
    const Mac own = network_.instance(kClient).mac_of("eth0");
    const bool is_ipv4 = GetParam().family == Family::Ipv4;
    Packet packet = is_ipv4 ? Ethernet{.source = own, .destination = mac("02:00:5e:00:53:99")} /
                                  Ipv4{.source = address(kClient), .destination = ip("203.0.113.9")}
                            : Ethernet{.source = own, .destination = mac("02:00:5e:00:53:99")} /
                                  Ipv6{.source = address(kClient), .destination = ip("2001:db8:9::9")};
    const Bytes frame = (packet / Udp{.source_port = 1000, .destination_port = 2000}).bytes();
    const std::uint64_t before = network_.count(kClient, Direction::Inbound, PC_REASON_source_mac);
    cable.drain();
    DeliveryFence(host).run([&] { cable.send(frame); }, 2);
    EXPECT_TRUE(wait_until([&] { return network_.count(kClient, Direction::Inbound, PC_REASON_source_mac) > before; }));
    while (const std::optional<Bytes> heard = cable.receive()) {
        EXPECT_NE(*heard, frame) << "came back";
    }
}

const auto kName = [](const auto& info) { return name_of(info.param); };

INSTANTIATE_TEST_SUITE_P(All, Reject,
                         testing::ValuesIn(in_both_families({{.attach_mode = AttachMode::Tcx},
                                                             {.attach_mode = AttachMode::Clsact},
                                                             {.calls_netfilter = true, .attach_mode = AttachMode::Tcx},
                                                             {.xdp = XdpMode::Everywhere, .attach_mode = AttachMode::Clsact}})),
                         kName);
INSTANTIATE_TEST_SUITE_P(Long, Reject, testing::ValuesIn(in_both_families(all_networks())), kName);

}  // namespace
}  // namespace portcullis::test
