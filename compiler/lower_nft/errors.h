// SPDX-License-Identifier: Apache-2.0
// ICMP errors by what they quote (docs/semantics.md 7.9), as nftables chains: the quoted packet is read at fixed places behind the ICMP
// header, so its header has no options or one word of them, and in IPv6 nothing or a fragment header behind it (docs/nftables.md).
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {

// The message is an error.
[[nodiscard]] NftStatement nft_is_error(NftBuilder& bridge, Family family);

// Where an error goes: about a live flow that was begun outbound, inbound; about what would be untracked (inbound alone; may be empty).
struct NftErrorChains {
    std::string begun_outbound, begun_inbound, untracked;
};
// Check: goes to one of the chains, and returns for an error that is judged by the rules.
[[nodiscard]] std::string nft_related_errors(const NftLane& lane, const NftErrorChains& chains);

// Remembers both ends of the packet's flow, for the comparison of addresses that nf_tables cannot make: an element (a, a) for each, so that
// a pair that is there is one address. To come before the flow is opened.
[[nodiscard]] std::vector<NftRule> nft_remember_ends(const NftLane& lane);

// Terminal: errors that pass because what they quote would be untracked, at their rate; then to `end`.
[[nodiscard]] std::string nft_limit_errors(const NftLane& lane, const std::string& end);

}  // namespace portcullis
