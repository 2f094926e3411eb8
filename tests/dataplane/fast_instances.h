// SPDX-License-Identifier: Apache-2.0
// Fixture: two instances on an enforced bridge, 192.0.2.11 behind p1 and 192.0.2.12 behind p2, whose ports may have a fast path; and a flow
// between them that both ports have admitted and whose packets tell which way they went.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "core/fast_path.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/raw_socket.h"

namespace portcullis::test {

// What differs between the policies of the tests.
struct FastPolicy {
    std::uint16_t udp_port = 53;  // at which the second instance may be reached
    bool is_cut = false;          // OnRevoke
    std::optional<Prefix> denied = {};
    bool has_second = true;  // else its port is closed
};

// What differs between frames from the first instance to the second.
struct FastFrame {
    Mac destination = {{0x02, 0x00, 0x5e, 0x00, 0x53, 0x0c}};
    std::uint16_t destination_port = 53;
    Bytes options = {};  // of IPv4
    bool is_first_fragment = false;
    bool has_tag = false;
    std::size_t payload = 20;
};

class FastInstances : public ::testing::Test {
   protected:
    explicit FastInstances(FastPath way);

    void apply(const FastPolicy& policy = {});
    // Two packets each way, by the bridge: by the first both ports admit the flow, by the second the bridge learns where both are, as the
    // fast path has it do now and then.
    void establish();
    // Whether it arrives, and by which way.
    enum class Way : std::uint8_t { None, Bridge, Fast };
    [[nodiscard]] Way send(const FastFrame& frame = {});
    [[nodiscard]] Way answer();
    // Without asking what became of it.
    void send_only() const;
    // Returns when everything that was sent has arrived or is gone.
    void transmit(const std::function<void()>& sending) const { fence_.run(sending, 2); }
    [[nodiscard]] EnforcedHost& enforced() { return enforced_; }
    [[nodiscard]] std::uint64_t count(std::size_t port, Direction direction, Reason reason = PC_REASON_passed) const {
        return enforced_.counts(port, direction)[reason];
    }

   private:
    [[nodiscard]] Way deliver(std::size_t from, const Bytes& frame);

    PrivateBpffs bpffs_;
    EnforcedHost enforced_;
    RawSocket ends_[2];
    DeliveryFence fence_;

   protected:
    NetNamespace::Entered here_;
};

}  // namespace portcullis::test
