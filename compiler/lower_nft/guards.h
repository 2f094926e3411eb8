// SPDX-License-Identifier: Apache-2.0
// Stages 1 to 4 of docs/semantics.md as nftables chains: frame, link guards, sanity and binding. A *check* chain returns if its stage lets
// the packet on and ends it otherwise; a *terminal* one ends every packet, one way or the other. All give the chain's name.
#pragma once

#include <string>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

// 2.1.1-2.1.4 outbound; check, in the netdev table: at ingress, before the bridge, so that frames which bridge hooks never see (to
// 01-80-C2-00-00-0x) end as well. RARP (2.1.3) is judged there too, but for its rate, and goes on to the bridge.
[[nodiscard]] std::string nft_frame_out(NftBuilder& netdev, const NftPort& port);
// 2.1.1-2.1.6 inbound; check. 2.5 stands where messages are judged: it comes after stage 3.
[[nodiscard]] std::string nft_frame_in(NftBuilder& bridge, const NftPort& port, NftEntrance entrance);

// 2.2 and 13.2 for ARP; terminal. Outbound `entrance` says nothing.
[[nodiscard]] std::string nft_arp(NftBuilder& bridge, const NftPort& port, Direction direction, NftEntrance entrance);

// Stage 3; check. The same for all ports. Of later fragments and first ones as well.
[[nodiscard]] std::string nft_sanity(NftBuilder& bridge, Direction direction, Family family);

// 2.3, 2.4 and 13.2 for ND: ends the messages of link scope (ND, MLD, IGMP, DHCP, redirects) one way or the other, and returns for all
// other packets; 2.1.7 and 3.1.2 (frames to groups) as well. To come after nft_sanity.
[[nodiscard]] std::string nft_link_scope(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftEntrance entrance);

// Stage 4; check.
[[nodiscard]] std::string nft_binding(NftBuilder& bridge, const NftPort& port, Direction direction, Family family);

}  // namespace portcullis
