// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.3. Behind the IPv6 header itself, so offsets are those of the IPv6 packet.
#include "compiler/lower_nft/claims.h"
#include "compiler/lower_nft/link.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kSolicitRouter = 133, kAdvertiseRouter = 134, kSolicit = 135, kAdvertise = 136, kRedirect = 137;
constexpr std::uint16_t kWithoutTarget = 8, kWithTarget = 24;  // bytes of ICMPv6 in front of options
constexpr std::uint16_t kAdvertisementBytes = 16;

NftLoad network(std::uint16_t offset, std::uint8_t bytes) { return nft_payload(NftHeader::Network, offset, bytes); }
NftLoad target() { return network(48, 16); }

// 2.3.1, but for lengths
NftConditions is_of_link() { return {nft_is(network(7, 1), nft_u8(255)), nft_is(network(41, 1), nft_u8(0))}; }

class NeighbourDiscovery {
   public:
    explicit NeighbourDiscovery(const NftLink& link) : link_(link), bridge_(*link.bridge) {}

    std::string chain() {
        NftSet map{.name = "nd-types", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Byte}};
        add(map, kRedirect, link_.drop(PC_REASON_redirect));
        add(map, kAdvertiseRouter, nft_goto(router_advertisement()));
        add(map, kSolicitRouter, link_.is_outbound() ? of_link(router_solicitation()) : drop());
        add(map, kSolicit,
            of_link(link_.is_outbound() ? solicitation_out() : received(target_is_own(), link_.source(), NftNdOptions::RouterSource)));
        add(map, kAdvertise,
            of_link(link_.is_outbound() ? advertisement_out() : received(target_is_other(), target(), NftNdOptions::RouterTarget)));
        std::vector<NftRule> rules = link_.vpc_rules();
        // In no fragment and behind no other header.
        rules.push_back(nft_rule({nft_is(network(6, 1), nft_u8(58)), nft_verdict_of({network(40, 1)}, bridge_.set(std::move(map)))}));
        rules.push_back(nft_always(drop()));
        return bridge_.chain("nd", std::move(rules));
    }

   private:
    static void add(NftSet& map, std::uint8_t type, NftVerdict verdict) {
        map.elements.push_back({.from = nft_key({nft_u8(type)}), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
    }
    NftVerdict drop() const { return link_.drop(PC_REASON_nd); }
    NftVerdict of_link(const std::string& next) {
        return nft_goto(bridge_.chain("nd-link", {nft_when(is_of_link(), nft_goto(next)), nft_always(drop())}));
    }
    // Checks options and goes on in the same chain.
    NftRule options(NftNdOptions kind, std::uint16_t fixed) { return nft_rule({nft_jump(nft_nd_options(link_, kind, fixed))}); }
    std::string finish(const char* stem, std::vector<NftRule> rules) {
        rules.push_back(nft_always(drop()));
        return bridge_.chain(stem, std::move(rules));
    }

    // 2.3.5
    std::string router_advertisement() {
        std::vector<NftRule> rules;
        const NftEntrance believed = link_.port->around.router_macs.empty() ? NftEntrance::Host : NftEntrance::Router;
        if (!link_.is_outbound() && link_.entrance == believed) {
            const NftStatement is_long = nft_in_range(network(4, 2), nft_u16(kAdvertisementBytes), nft_u16(0xffff));
            rules.push_back(nft_when(nft_all({is_of_link(), {is_long, nft_is_link_local(link_.source())}}), link_.admit()));
        }
        rules.push_back(nft_always(link_.drop(PC_REASON_router_advertisement)));
        return bridge_.chain("router-advertisement", std::move(rules));
    }

    // 2.3.3
    std::string router_solicitation() {
        std::vector<NftRule> from_own = {options(NftNdOptions::Own, kWithoutTarget)};
        for (const NftStatement& is_own : link_.is_own(link_.source())) {
            from_own.push_back(nft_when({is_own}, link_.admit()));
        }
        const std::string own = finish("rs-own", std::move(from_own));
        const std::string nobody =
            bridge_.chain("rs-nobody", {options(NftNdOptions::OwnFromNobody, kWithoutTarget), nft_always(link_.admit())});
        return by_source("rs", nobody, own);
    }

    std::string by_source(const char* stem, const std::string& nobody, const std::string& other) {
        return bridge_.chain(stem, {nft_when({nft_is_unspecified(link_.source())}, nft_goto(nobody)), nft_always(nft_goto(other))});
    }

    std::string solicitation_out() {
        const NftLoad asked = target();
        std::vector<NftRule> nobody = {options(NftNdOptions::OwnFromNobody, kWithTarget)};
        for (const NftStatement& is_own : link_.is_own(asked)) {
            nobody.push_back(nft_when({is_own}, link_.admit(&asked)));
        }
        if (const std::string claim = nft_claim(bridge_, *link_.port, asked, link_.admit(&asked)); !claim.empty()) {
            nobody.push_back(nft_always(nft_goto(claim)));
        }
        std::vector<NftRule> own = {options(NftNdOptions::Own, kWithTarget)};
        for (const NftStatement& is_own : link_.is_own(link_.source())) {
            own.push_back(
                nft_when({is_own, nft_is_not(network(48, 1), nft_u8(0xff)), nft_is_not(asked, NftBytes(16, 0))}, link_.admit(&asked)));
        }
        return by_source("ns-out", finish("ns-nobody", std::move(nobody)), finish("ns-own", std::move(own)));
    }

    std::string advertisement_out() {
        std::vector<NftRule> rules = {options(NftNdOptions::Own, kWithTarget)};
        for (const NftStatement& has_source : link_.is_own(link_.source())) {
            for (const NftStatement& has_target : link_.is_own(target())) {
                rules.push_back(nft_when({has_source, has_target}, link_.admit()));
            }
        }
        return finish("na-out", std::move(rules));
    }

    std::vector<NftConditions> target_is_own() {
        std::vector<NftConditions> alternatives;
        for (const NftStatement& is_own : link_.is_own(target())) {
            alternatives.push_back({is_own});
        }
        return alternatives;
    }
    std::vector<NftConditions> target_is_other() { return {nft_not_own(bridge_, *link_.port, link_.direction, Family::Ipv6, target())}; }

    // 2.3.4: a message whose target fits one of the alternatives, and which speaks of an address that may be a router's.
    std::string received(const std::vector<NftConditions>& targets, const NftLoad& spoken_of, NftNdOptions if_router) {
        NftSet pairs{.name = "routers6", .key = {NftType::Ipv6Address, NftType::EtherAddress}};
        std::vector<Address> addresses;
        for (const auto& [address, mac] : link_.port->around.router_addresses) {
            if (address.family == Family::Ipv6) {
                addresses.push_back(address);
                pairs.elements.push_back(
                    {.from = nft_key({nft_bytes(address), nft_bytes(mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
            }
        }
        const std::string nobody =
            bridge_.chain("nd-in-nobody", {options(NftNdOptions::AnyFromNobody, kWithTarget), nft_always(link_.admit())});
        const std::string other = bridge_.chain("nd-in-other", {options(NftNdOptions::Any, kWithTarget), nft_always(link_.admit())});
        std::vector<NftRule> kinds;
        if (!addresses.empty()) {
            const NftNdOptions from_nobody =
                if_router == NftNdOptions::RouterTarget ? NftNdOptions::RouterTargetFromNobody : NftNdOptions::AnyFromNobody;
            const std::string router =
                by_source("nd-in-router", bridge_.chain("nd-router-nobody", {options(from_nobody, kWithTarget), nft_always(link_.admit())}),
                          bridge_.chain("nd-router", {options(if_router, kWithTarget), nft_always(link_.admit())}));
            kinds.push_back(nft_when({nft_in({spoken_of, nft_ether_source()}, bridge_.set(std::move(pairs)))}, nft_goto(router)));
            kinds.push_back(
                nft_when({nft_in({spoken_of}, nft_address_set(bridge_, "router-addresses6", Family::Ipv6, addresses))}, drop()));
        }
        kinds.push_back(nft_when({nft_is_unspecified(link_.source())}, nft_goto(nobody)));
        kinds.push_back(nft_always(nft_goto(other)));
        const std::string next = bridge_.chain("nd-in-kind", std::move(kinds));
        std::vector<NftRule> rules;
        for (const NftConditions& fits : targets) {
            rules.push_back(nft_when(nft_all({fits, nft_not_own(bridge_, *link_.port, link_.direction, Family::Ipv6, link_.source())}),
                                     nft_goto(next)));
        }
        return finish("nd-in", std::move(rules));
    }

    NftLink link_;
    NftBuilder& bridge_;
};

}  // namespace

std::string nft_neighbour_discovery(const NftLink& link) { return NeighbourDiscovery(link).chain(); }

}  // namespace portcullis
