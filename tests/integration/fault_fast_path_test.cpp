// SPDX-License-Identifier: Apache-2.0
// F14, F20 with a fast path (docs/decisions/0014-fast-path.md): what the bridge would not forward any more, and a daemon that stands still,
// while the probes run.
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

#include "bpf/abi.h"
#include "tests/integration/fault_host.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/packet.h"
#include "tests/support/prog_run.h"
#include "tests/support/raw_socket.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

class FaultFastPath : public FaultHost {
   protected:
    // With streams that take it.
    void begin_fast() {
        ASSERT_NO_FATAL_FAILURE(begin({"--fast-path", "namespace"}));
        expect_taken();
    }
    [[nodiscard]] json port(const std::string& device) const {
        const json answer = status();
        for (const json& one : answer["Ports"]) {
            if (one["Device"] == device) {
                return one;
            }
        }
        return json::object();
    }
    [[nodiscard]] std::uint64_t fast_packets() const { return port("p1").value("FastPathPackets", std::uint64_t{0}); }
    void expect_taken() const {
        constexpr unsigned kSome = 20;
        const std::uint64_t so_far = fast_packets();
        EXPECT_TRUE(wait_until([&] { return fast_packets() > so_far + kSome; })) << "no packet takes the fast path";
    }
    // As the daemon has it in the kernel.
    void expect_way(const std::string& device, const std::string& way) const {
        EXPECT_TRUE(wait_until([&] { return port(device)["FastPath"] == way; })) << port(device) << daemon->log();
    }
    // What the daemon would say if it did not stand still.
    [[nodiscard]] std::uint64_t fast_packets_in_kernel() const {
        const auto map = [](const char* name) { return KernelMap::pinned(PrivateBpffs::directory() + "/maps/" + name); };
        const std::uint32_t ifindex = host.port_ifindex(0);
        const std::vector<std::byte> row = map("pc_devices").value_of(std::as_bytes(std::span(&ifindex, 1))).value();
        pc_device device{};
        std::memcpy(&device, row.data(), sizeof device);
        const std::vector<std::byte> counters = map("pc_counters").rows(device.slot * 2 * PC_REASONS_MAX + PC_COUNTED_FAST, 1);
        std::uint64_t packets = 0;
        for (std::size_t cpu = 0; cpu < counters.size(); cpu += sizeof(pc_counter)) {
            pc_counter counter{};
            std::memcpy(&counter, counters.data() + cpu, sizeof counter);
            packets += counter.packets;
        }
        return packets;
    }
    // Whether a packet of a flow that both ports have admitted comes to the second instance.
    [[nodiscard]] bool arrives() const {
        constexpr unsigned kPairs = 2;
        heard_.drain();
        fence_.run([this] { sender_.send(frame_); }, kPairs);
        while (const std::optional<Bytes> frame = heard_.receive()) {
            if (*frame == frame_) {
                return true;
            }
        }
        return false;
    }

   private:
    const Bytes frame_ =
        (Ethernet{.source = probe_mac(0), .destination = probe_mac(1)} /
         Ipv4{.source = probe_address(0, Family::Ipv4), .destination = probe_address(1, Family::Ipv4)} /
         Udp{.source_port = 50000, .destination_port = kOpenProbe} / text(ForbiddenFlood::text_of(ForbiddenFlood::kAllowed)))
            .bytes();
    RawSocket sender_{host.instance(0), "eth0"};
    RawSocket heard_{host.instance(1), "eth0"};
    DeliveryFence fence_{host.host()};
};

TEST_F(FaultFastPath, WhosePortIsIsolatedLeavesItToTheBridgeWhatBecomesOfPackets) {
    ASSERT_NO_FATAL_FAILURE(begin_fast());
    EXPECT_TRUE(arrives());
    host.host().ip("link set p2 type bridge_slave isolated on");
    expect_way("p2", "off");
    const std::uint64_t so_far = fast_packets();
    wait_for_connections();
    EXPECT_TRUE(arrives()) << "the other port is not isolated";
    EXPECT_EQ(fast_packets(), so_far);
    host.host().ip("link set p1 type bridge_slave isolated on");
    expect_way("p1", "off");
    EXPECT_FALSE(arrives());
    host.host().ip("link set p1 type bridge_slave isolated off\nlink set p2 type bridge_slave isolated off");
    expect_way("p1", "namespace");
    expect_way("p2", "namespace");
    EXPECT_TRUE(arrives());
    expect_taken();
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultFastPath, WhosePortMovesToAnotherBridgeBringsItNothingMore) {
    ASSERT_NO_FATAL_FAILURE(begin_fast());
    EXPECT_TRUE(arrives());
    host.host().ip("link add br1 type bridge forward_delay 0\nlink set br1 up\nlink set p2 master br1");
    expect_way("p2", "off");
    EXPECT_FALSE(arrives());
    host.host().ip("link set p2 master br0");
    expect_way("p2", "namespace");
    EXPECT_TRUE(arrives());
    expect_taken();
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultFastPath, WhoseDaemonStandsStillEndsWithItsLeaseAndStreamsGoOn) {
    ASSERT_NO_FATAL_FAILURE(begin_fast());
    daemon->signal(SIGSTOP);
    EXPECT_TRUE(wait_until([this] {
        const std::uint64_t so_far = fast_packets_in_kernel();
        wait_for_connections();
        return fast_packets_in_kernel() == so_far;
    }));
    daemon->signal(SIGCONT);
    expect_taken();
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
