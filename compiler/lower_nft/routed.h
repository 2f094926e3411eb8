// SPDX-License-Identifier: Apache-2.0
// Where the host received what it routes to a bridge: hooks of the bridge are not told (the packet has no input device there any more, like
// one of the host's own), so the last chain of the inet family, where both devices are known, says so by two bits of the packet's mark. It
// sets them on everything that is not the host's own, whatever they were; others that set them take trust from a packet, and give it none.
#pragma once

#include <cstdint>

#include "compiler/lower_nft/nft_image.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

inline constexpr std::uint32_t kNftEntranceBits = 0x30000000;
inline constexpr std::uint32_t kNftFromHost = 0;                // sent by the host, or received by it from a bridge or a Routed device
inline constexpr std::uint32_t kNftFromUplink = 0x10000000;     // from a listed uplink
inline constexpr std::uint32_t kNftFromElsewhere = 0x20000000;  // or both bits

[[nodiscard]] NftTable nft_routed(const NftHost& host);

}  // namespace portcullis
