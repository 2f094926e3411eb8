// SPDX-License-Identifier: Apache-2.0
// What rtnetlink says of bridges, of their ports and of what is behind those, as far as the fast path needs it (fast_paths.h). Pure.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>

namespace portcullis {

struct BridgeLink {
    bool filters_vlans = false;  // of a bridge
    bool is_plain_port = false;  // of a port of a bridge: it forwards, and is neither isolated nor locked
    bool is_veth = false;
    bool operator==(const BridgeLink&) const = default;
};

// `link_info`: IFLA_LINKINFO of a device.
[[nodiscard]] BridgeLink parse_bridge_link(const nlattr* link_info);

// A bridge's view of its port, which comes whenever that changes.
struct BridgePortState {
    std::uint32_t ifindex = 0;
    bool is_plain_port = false;
};
// RTM_NEWLINK of AF_BRIDGE; none for other messages, and where it says nothing of the port.
[[nodiscard]] std::optional<BridgePortState> parse_bridge_port(const nlmsghdr* message);

}  // namespace portcullis
