// SPDX-License-Identifier: Apache-2.0
// Which devices get a program for early drop as well (bpf/xdp.bpf.c). No verdict depends on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace portcullis {

enum class XdpMode : std::uint8_t {
    Off,
    Taps,        // ports that are taps
    All,         // and uplinks whose driver has native XDP, but not veth, which loses segmentation offload by it
    Everywhere,  // every port and uplink, veth too: for tests
};
[[nodiscard]] std::string_view to_string(XdpMode mode);  // "off", "taps", "all", "everywhere"

}  // namespace portcullis
