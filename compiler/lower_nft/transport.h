// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 3.3, behind IP headers of a known length. Called by lower_nft/sanity.cpp alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/lower_nft/nft_builder.h"
#include "core/address.h"

namespace portcullis {

// Where stage 3 is: of which packets, and how its drops end.
struct NftSanity {
    NftBuilder* bridge = nullptr;
    Direction direction = Direction::Outbound;
    Family family = Family::Ipv4;
    std::optional<Reason> only_reason;  // 3.1.2: whatever is wrong with a packet that its frame does not fit, the reason is that
    [[nodiscard]] NftVerdict drop(Reason reason) const { return bridge->drop(direction, only_reason.value_or(reason)); }
};

// How much of a packet the frame holds. Later fragments have no transport header.
enum class NftPart : std::uint8_t { Whole, First };

// Check. `headers`: bytes of IP headers that the IP length counts: 20 and more in IPv4, in IPv6 those behind the first 40.
[[nodiscard]] std::string nft_transport(const NftSanity& sanity, NftPart part, std::uint16_t headers);
// Check: behind IPv4 headers with options, of any length.
[[nodiscard]] std::string nft_transport_behind_options(const NftSanity& sanity, NftPart part);

}  // namespace portcullis
