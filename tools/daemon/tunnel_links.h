// SPDX-License-Identifier: Apache-2.0
// Which packets to this host a tunnel device would unwrap (docs/semantics.md 13.4), read from what netlink says about the device. Pure.
#pragma once

#include <linux/netlink.h>

#include <vector>

#include "core/host_facts.h"

namespace portcullis {

// Of the attribute IFLA_LINKINFO of a device. None where it is no tunnel. A device counts whether it is up or not, and for every protocol
// that its kind can unwrap, whatever it is set to.
[[nodiscard]] std::vector<TunnelEndpoint> parse_tunnels(const nlattr* link_info);

}  // namespace portcullis
