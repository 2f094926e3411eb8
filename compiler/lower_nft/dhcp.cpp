// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.4.4 and 2.4.5.
#include <algorithm>

#include "compiler/lower_nft/link.h"

namespace portcullis {
namespace {

constexpr std::uint16_t kUdp = 8;  // bytes of its header: a message's begin there
constexpr std::uint16_t kDhcpv4Bytes = 44, kDhcpv6Bytes = 4;

NftLoad message(std::uint16_t offset, std::uint8_t bytes) {
    return nft_payload(NftHeader::Transport, static_cast<std::uint16_t>(kUdp + offset), bytes);
}

// From client to server outbound, the other way inbound, whole, and long enough by the UDP length.
NftConditions goes_right_way(const NftLink& link) {
    const bool is_ipv4 = link.family == Family::Ipv4;
    const std::uint16_t client = is_ipv4 ? 68 : 546;
    const std::uint16_t server = is_ipv4 ? 67 : 547;
    const auto bytes = static_cast<std::uint16_t>(kUdp + (is_ipv4 ? kDhcpv4Bytes : kDhcpv6Bytes));
    return {nft_is(nft_local_port(link.direction), nft_u16(client)), nft_is(nft_remote_port(link.direction), nft_u16(server)),
            nft_in_range(nft_payload(NftHeader::Transport, 4, 2), nft_u16(bytes), nft_u16(0xffff))};
}

NftConditions is_sound(const NftLink& link) {
    NftConditions conditions = goes_right_way(link);
    if (link.family == Family::Ipv4) {
        conditions.push_back(nft_is(message(0, 3), {static_cast<std::uint8_t>(link.is_outbound() ? 1 : 2), 1, 6}));
        conditions.push_back(nft_is_own_mac(*link.bridge, *link.port, link.direction, message(28, 6)));
        if (link.is_outbound()) {
            conditions.push_back(nft_is(message(24, 4), NftBytes(4, 0)));
        }
        return conditions;
    }
    const std::string types = link.is_outbound() ? nft_byte_set(*link.bridge, "dhcpv6-clients", {1, 3, 4, 5, 6, 8, 9, 11})
                                                 : nft_byte_set(*link.bridge, "dhcpv6-servers", {2, 7, 10});
    conditions.push_back(nft_in({message(0, 1)}, types));
    return conditions;
}

NftBytes all_servers() { return nft_bytes(*Address::parse("ff02::1:2")); }
NftBytes broadcast() { return NftBytes(4, 0xff); }
NftBytes to_all(const NftLink& link) { return link.family == Family::Ipv4 ? broadcast() : all_servers(); }

// Where messages that are sound may go, and from which source.
std::vector<NftRule> admitted_out(const NftLink& link) {
    std::vector<Address> servers = link.port->host->facts->addresses;
    for (const DhcpServer& server : link.port->around.dhcp_servers) {
        servers.push_back(server.address);
    }
    const std::string known = nft_address_set(*link.bridge, link.family == Family::Ipv4 ? "dhcp-to4" : "dhcp-to6", link.family, servers);
    std::vector<NftRule> rules;
    if (link.family == Family::Ipv4) {
        rules.push_back(nft_when({nft_is_unspecified(link.source()), nft_is(link.destination(), broadcast())}, link.admit()));
    }
    for (const NftStatement& is_own : link.is_own(link.source())) {
        rules.push_back(nft_when({is_own, nft_is(link.destination(), to_all(link))}, link.admit()));
        rules.push_back(nft_when({is_own, nft_in({link.destination()}, known)}, link.admit()));
    }
    return rules;
}

// 5.4: the conditions under which a listing is believed at the entrance; none: it is not.
std::optional<NftConditions> believed(const NftLink& link, const DhcpServer& server) {
    if (server.device.empty()) {
        const bool is_of_services =
            link.entrance == NftEntrance::Host || link.entrance == NftEntrance::Router || link.entrance == NftEntrance::Uplink;
        return is_of_services ? std::optional(NftConditions{}) : std::nullopt;
    }
    if (link.entrance == NftEntrance::Host || server.device == "host") {
        return link.entrance == NftEntrance::Host && server.device == "host" ? std::optional(NftConditions{}) : std::nullopt;
    }
    const std::uint32_t ifindex = nft_ifindex_of(*link.port->host, server.device);
    return ifindex == 0 ? std::nullopt : std::optional(NftConditions{nft_is(nft_iif(), nft_ifindex(ifindex))});
}

// Alternatives: the source is a server's that is believed by every listing of it; where none is configured, what comes by the host.
std::vector<NftConditions> is_believed(const NftLink& link) {
    std::vector<DhcpServer> servers = link.port->around.dhcp_servers;
    std::erase_if(servers, [&](const DhcpServer& server) { return server.address.family != link.family; });
    if (servers.empty()) {
        return link.entrance == NftEntrance::Host ? std::vector<NftConditions>{{}} : std::vector<NftConditions>{};
    }
    std::sort(servers.begin(), servers.end());
    std::vector<NftConditions> alternatives;
    for (auto at = servers.begin(); at != servers.end();) {
        std::optional<NftConditions> all = NftConditions{nft_is(link.source(), nft_bytes(at->address))};
        const Address address = at->address;
        for (; at != servers.end() && at->address == address; ++at) {
            const std::optional<NftConditions> one = believed(link, *at);
            all = one && all ? std::optional(nft_all({*all, *one})) : std::nullopt;
        }
        if (all) {
            alternatives.push_back(std::move(*all));
        }
    }
    return alternatives;
}

std::vector<NftRule> admitted_in(const NftLink& link) {
    std::vector<NftStatement> destinations = link.is_own(link.destination());
    if (link.family == Family::Ipv4) {
        destinations.push_back(nft_is(link.destination(), broadcast()));
    }
    std::vector<NftRule> rules;
    for (const NftConditions& server : is_believed(link)) {
        for (const NftStatement& destination : destinations) {
            rules.push_back(nft_when(nft_all({server, {destination}}), link.admit()));
        }
    }
    return rules;
}

}  // namespace

std::string nft_dhcp(const NftLink& link) {
    const NftVerdict drop = link.drop(PC_REASON_dhcp);
    std::vector<NftRule> ends = link.is_outbound() ? admitted_out(link) : admitted_in(link);
    ends.push_back(nft_always(drop));
    const std::string sound = link.bridge->chain("dhcp-ends", std::move(ends));
    std::vector<NftRule> rules = link.vpc_rules();
    for (const NftStatement& is_whole : link.is_whole()) {
        rules.push_back(nft_when(nft_all({{is_whole}, is_sound(link)}), nft_goto(sound)));
    }
    rules.push_back(nft_always(drop));
    return link.bridge->chain("dhcp", std::move(rules));
}

}  // namespace portcullis
