// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.4.2 and 2.4.3: messages about who listens to which group.
#include "compiler/lower_nft/link.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kMldQuery = 130, kIgmpQuery = 0x11;

bool is_by_router_or_host(NftEntrance entrance) { return entrance == NftEntrance::Router || entrance == NftEntrance::Host; }

// Rules that admit what comes from an own address or from none, if the rest holds.
std::vector<NftRule> from_own_or_none(const NftLink& link, const NftConditions& rest) {
    std::vector<NftRule> rules;
    std::vector<NftStatement> sources = link.is_own(link.source());
    sources.push_back(nft_is_unspecified(link.source()));
    for (const NftStatement& source : sources) {
        rules.push_back(nft_when(nft_all({rest, {source}}), link.admit()));
    }
    return rules;
}

// {first byte of the header, IP length} with 8 bytes behind the header.
std::string room_set(NftBuilder& bridge) {
    NftSet set{.name = "igmp-room", .key = {NftType::Byte, NftType::Half}};
    set.is_interval = true;
    for (unsigned words = 5; words <= 15; ++words) {
        const NftBytes head = nft_u8(static_cast<std::uint8_t>(0x40 | words));
        set.elements.push_back({.from = nft_key({head, nft_u16(static_cast<std::uint16_t>(words * 4 + 8))}),
                                .to = nft_key({head, nft_u16(0xffff)}),
                                .verdict = {},
                                .data = {},
                                .comment = {}});
    }
    return bridge.set(std::move(set));
}

// The chain: those of another VPC, what is admitted, and the drop.
std::string listeners(const NftLink& link, const char* stem, std::vector<NftRule> admitted) {
    std::vector<NftRule> rules = link.vpc_rules();
    rules.insert(rules.end(), admitted.begin(), admitted.end());
    rules.push_back(nft_always(link.drop(PC_REASON_multicast_listener)));
    return link.bridge->chain(stem, std::move(rules));
}

}  // namespace

std::string nft_mld(const NftLink& link) {
    const NftStatement stays = nft_is(nft_payload(NftHeader::Network, 7, 1), nft_u8(1));
    std::vector<NftRule> admitted;
    for (const NftStatement& is_whole : link.is_whole()) {
        if (link.is_outbound()) {
            const NftStatement is_to_group = nft_is(nft_payload(NftHeader::Network, 24, 1), nft_u8(0xff));
            for (NftRule& rule : from_own_or_none(link, {is_whole, stays, nft_is_not(nft_icmp_type(), nft_u8(kMldQuery)), is_to_group})) {
                admitted.push_back(std::move(rule));
            }
        } else if (is_by_router_or_host(link.entrance)) {
            admitted.push_back(
                nft_when({is_whole, stays, nft_is(nft_icmp_type(), nft_u8(kMldQuery)), nft_is_link_local(link.source())}, link.admit()));
        }
    }
    return listeners(link, "mld", std::move(admitted));
}

std::string nft_igmp(const NftLink& link) {
    std::vector<NftRule> admitted;
    if (link.port->port->has_addresses) {
        const NftConditions sound = {
            link.is_whole().front(), nft_is(nft_payload(NftHeader::Network, 8, 1), nft_u8(1)),
            nft_in({nft_payload(NftHeader::Network, 0, 1), nft_payload(NftHeader::Network, 2, 2)}, room_set(*link.bridge))};
        if (link.is_outbound()) {
            const std::string reports = nft_byte_set(*link.bridge, "igmp-reports", {0x12, 0x16, 0x17, 0x22});
            const NftStatement is_to_group = nft_is(nft_masked(nft_payload(NftHeader::Network, 16, 1), nft_u8(0xf0)), nft_u8(0xe0));
            admitted = from_own_or_none(link, nft_all({sound, {nft_in({nft_icmp_type()}, reports), is_to_group}}));
        } else if (is_by_router_or_host(link.entrance)) {
            admitted.push_back(nft_when(nft_all({sound, {nft_is(nft_icmp_type(), nft_u8(kIgmpQuery))}}), link.admit()));
        }
    }
    return listeners(link, "igmp", std::move(admitted));
}

}  // namespace portcullis
