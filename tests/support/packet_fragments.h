// SPDX-License-Identifier: Apache-2.0
// Cuts a packet into IP fragments, any of them, in any order and of any size: legal and not.
#pragma once

#include <cstddef>

#include "tests/support/packet.h"

namespace portcullis::test {

// A piece of what lies behind the IP header (of IPv6: behind the headers that every fragment repeats).
struct Piece {
    std::uint16_t offset = 0;  // units of 8 bytes
    std::size_t size = 0;      // bytes, cut to what there is; 0: the rest
    std::optional<bool> more;  // none: whether something lies behind the piece
    std::uint32_t id = 1;
};

// The frame with that piece alone. `repeated`: extension headers right behind the IPv6 header that stand in front of the fragment header.
// Pre: a layer of the packet is Ipv4 or Ipv6; the outermost one is cut.
[[nodiscard]] Packet fragment_of(const Packet& packet, const Piece& piece, std::size_t repeated = 0);

// All pieces of that many bytes (a multiple of 8), in order.
[[nodiscard]] std::vector<Packet> fragments_of(const Packet& packet, std::size_t piece_bytes, std::uint32_t id);

}  // namespace portcullis::test
