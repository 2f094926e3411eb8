// SPDX-License-Identifier: Apache-2.0
// Addresses around a port that no instance may take (docs/semantics.md 4.3, 4.5).
#pragma once

#include <vector>

#include "compiler/lower_nft/nft_port.h"
#include "core/address.h"

namespace portcullis {

// Of configured services, routers, DHCP servers and routers that answer echo requests, and of the host; sorted, without duplicates.
[[nodiscard]] std::vector<Address> nft_reserved(const NftPort& port);

}  // namespace portcullis
