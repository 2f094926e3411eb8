// SPDX-License-Identifier: Apache-2.0
// Link-local addresses that ports claim by duplicate address detection (docs/semantics.md 4.5).
#pragma once

#include <cstdint>
#include <string>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

inline constexpr const char* kNftClaims = "claims";

// The set {binding, address} of what ports have claimed, of each at most four. Empty: the port claims none.
[[nodiscard]] std::string nft_claims(NftBuilder& bridge, const NftPort& port);

// The map of the addresses that ports of the bridge have claimed, to the numbers of their bindings; its name by the bridge's ifindex. What
// stands there for a binding that is no more has to be taken out (compiler/lower_nft/nft_ends.h).
[[nodiscard]] std::string nft_claimants(NftBuilder& bridge, const NftPort& port);
[[nodiscard]] std::string nft_claimants_of(std::uint32_t bridge);

// A terminal chain for an outbound message that probes for an address which is not own: claims it and ends as `admitted`, or drops it (nd).
// Empty: the port claims none.
[[nodiscard]] std::string nft_claim(NftBuilder& bridge, const NftPort& port, const NftLoad& target, const NftVerdict& admitted);

}  // namespace portcullis
