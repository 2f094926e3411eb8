// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md stage 2 for IP: which packets are messages of link scope, and 2.1.7, 2.4.1 and 2.5 for the others.
#include "compiler/lower_nft/fragments.h"
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/link.h"
#include "compiler/lower_nft/places.h"

namespace portcullis {

NftVerdict NftLink::admit(const NftLoad* target) const {
    const std::string instances = nft_instances(*bridge, *port, family);
    if (instances.empty()) {
        return bridge->pass(direction);
    }
    const NftVerdict isolated = drop(PC_REASON_isolated);
    if (!is_outbound() && entrance == NftEntrance::Port) {
        return isolated;
    }
    std::vector<NftRule> rules;
    if (target != nullptr) {
        rules.push_back(
            nft_when(nft_all({{nft_in({*target}, instances)}, nft_not_own(*bridge, *port, direction, family, *target)}), isolated));
    }
    rules.push_back(nft_when({nft_in({nft_remote(family, direction)}, instances)}, isolated));
    rules.push_back(nft_always(bridge->pass(direction)));
    return nft_goto(bridge->chain("link-admit", std::move(rules)));
}

std::vector<NftRule> NftLink::vpc_rules() const { return is_outbound() ? std::vector<NftRule>{} : nft_vpc_rules(*bridge, *port, entrance); }

std::vector<NftStatement> NftLink::is_whole() const {
    if (family == Family::Ipv4) {
        return {nft_is(nft_masked(nft_payload(NftHeader::Network, 6, 2), nft_u16(0x3fff)), nft_u16(0))};
    }
    // A fragment header stands directly behind the first one (lower_nft/sanity.cpp).
    return {nft_is_not(nft_payload(NftHeader::Network, 6, 1), nft_u8(44)),
            nft_is(nft_masked(nft_payload(NftHeader::Network, 42, 2), nft_u16(0xfff9)), nft_u16(0))};
}

NftStatement nft_is_unspecified(const NftLoad& address) { return nft_is(address, NftBytes(address.length, 0)); }

NftStatement nft_is_link_local(const NftLoad& address) {
    return nft_is(nft_masked(nft_payload(address.header, address.offset, 2), nft_u16(0xffc0)), nft_u16(0xfe80));
}

namespace {

// 2.1.7 and 2.5 of what is no message of link scope.
std::vector<NftRule> frame_rules(const NftLink& link) {
    std::vector<NftRule> rules;
    std::vector<NftRule> fits = link.vpc_rules();
    const NftVerdict next = fits.empty() ? nft_return() : [&] {
        fits.push_back(nft_always(nft_return()));
        return nft_goto(link.bridge->chain("vpc", fits));
    }();
    rules.push_back(nft_when({nft_is_to_one()}, next));
    if (!link.port->around.multicast.empty()) {
        const std::string listed = nft_address_set(*link.bridge, link.family == Family::Ipv4 ? "multicast4" : "multicast6", link.family,
                                                   link.port->around.multicast);
        rules.push_back(nft_when({nft_in({link.destination()}, listed)}, next));
    }
    rules.push_back(nft_always(link.drop(PC_REASON_multicast)));
    return rules;
}

// 2.4.1: no message that is exempt from 2.1.7.
std::string redirect(const NftLink& link, const std::string& tail) {
    return link.bridge->chain("redirect", {nft_rule({nft_jump(tail)}), nft_always(link.drop(PC_REASON_redirect))});
}

void add(NftSet& map, std::uint8_t number, NftVerdict verdict) {
    map.elements.push_back({.from = nft_key({nft_u8(number)}), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
}

// A chain that goes by a map of one byte to those of messages, and by `tail` where that names none.
std::string dispatch(const NftLink& link, const char* stem, const NftLoad& load, NftSet map, const std::string& tail) {
    return link.bridge->chain(stem, {nft_rule({nft_verdict_of({load}, link.bridge->set(std::move(map)))}), nft_always(nft_goto(tail))});
}

std::string icmp(const NftLink& link, const std::string& tail) {
    constexpr std::uint8_t kRedirect = 5, kRenumbering = 138;
    NftSet map{.name = "icmp-types", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Byte}};
    if (link.family == Family::Ipv4) {
        add(map, kRedirect, nft_goto(redirect(link, tail)));
        return dispatch(link, "icmp", nft_icmp_type(), std::move(map), tail);
    }
    const std::string nd = nft_neighbour_discovery(link);
    for (std::uint8_t type = 133; type <= 137; ++type) {
        add(map, type, nft_goto(nd));
    }
    const std::string mld = nft_mld(link);
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{130, 131, 132, 143}) {
        add(map, type, nft_goto(mld));
    }
    if (link.is_outbound()) {
        add(map, kRenumbering, nft_goto(redirect(link, tail)));
    }
    return dispatch(link, "icmpv6", nft_icmp_type(), std::move(map), tail);
}

// 2.4.4 and 2.4.5: which packets are DHCP's, whichever family's ports.
std::string udp(const NftLink& link, const std::string& tail) {
    const std::string dhcp = nft_dhcp(link);
    NftSet ports{.name = "dhcp-ports", .key = {NftType::Port, NftType::Port}};
    for (const auto& [source, destination] : {std::pair<std::uint16_t, std::uint16_t>{67, 68}, {68, 67}, {546, 547}, {547, 546}}) {
        ports.elements.push_back(
            {.from = nft_key({nft_u16(source), nft_u16(destination)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    // The kernel reads two bytes at a time in later fragments, too.
    std::vector<NftRule> rules = {
        nft_when(nft_if_later_fragment(link.family), nft_goto(tail)),
        nft_when({nft_in({nft_source_port(), nft_destination_port()}, link.bridge->set(std::move(ports)))}, nft_goto(dhcp))};
    if (link.is_outbound()) {
        for (const std::uint16_t server : std::initializer_list<std::uint16_t>{67, 547}) {
            rules.push_back(nft_when({nft_is(nft_source_port(), nft_u16(server))}, nft_goto(dhcp)));
        }
    }
    rules.push_back(nft_always(nft_goto(tail)));
    return link.bridge->chain("link-udp", std::move(rules));
}

}  // namespace

std::string nft_link_scope(NftBuilder& bridge, const NftPort& port, Direction direction, Family family, NftEntrance entrance) {
    const NftLink link{.bridge = &bridge, .port = &port, .direction = direction, .family = family, .entrance = entrance};
    const std::string tail = bridge.chain("link-none", frame_rules(link));
    constexpr std::uint8_t kIcmp = 1, kIgmp = 2, kUdp = 17, kIcmpv6 = 58;
    NftSet map{.name = "link-protocols", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}};
    add(map, kUdp, nft_goto(udp(link, tail)));
    add(map, family == Family::Ipv4 ? kIcmp : kIcmpv6, nft_goto(icmp(link, tail)));
    if (family == Family::Ipv4) {
        add(map, kIgmp, nft_goto(nft_igmp(link)));
    }
    return dispatch(link, "link-scope", nft_l4_protocol(), std::move(map), tail);
}

}  // namespace portcullis
