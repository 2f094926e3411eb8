// SPDX-License-Identifier: Apache-2.0
// One connection carries far more than any window and arrives byte for byte; packets of every size that segmentation offload makes or
// leaves pass alike.
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <string>

#include "tests/integration/bridge_network.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"

namespace portcullis::test {
namespace {

constexpr std::size_t kMtu = 1500;
constexpr std::size_t kEthernetBytes = 14;

// FNV-1a, byte by byte: what is out of order or doubled changes it too.
class RunningChecksum {
   public:
    void add(std::string_view bytes) {
        for (const char byte : bytes) {
            value_ = (value_ ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
        }
        bytes_ += bytes.size();
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

   private:
    std::uint64_t value_ = 0xcbf29ce484222325;
    std::size_t bytes_ = 0;
};

// Text whose repetition, after a length that no segment size divides, is not soon mistaken for itself.
std::string make_text() {
    constexpr std::size_t kLength = (1u << 20) - 3;
    std::string text;
    for (std::uint32_t word = 1; text.size() < kLength; word = word * 1664525 + 1013904223) {
        text.push_back(static_cast<char>(word >> 24));
    }
    return text;
}

class BulkTcp : public testing::TestWithParam<StackSetting> {
   protected:
    [[nodiscard]] static Address address(std::size_t instance) { return address_of(instance, GetParam().family); }

    // Client to server.
    void connect() {
        const TcpListener listener(network_.instance(kServer), address(kServer), kOpenTcp);
        sender_ = connect_tcp(network_.instance(kClient), address(kClient), address(kServer), kOpenTcp);
        ASSERT_TRUE(wait_until([&] { return (receiver_ = listener.accept()).has_value() && sender_->is_established(); }));
    }
    // What both stacks take now.
    void pump(std::size_t total) {
        for (bool moves = true; moves;) {
            const std::size_t at = sent_.bytes() % text_.size();
            const std::string_view next = std::string_view(text_).substr(at, total - sent_.bytes());
            const std::size_t taken = next.empty() ? 0 : sender_->send_some(next);
            sent_.add(next.substr(0, taken));
            const std::string part = receiver_->receive();
            heard_.add(part);
            moves = taken > 0 || !part.empty();
        }
    }
    // In parts, each with a deadline of its own; `watch` looks on after each step.
    void transfer(
        std::size_t total, const std::function<void()>& watch = [] {}) {
        constexpr std::size_t kPart = 64u << 20;
        for (std::size_t part = std::min(kPart, total); heard_.bytes() < total; part = std::min(part + kPart, total)) {
            ASSERT_TRUE(wait_until([&] {
                pump(part);
                watch();
                return heard_.bytes() == part;
            })) << heard_.bytes()
                << " bytes of " << total;
        }
        EXPECT_EQ(heard_.bytes(), sent_.bytes());
        EXPECT_EQ(heard_.value(), sent_.value());
    }
    // To a port that nobody admitted: nothing of it may have got through by the time the transfer has.
    [[nodiscard]] TcpConnection begin_forbidden() const {
        return connect_tcp(network_.instance(kClient), address(kClient), address(kServer), kClosedTcp);
    }

    BridgeNetwork network_{GetParam().network};
    const std::string text_ = make_text();
    std::optional<TcpConnection> sender_;
    std::optional<TcpConnection> receiver_;
    RunningChecksum sent_;
    RunningChecksum heard_;
};

class GibibyteTcp : public BulkTcp {};

TEST_P(GibibyteTcp, ArrivesByteForByteWithScaledWindows) {
    constexpr std::size_t kGibibyte = 1u << 30;
    const TcpListener closed(network_.instance(kServer), address(kServer), kClosedTcp);
    const std::uint64_t denied = network_.count(kServer, Direction::Inbound, PC_REASON_security_group);
    const std::uint64_t passed = network_.count(kServer, Direction::Inbound, PC_REASON_passed);
    const TcpConnection forbidden = begin_forbidden();
    ASSERT_NO_FATAL_FAILURE(connect());
    ASSERT_NO_FATAL_FAILURE(transfer(kGibibyte));
    for (const TcpConnection* end : {&*sender_, &*receiver_}) {
        EXPECT_NE(end->findings().our_window_shift, 0u);
        EXPECT_NE(end->findings().their_window_shift, 0u);
    }
    EXPECT_GE(network_.count(kServer, Direction::Inbound, PC_REASON_passed) - passed, kGibibyte / kMtu);
    EXPECT_GT(network_.count(kServer, Direction::Inbound, PC_REASON_security_group), denied);
    EXPECT_FALSE(forbidden.is_established());
    EXPECT_FALSE(closed.accept().has_value());
}

class OffloadTcp : public BulkTcp {
   protected:
    static void set_offload(const NetNamespace& where, const std::string& device, bool is_on) {
        const NetNamespace::Entered here = where.enter();
        const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        constexpr std::uint32_t kFeatures[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
        for (const std::uint32_t feature : kFeatures) {
            ethtool_value value{.cmd = feature, .data = is_on ? 1u : 0u};
            ifreq request{};
            device.copy(request.ifr_name, IFNAMSIZ - 1);
            request.ifr_data = reinterpret_cast<char*>(&value);
            if (::ioctl(socket.value(), SIOCETHTOOL, &request) != 0) {
                end_test_run("set an offload of " + device);
            }
        }
    }
    // Both ends of both cables.
    void set_offloads(bool is_on) const {
        for (const std::size_t instance : {kClient, kServer}) {
            set_offload(network_.instance(instance), "eth0", is_on);
            set_offload(network_.router(), TestHost::port_device(instance), is_on);
        }
    }

    // The largest frame that reached the server meanwhile.
    [[nodiscard]] std::size_t largest_frame_of_transfer(std::size_t total) {
        const RawSocket wire(network_.instance(kServer), "eth0");
        std::size_t largest = 0;
        transfer(total, [&] {
            while (const std::optional<Bytes> frame = wire.receive()) {
                largest = std::max(largest, frame->size());
            }
        });
        return largest;
    }
};

TEST_P(OffloadTcp, ArrivesByteForByteInWholeSegmentsAndInPacketsOfTheLink) {
    constexpr std::size_t kBytes = 16u << 20;
    const TcpListener closed(network_.instance(kServer), address(kServer), kClosedTcp);
    const std::uint64_t denied = network_.count(kServer, Direction::Inbound, PC_REASON_security_group);
    set_offloads(false);
    const TcpConnection forbidden = begin_forbidden();
    ASSERT_NO_FATAL_FAILURE(connect());
    const std::uint64_t before = network_.count(kServer, Direction::Inbound, PC_REASON_passed);
    const std::size_t largest_without = largest_frame_of_transfer(kBytes);
    EXPECT_GT(largest_without, kMtu / 2);
    EXPECT_LE(largest_without, kMtu + kEthernetBytes);
    const std::uint64_t between = network_.count(kServer, Direction::Inbound, PC_REASON_passed);
    set_offloads(true);
    EXPECT_GT(largest_frame_of_transfer(2 * kBytes), kMtu + kEthernetBytes) << "nothing larger was tried";
    const std::uint64_t after = network_.count(kServer, Direction::Inbound, PC_REASON_passed);
    // Counted alike: by what a wire would carry.
    EXPECT_GE(between - before, kBytes / kMtu);
    EXPECT_GE(after - between, kBytes / kMtu);
    EXPECT_GT(network_.count(kServer, Direction::Inbound, PC_REASON_security_group), denied);
    EXPECT_FALSE(forbidden.is_established());
    EXPECT_FALSE(closed.accept().has_value());
}

const auto kName = [](const auto& info) { return name_of(info.param); };

INSTANTIATE_TEST_SUITE_P(All, GibibyteTcp,
                         testing::Values(StackSetting{.network = {.calls_netfilter = false}, .family = Family::Ipv4},
                                         StackSetting{.network = {.calls_netfilter = true}, .family = Family::Ipv6}),
                         kName);
INSTANTIATE_TEST_SUITE_P(Long, GibibyteTcp, testing::ValuesIn(in_both_families(all_networks())), kName);
INSTANTIATE_TEST_SUITE_P(All, OffloadTcp, testing::ValuesIn(in_both_families(usual_networks())), kName);
// A veth pair with XDP has no segmentation offload.
INSTANTIATE_TEST_SUITE_P(Long, OffloadTcp, testing::ValuesIn([] {
                             std::vector<BridgeNetworkOptions> networks = all_networks();
                             std::erase_if(networks, [](const BridgeNetworkOptions& network) { return network.xdp != XdpMode::Off; });
                             return in_both_families(networks);
                         }()),
                         kName);

}  // namespace
}  // namespace portcullis::test
