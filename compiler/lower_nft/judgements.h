// SPDX-License-Identifier: Apache-2.0
// Stages 5, 6 and 8, and the rules of stage 7, of docs/semantics.md as nftables chains, which ask nothing of flows:
// compiler/lower_nft/lower_nft.cpp puts them in order and asks about flows between them. A *check* chain returns if the packet may go on
// and ends it otherwise. All give the chain's name; empty: there is nothing to check.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/lower_nft/nft_builder.h"
#include "compiler/lower_nft/nft_port.h"

namespace portcullis {

// Whether an address counts as an interface's (6.6). Outbound always; inbound as the entrance says.
enum class NftCounted : std::uint8_t { No, Yes };

// What is known of a packet's transport header: a later fragment without memory has none (9.4).
enum class NftPorts : std::uint8_t { Known, Unknown };

// Inbound: chains `yes` and `no`, of which one is gone to by whether the packet's source counts as an interface's (6.6). The chain that
// decides; terminal. For entrances that need no look at the packet it is one of the two itself.
[[nodiscard]] std::string nft_counted(NftBuilder& bridge, const NftPort& port, Family family, NftEntrance entrance, const std::string& yes,
                                      const std::string& no);

// Stage 7's rules (6); check, reason security_group.
[[nodiscard]] std::string nft_groups(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftCounted counted,
                                     NftPorts ports);
// Stage 8: whether the packet crosses the subnet's boundary, and then the ACL; check. `entrance` matters inbound.
[[nodiscard]] std::string nft_acl(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftEntrance entrance,
                                  NftCounted counted, NftPorts ports);
// 7.5: goes to `untracked` for a TCP or UDP packet whose flow needs none, and returns for others. Rules' counters of both directions are
// those of nft_groups for the packet's own direction.
[[nodiscard]] std::string nft_untracked(NftBuilder& bridge, const NftPort& port, Direction direction, Family family,
                                        const std::string& untracked);

// Stage 5: the set {address, protocol, port} of listed services of the family, and that of routers that answer echo {address} (5.1); empty
// where there are none.
[[nodiscard]] std::string nft_services(NftBuilder& bridge, const NftPort& port, Family family);
[[nodiscard]] std::string nft_echo_routers(NftBuilder& bridge, const NftPort& port, Family family);

// Stage 6. What the packet is, as far as 13.1-13.3 ask.
enum class NftFlowKind : std::uint8_t {
    New,             // without a live flow
    BegunOutbound,   // of a live flow begun outbound
    BegunInbound,    // of one begun inbound: spared by NewOnly ranges (13.1) and HostServices (13.3)
    Related,         // an ICMP error related to a live flow: spared by HostServices, by NewOnly ranges only if that was begun inbound
    RelatedInbound,  // ... to one that was begun inbound
    Service,         // of stage 5: 13.1 and 13.4 alone
};
[[nodiscard]] std::string nft_host_policies(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftFlowKind kind,
                                            NftEntrance entrance, NftPorts ports);

}  // namespace portcullis
