// SPDX-License-Identifier: Apache-2.0
// Section 7's state as nftables chains: what is done in a port's dynamic sets once a packet has passed every stage, and the end of those
// that pass. What stages ask about flows in between is compiler/lower_nft/outbound.cpp and lower_nft/inbound.cpp.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {

// Terminal: the packet passes; a first fragment is remembered (9.2).
[[nodiscard]] std::string nft_admit(const NftLane& lane);

// Terminal: the packet of a live flow passes, and the flow goes on as 7.6 says.
[[nodiscard]] std::string nft_advance(const NftLane& lane, NftForm form);

// The last rules of a check: an admitted bare SYN of a live flow is what a SYN+ACK will renew the flow by (7.6). In SYN sent it is a
// retransmission. They return, or drop where there is no room.
struct NftRenewal {
    bool is_service = false;
    bool counts = false;
};
[[nodiscard]] std::vector<NftRule> nft_note_syn(const NftLane& lane, const NftRenewal& renewal);

// A service flow counts as one of the port's 1,024 (5.3) as long as packets of it come, three minutes at least. To come before nft_advance.
[[nodiscard]] std::vector<NftRule> nft_count_service_flow(const NftLane& lane, NftForm form);

// Terminal: the packet of no flow passes and opens what 7.4 says.
struct NftOpening {
    bool is_service = false;
    bool counts = false;
};
[[nodiscard]] std::string nft_open(const NftLane& lane, NftForm form, const NftOpening& opening);

}  // namespace portcullis
