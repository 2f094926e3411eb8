// SPDX-License-Identifier: Apache-2.0
// What verdicts depend on and no document says: the addresses of the host itself and its tunnel devices. Found by the daemon over netlink,
// given to back ends and to the reference evaluator alike.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "core/address.h"

namespace portcullis {

// A way into the host by which a packet would come out with other addresses (docs/semantics.md 13.4).
struct TunnelEndpoint {
    std::uint8_t protocol = 0;  // IP protocol: 17, or 4, 41, 47, 97, 137
    std::uint16_t port = 0;     // UDP alone, host order
    auto operator<=>(const TunnelEndpoint&) const = default;
};

struct HostFacts {
    std::vector<Address> addresses;  // of all devices of the network namespace, link-local ones included; loopback is not
    std::vector<TunnelEndpoint> tunnels;
    bool operator==(const HostFacts&) const = default;
};

}  // namespace portcullis
