// SPDX-License-Identifier: Apache-2.0
// How packets of established flows get from one port of this host to another (docs/decisions/0014).
#pragma once

#include <cstdint>

namespace portcullis {

enum class FastPath : std::uint8_t {
    Off,        // by the bridge
    Port,       // straight to the other port's egress hook
    Namespace,  // into the namespace behind the other port, where there is one; else as Port
};

}  // namespace portcullis
