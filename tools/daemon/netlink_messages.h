// SPDX-License-Identifier: Apache-2.0
// What rtnetlink messages say, as far as it concerns us. Pure.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <set>

#include "tools/daemon/host_devices.h"

namespace portcullis {

// RTM_NEWLINK or RTM_DELLINK -> the device. None for messages that do not describe a device as a whole: a bridge's view of its port
// (AF_BRIDGE, whose RTM_DELLINK means that the port left the bridge), wireless events.
[[nodiscard]] std::optional<Device> parse_device(const nlmsghdr* message);

// RTM_NEWADDR or RTM_DELADDR -> the device's own address; of a point-to-point link not the other end's.
[[nodiscard]] std::optional<DeviceAddress> parse_address(const nlmsghdr* message);

// RTM_NEWROUTE -> if it is to 0.0.0.0/0 or ::/0, the devices it leaves by, those of its next hops included.
[[nodiscard]] std::set<std::uint32_t> parse_default_route(const nlmsghdr* message);

}  // namespace portcullis
