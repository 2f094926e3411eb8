// SPDX-License-Identifier: Apache-2.0
// 7.5 asked of a packet that an ICMP error quotes; of packets themselves it is nft_untracked() of lower_nft_judgements.h.
#pragma once

#include <string>

#include "compiler/nft_builder.h"
#include "compiler/nft_port.h"

namespace portcullis {

// Where the fields of a header are.
struct NftHeaderLoads {
    NftLoad source, destination, protocol, source_port, destination_port;
};

// Check: goes to `untracked` if the packet that these fields are of, and that went in `direction`, needs no flow; returns otherwise. Empty:
// it never does. No rule counts a decision.
[[nodiscard]] std::string nft_untracked_quote(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                              const NftHeaderLoads& loads, const std::string& untracked);

}  // namespace portcullis
