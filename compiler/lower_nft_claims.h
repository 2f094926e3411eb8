// SPDX-License-Identifier: Apache-2.0
// Link-local addresses that ports claim by duplicate address detection (docs/semantics.md 4.5).
#pragma once

#include <string>

#include "compiler/nft_builder.h"
#include "compiler/nft_port.h"

namespace portcullis {

// The set of the addresses that the port has claimed, of at most four: "claims-IFINDEX"; it goes with the port. Empty: it claims none.
[[nodiscard]] std::string nft_claims(NftBuilder& bridge, const NftPort& port);

// The map of the addresses that ports of the bridge have claimed, to the numbers of their devices: "claimants-BRIDGE". What stands there
// for a device that is a port no more has to be taken out.
[[nodiscard]] std::string nft_claimants(NftBuilder& bridge, const NftPort& port);

// A terminal chain for an outbound message that probes for an address which is not own: claims it and ends as `admitted`, or drops it (nd).
// Empty: the port claims none.
[[nodiscard]] std::string nft_claim(NftBuilder& bridge, const NftPort& port, const NftLoad& target, const NftVerdict& admitted);

}  // namespace portcullis
