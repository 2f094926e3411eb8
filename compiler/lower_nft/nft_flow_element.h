// SPDX-License-Identifier: Apache-2.0
// Elements of the maps in which nf_tables keeps flows, read: what NftLane::key and nft_flow_word.h put there.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/lower_nft/nft_flow_word.h"
#include "compiler/lower_nft/nft_image.h"
#include "core/address.h"

namespace portcullis {

struct NftFlowElement {
    Address local, remote;
    std::uint8_t protocol = 0;
    std::uint16_t local_port = 0;   // host order; of a query its identifier
    std::uint16_t remote_port = 0;  // host order; of a query its type << 8 and who asked
    NftFlowWord word;

    [[nodiscard]] bool is_icmp() const;
};

// The number of a binding (compiler/lower_nft/nft_bindings.h) that a key or data begins with; 0: none.
[[nodiscard]] std::uint32_t nft_number_of(const NftBytes& bytes);

// None: no flow's.
[[nodiscard]] std::optional<NftFlowElement> nft_flow_of(const NftElement& element, Family family);

}  // namespace portcullis
