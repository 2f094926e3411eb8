// SPDX-License-Identifier: Apache-2.0
// A back end under test: its Dataplane, and what tests do to it and read of it that no daemon does. One for each way to the kernel
// (bpf_back_end.h, nft_back_end.h). The calling thread is in the namespace of the host, but for reading counters, which may be done from
// anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/dataplane.h"
#include "loader/bpf_dataplane.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {

// Packets by reason.
using ReasonCounts = std::array<std::uint64_t, PC_REASON_COUNT>;

class TestBackEnd {
   public:
    TestBackEnd() = default;
    TestBackEnd(const TestBackEnd&) = delete;
    TestBackEnd& operator=(const TestBackEnd&) = delete;
    virtual ~TestBackEnd() = default;

    // What the kernel holds goes on until another daemon has applied a model. Failure ends the process, here and below.
    virtual void start_daemon() = 0;
    virtual void end_daemon() = 0;
    // Pre: a daemon was started.
    [[nodiscard]] virtual Dataplane& dataplane() = 0;
    virtual void apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts) = 0;

    // Flows, and what else is remembered from one packet to the next.
    virtual void forget_flows() = 0;
    // Time passes: every flow and every memory is that much older.
    virtual void age_flows(unsigned seconds) = 0;

    // Of a device that was Bound or Closed in the last apply.
    [[nodiscard]] virtual ReasonCounts counts(std::uint32_t ifindex, Direction direction) const = 0;
    // What was dropped on uplinks, before any port.
    [[nodiscard]] virtual std::uint64_t drops_at_uplinks() const = 0;
};

enum class BackEndKind : std::uint8_t { Bpf, Nftables };

// What is about the maps and programs of BPF says nothing to nftables.
struct TestBackEndOptions {
    BackEndKind kind = BackEndKind::Bpf;
    // Small maps: the tests' models are small, and every test program has its own.
    static constexpr MapCapacities kSmall{.rules = 65'536,
                                          .port_sets = 16'384,
                                          .policies = 4'096,
                                          .interfaces = 4'096,
                                          .owners = 16'384,
                                          .host_addresses = 1'024,
                                          .ports = 32,
                                          .flows4 = 16'384,
                                          .flows6 = 16'384};
    MapCapacities capacities = kSmall;
    XdpMode xdp = XdpMode::Off;
    AttachMode attach_mode = AttachMode::Auto;
    FastPath fast_path = FastPath::Off;                       // of every port
    std::string bpffs_directory = PrivateBpffs::directory();  // another for each of several back ends, which then have no XDP
};

// Pre: a PrivateBpffs outlives it. No daemon runs yet.
[[nodiscard]] std::unique_ptr<TestBackEnd> make_back_end(const TestBackEndOptions& options);

}  // namespace portcullis::test
