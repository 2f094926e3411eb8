// SPDX-License-Identifier: Apache-2.0
// What the messages of link scope (docs/semantics.md 2.3, 2.4) have in common. Called by lower_nft/link_scope.cpp and those that it calls:
// each gives the name of a terminal chain for messages of its kind.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {

struct NftLink {
    NftBuilder* bridge = nullptr;
    const NftPort* port = nullptr;
    Direction direction = Direction::Outbound;
    Family family = Family::Ipv4;
    NftEntrance entrance = NftEntrance::Host;

    [[nodiscard]] bool is_outbound() const { return direction == Direction::Outbound; }
    [[nodiscard]] NftVerdict drop(Reason reason) const { return bridge->drop(direction, reason); }
    // Passes, but for 13.2: `target`, if given, is whom the message asks for.
    [[nodiscard]] NftVerdict admit(const NftLoad* target = nullptr) const;
    // 2.5, to stand in front of what a message is judged by.
    [[nodiscard]] std::vector<NftRule> vpc_rules() const;
    // Alternatives: the packet is no fragment, an atomic one is none (3.2).
    [[nodiscard]] std::vector<NftStatement> is_whole() const;
    [[nodiscard]] std::vector<NftStatement> is_own(const NftLoad& address) const {
        return nft_own_alternatives(*bridge, *port, direction, family, address);
    }
    [[nodiscard]] NftLoad source() const { return nft_source(family); }
    [[nodiscard]] NftLoad destination() const { return nft_destination(family); }
};

[[nodiscard]] NftStatement nft_is_unspecified(const NftLoad& address);
[[nodiscard]] NftStatement nft_is_link_local(const NftLoad& address);  // fe80::/10

[[nodiscard]] std::string nft_neighbour_discovery(const NftLink& link);  // 2.3
[[nodiscard]] std::string nft_mld(const NftLink& link);                  // 2.4.2
[[nodiscard]] std::string nft_igmp(const NftLink& link);                 // 2.4.3
[[nodiscard]] std::string nft_dhcp(const NftLink& link);                 // 2.4.4 and 2.4.5

// The rest of 2.3.2 and 2.3.4: checks of options behind `fixed` bytes of ICMPv6; reason nd.
enum class NftNdOptions : std::uint8_t { Own, OwnFromNobody, Any, AnyFromNobody, RouterSource, RouterTarget, RouterTargetFromNobody };
[[nodiscard]] std::string nft_nd_options(const NftLink& link, NftNdOptions kind, std::uint16_t fixed);

}  // namespace portcullis
