// SPDX-License-Identifier: Apache-2.0
// The packets of the case files (README.md, "A packet"): JSON -> bytes of a frame.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"
#include "tests/support/packet.h"

namespace portcullis::test {

// Addresses of the frame where the packet names none.
struct FrameDefaults {
    Mac source;
    Mac destination;
};

struct PacketContext {
    FrameDefaults defaults;
    Mac own_mac;                              // of the interface whose port judges
    const nlohmann::json* packets = nullptr;  // those that have a name
};

// `packet`: an object, or a name. Fails on a key or value that README.md does not know, naming it.
[[nodiscard]] Result<Bytes> frame_of(const nlohmann::json& packet, const PacketContext& context);

}  // namespace portcullis::test
