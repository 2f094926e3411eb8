// SPDX-License-Identifier: Apache-2.0
// Appends values to a message in network order: the packet algebra's pen.
#pragma once

#include <span>

#include "tests/support/packet.h"

namespace portcullis::test {

inline void put8(Bytes& out, unsigned value) { out.push_back(static_cast<std::uint8_t>(value)); }
inline void put16(Bytes& out, unsigned value) {
    put8(out, value >> 8);
    put8(out, value);
}
inline void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}
inline void put(Bytes& out, std::span<const std::uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
// Sized by the header that holds it, not by the address: a header's default address is all zeros of its own family.
inline void put4(Bytes& out, const Address& address) { put(out, std::span(address.bytes).first(4)); }
inline void put6(Bytes& out, const Address& address) { put(out, address.bytes); }
inline void overwrite16(Bytes& out, std::size_t at, unsigned value) {
    out.at(at) = static_cast<std::uint8_t>(value >> 8);
    out.at(at + 1) = static_cast<std::uint8_t>(value);
}
inline void fill_to(Bytes& out, std::size_t multiple) { out.resize((out.size() + multiple - 1) / multiple * multiple); }

}  // namespace portcullis::test
