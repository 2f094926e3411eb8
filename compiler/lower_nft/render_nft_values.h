// SPDX-License-Identifier: Apache-2.0
// Data types of nft's language and how values of theirs are written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

// Integer: of raw payload, written in hexadecimal. Number: of meta length.
enum class NftDatatype : std::uint8_t { Ipv4, Ipv6, Ether, EtherType, Protocol, Port, Interface, PacketType, Mark, Number, Integer };
[[nodiscard]] NftDatatype nft_datatype(NftType type);

// A field of a set as `type` declares it, and as `typeof` does: integers have no name, only examples.
[[nodiscard]] std::string_view nft_type_word(NftDatatype type);
[[nodiscard]] std::string nft_type_example(NftDatatype type, std::size_t bytes);

[[nodiscard]] std::string nft_value(NftDatatype type, std::span<const std::uint8_t> bytes);
// One value, a prefix where it is one, or "from-to".
[[nodiscard]] std::string nft_interval(NftDatatype type, std::span<const std::uint8_t> from, std::span<const std::uint8_t> to);

[[nodiscard]] std::string nft_time(std::uint64_t milliseconds);
// In quotes, at most 127 bytes. The language has no escapes: what would end the text or the line is replaced.
[[nodiscard]] std::string nft_quoted(std::string_view text);

}  // namespace portcullis
