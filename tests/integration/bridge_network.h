// SPDX-License-Identifier: Apache-2.0
// Three instances with real stacks on one enforced bridge: `client` and `server` in one subnet, `far` in another, behind the host as its
// router. Groups: the client may go out to anywhere; the server admits TCP 8080, UDP 5353 and echo requests from the client's group; far
// admits the same. Nothing else.
#pragma once

#include <string>
#include <vector>

#include "tests/support/enforced_host.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {

inline constexpr std::size_t kClient = 0, kServer = 1, kFar = 2;
inline constexpr std::uint16_t kOpenTcp = 8080, kClosedTcp = 8081, kOpenUdp = 5353, kClosedUdp = 5354;

[[nodiscard]] Model bridge_network_model();
// Of an instance (kClient …).
[[nodiscard]] Address address_of(std::size_t instance, Family family);

struct BridgeNetworkOptions {
    bool calls_netfilter = false;
    XdpMode xdp = XdpMode::Off;
    AttachMode attach_mode = AttachMode::Auto;
};
// "ClsactWithNetfilterEarlyDrop"; what is as by default is not said.
[[nodiscard]] std::string name_of(const BridgeNetworkOptions& options);
// With the kernel's best hooks: without br_netfilter and with it.
[[nodiscard]] std::vector<BridgeNetworkOptions> usual_networks();
// Every combination, the hooks by their names: for the tests' long form (tests/README.md).
[[nodiscard]] std::vector<BridgeNetworkOptions> all_networks();

// What most tests of real stacks have as their parameter.
struct StackSetting {
    BridgeNetworkOptions network;
    Family family = Family::Ipv4;
};
[[nodiscard]] std::string name_of(const StackSetting& setting);  // "Ipv6WithNetfilter"
[[nodiscard]] std::vector<StackSetting> in_both_families(const std::vector<BridgeNetworkOptions>& networks);

class BridgeNetwork {
   public:
    explicit BridgeNetwork(const BridgeNetworkOptions& options);
    explicit BridgeNetwork(bool calls_netfilter) : BridgeNetwork(BridgeNetworkOptions{.calls_netfilter = calls_netfilter}) {}

    [[nodiscard]] EnforcedHost& host() { return host_; }
    [[nodiscard]] const NetNamespace& instance(std::size_t which) const { return host_.test_host().instance(which); }
    // The host, with the bridge in it.
    [[nodiscard]] const NetNamespace& router() const { return host_.test_host().host(); }
    // Behind the uplink; its end of the cable is eth0, without an address.
    [[nodiscard]] const NetNamespace& outside() const { return host_.test_host().outside(); }
    // Packets that the port's hook gave this reason.
    [[nodiscard]] std::uint64_t count(std::size_t port, Direction direction, Reason reason) const {
        return host_.counts(port, direction)[reason];
    }

   private:
    PrivateBpffs bpffs_;
    EnforcedHost host_;
};

}  // namespace portcullis::test
