// SPDX-License-Identifier: Apache-2.0
// 7.5 asked of a packet that an ICMP error quotes; of packets themselves it is nft_untracked() of lower_nft/judgements.h.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

// Where the fields of a header are.
struct NftHeaderLoads {
    NftLoad source, destination, protocol, source_port, destination_port;
};

// Rules that go to `untracked` if the packet that these fields are of, and that went in `direction`, needs no flow, and return where it
// cannot; none: it never does. No rule counts a decision.
[[nodiscard]] std::vector<NftRule> nft_untracked_quote(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                                       const NftHeaderLoads& loads, const std::string& untracked);

}  // namespace portcullis
