// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.3.2. Rules cannot walk; admitted are up to eight options of 8 bytes, or a single longer one.
#include "compiler/lower_nft/link.h"
#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kSourceMac = 1, kTargetMac = 2, kNonce = 14;
constexpr unsigned kUnit = 8, kUnitsMax = 8;
constexpr unsigned kIpv6Bytes = 40;

bool is_router(NftNdOptions kind) { return kind >= NftNdOptions::RouterSource; }
bool is_from_nobody(NftNdOptions kind) {
    return kind == NftNdOptions::OwnFromNobody || kind == NftNdOptions::AnyFromNobody || kind == NftNdOptions::RouterTargetFromNobody;
}
// Whether it is said which MAC options hold, and so that those with one are 8 bytes long.
bool is_known(NftNdOptions kind) { return kind != NftNdOptions::Any && kind != NftNdOptions::AnyFromNobody; }

std::vector<std::uint8_t> mac_types(NftNdOptions kind) {
    return is_from_nobody(kind) ? std::vector<std::uint8_t>{kTargetMac} : std::vector<std::uint8_t>{kSourceMac, kTargetMac};
}

NftLoad network(unsigned offset, std::uint8_t bytes) { return nft_payload(NftHeader::Network, static_cast<std::uint16_t>(offset), bytes); }
NftLoad spoken_of(NftNdOptions kind) { return kind == NftNdOptions::RouterSource ? nft_source(Family::Ipv6) : network(48, 16); }
NftBytes head(std::uint8_t type, unsigned units) { return {type, static_cast<std::uint8_t>(units)}; }

void add(NftSet& set, const NftBytes& from, const NftBytes& to) {
    set.elements.push_back({.from = from, .to = to, .verdict = {}, .data = {}, .comment = {}});
}

// One with an own MAC, or a nonce: {interface, head, MAC} of all ports.
NftStatement is_own_option(const NftLink& link, NftNdOptions kind, unsigned offset) {
    NftSet set{.name = is_from_nobody(kind) ? "port.nd-options-from-nobody" : "port.nd-options",
               .key = {NftType::Interface, NftType::Half, NftType::EtherAddress}};
    set.is_interval = true;
    const NftLane lane{.bridge = link.bridge, .port = link.port, .direction = link.direction, .family = link.family};
    const NftBytes ifindex = nft_ifindex(link.port->ifindex());
    const auto add_option = [&](const NftBytes& option, const NftBytes& from, const NftBytes& to) {
        link.bridge->add_element(
            set,
            {.from = nft_key({ifindex, option, from}), .to = nft_key({ifindex, option, to}), .verdict = {}, .data = {}, .comment = {}});
    };
    add_option(head(kNonce, 1), NftBytes(6, 0x00), NftBytes(6, 0xff));
    for (const std::uint8_t type : mac_types(kind)) {
        for (const Mac& mac : nft_own_macs(*link.port)) {
            add_option(head(type, 1), nft_bytes(mac), nft_bytes(mac));
        }
    }
    return nft_in({lane.device(), network(offset, 2), network(offset + 2, 6)}, set.name);
}

// An option of 8 bytes at that offset.
NftStatement is_option(const NftLink& link, NftNdOptions kind, unsigned offset) {
    if (kind == NftNdOptions::Own || kind == NftNdOptions::OwnFromNobody) {
        return is_own_option(link, kind, offset);
    }
    const NftBytes none(6, 0x00), last(6, 0xff);
    NftSet set{.name = "nd-options", .key = {NftType::Half, NftType::EtherAddress}};
    set.is_interval = true;
    std::vector<NftLoad> key = {network(offset, 2), network(offset + 2, 6)};
    if (is_router(kind)) {
        set.name = "nd-router-options";
        set.key.insert(set.key.begin(), NftType::Ipv6Address);
        key.insert(key.begin(), spoken_of(kind));
        NftBytes before;
        for (const auto& [router, mac] : link.port->around.router_addresses) {
            if (router.family != Family::Ipv6) {
                continue;
            }
            const NftBytes bytes = nft_bytes(router);
            for (const std::uint8_t type : mac_types(kind)) {
                const NftBytes one = nft_key({bytes, head(type, 1), nft_bytes(mac)});
                add(set, one, one);
            }
            if (bytes != before) {  // sorted: each address once
                add(set, nft_key({bytes, head(kNonce, 1), none}), nft_key({bytes, head(kNonce, 1), last}));
            }
            before = bytes;
        }
    } else {
        add(set, nft_key({head(kNonce, 1), none}), nft_key({head(kNonce, 1), last}));
        for (const std::uint8_t type : mac_types(kind)) {
            add(set, nft_key({head(type, 1), none}), nft_key({head(type, 1), last}));
        }
    }
    return nft_in(std::move(key), link.bridge->set(std::move(set)));
}

}  // namespace

std::string nft_nd_options(const NftLink& link, NftNdOptions kind, std::uint16_t fixed) {
    const NftLoad length = network(4, 2);
    std::vector<NftRule> rules;
    for (unsigned units = 0; units <= kUnitsMax; ++units) {
        const NftStatement is_long = nft_is(length, nft_u16(static_cast<std::uint16_t>(fixed + units * kUnit)));
        NftConditions conditions = {is_long};
        for (unsigned i = 0; i < units; ++i) {
            conditions.push_back(is_option(link, kind, kIpv6Bytes + fixed + i * kUnit));
        }
        rules.push_back(nft_when(std::move(conditions), nft_return()));
        if (units < 2) {
            continue;
        }
        std::vector<std::uint8_t> types = is_known(kind) ? std::vector<std::uint8_t>{} : mac_types(kind);
        types.push_back(kNonce);
        for (const std::uint8_t type : types) {
            rules.push_back(nft_when({is_long, nft_is(network(kIpv6Bytes + fixed, 2), head(type, units))}, nft_return()));
        }
    }
    rules.push_back(nft_always(link.drop(PC_REASON_nd)));
    return link.bridge->chain("nd-options", std::move(rules));
}

}  // namespace portcullis
