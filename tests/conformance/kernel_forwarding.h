// SPDX-License-Identifier: Apache-2.0
// Which frames a Linux bridge does not carry, whatever we say.
#pragma once

#include <span>

#include "tests/support/packet.h"

namespace portcullis::test {

// Whether the kernel hands a frame that a device received to the hooks at all: it takes VLAN tags out first and drops what is cut there.
[[nodiscard]] bool kernel_receives(std::span<const std::uint8_t> frame);

// Whether the bridge takes a received frame from one port to another (br_handle_frame; with `calls_netfilter` br_validate_ipv4/6
// and br_nf_forward_arp too).
[[nodiscard]] bool bridge_forwards(std::span<const std::uint8_t> frame, bool calls_netfilter);

// Whether `seen` is what arrives when `sent` was sent: br_netfilter cuts off what lies behind the IP packet.
[[nodiscard]] bool is_arrival_of(const Bytes& seen, const Bytes& sent, bool calls_netfilter);

}  // namespace portcullis::test
