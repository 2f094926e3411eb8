// SPDX-License-Identifier: Apache-2.0
// Two instances on a bridge, 10.0.0.11 behind p1 and 10.0.0.12 behind p2, in one security group: its rules are the only thing that differs
// between the tests' models. What one sends to the other arrives or does not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/model.h"
#include "core/ruleset.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/raw_socket.h"
#include "tests/support/test_host.h"

namespace portcullis::test {

// The group lets its members send anything, and receive UDP at this port from each other. Further members are on other hosts.
struct TestPolicy {
    std::uint16_t udp_port = 53;
    std::vector<std::string> other_members = {};  // addresses in 10.0.0.0/24
};
[[nodiscard]] Model model_of(const TestPolicy& policy);
[[nodiscard]] Ruleset ruleset_of(const TestPolicy& policy);

class TwoInstances {
   public:
    TwoInstances();

    [[nodiscard]] const NetNamespace& host() const { return host_.host(); }
    [[nodiscard]] std::uint32_t ifindex(std::size_t port) const { return host_.port_ifindex(port); }
    // Both ports bound to their interfaces as the policy's ruleset numbers them, br0 as a bridge. The second port comes last.
    [[nodiscard]] std::vector<DeviceBinding> devices(const TestPolicy& policy = {}) const;
    // Whether a UDP packet of the first instance to that port of the second arrives. Each is of a flow of its own.
    [[nodiscard]] bool delivers(std::uint16_t udp_port) const;
    // Sends one, without waiting for what becomes of it.
    void send(std::uint16_t udp_port) const;
    // Packets at the second instance that are waiting, but for those that `delivers` sent.
    [[nodiscard]] std::size_t received() const;

   private:
    TestHost host_;
    RawSocket first_, second_;
    DeliveryFence fence_;
    mutable std::uint16_t source_port_ = 40000;
};

}  // namespace portcullis::test
