// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md section 3. What 3.1.1 says of versions and lengths the kernel has checked where it knows the packet's protocol: then
// "meta l4proto" is there. Rules are written so that one which cannot be read drops.
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/options.h"
#include "compiler/lower_nft/own.h"
#include "compiler/lower_nft/transport.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kIcmp = 1, kIcmpv6 = 58;
constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kDestination = 60;
constexpr std::uint16_t kIpv4Bytes = 20, kIpv6Bytes = 40;

NftLoad network(std::uint16_t offset, std::uint8_t bytes) { return nft_payload(NftHeader::Network, offset, bytes); }

// `next` where the kernel found the IP headers whole, of whatever protocol; else `otherwise`.
std::string if_whole(const NftSanity& sanity, const std::string& next, std::vector<NftRule> otherwise) {
    const NftBytes some = nft_u8(kIcmpv6);
    std::vector<NftRule> rules = {nft_when({nft_is_not(nft_l4_protocol(), some)}, nft_goto(next)),
                                  nft_when({nft_is(nft_l4_protocol(), some)}, nft_goto(next))};
    rules.insert(rules.end(), otherwise.begin(), otherwise.end());
    rules.push_back(nft_always(sanity.drop(PC_REASON_ip_malformed)));
    return sanity.bridge->chain(sanity.family == Family::Ipv4 ? "sanity4" : "sanity6", std::move(rules));
}

// 3.1.4 and 3.3.
std::string fragments4(const NftSanity& sanity, const std::string& whole, const std::string& first) {
    const NftLoad offset = nft_masked(network(6, 2), nft_u16(0x1fff));
    return sanity.bridge->chain(
        "fragments4",
        {nft_when({nft_is(nft_masked(network(6, 2), nft_u16(0x3fff)), nft_u16(0))}, nft_goto(whole)),
         nft_when({nft_is(offset, nft_u16(1))}, sanity.drop(PC_REASON_fragment)), nft_when({nft_is(offset, nft_u16(0))}, nft_goto(first)),
         nft_when({nft_is_not(nft_l4_protocol(), nft_u8(kIcmpv6))}, nft_return()), nft_always(sanity.drop(PC_REASON_protocol))});
}

std::string sanity4(const NftSanity& sanity) {
    NftBuilder& bridge = *sanity.bridge;
    // 3.1.3
    std::vector<NftRule> options = {
        nft_when({nft_is(network(0, 1), nft_u8(0x45))}, nft_goto(fragments4(sanity, nft_transport(sanity, NftPart::Whole, kIpv4Bytes),
                                                                            nft_transport(sanity, NftPart::First, kIpv4Bytes))))};
    for (NftRule& rule : nft_options(sanity)) {
        options.push_back(std::move(rule));
    }
    options.push_back(nft_always(nft_goto(
        fragments4(sanity, nft_transport_behind_options(sanity, NftPart::Whole), nft_transport_behind_options(sanity, NftPart::First)))));
    const NftVerdict next = nft_goto(bridge.chain("options4", std::move(options)));
    // 3.1.2
    const std::string groups =
        nft_prefix_set(bridge, "groups4", Family::Ipv4,
                       {Prefix{.address = Address::ipv4(224, 0, 0, 0), .length = 4}, Prefix::host(Address::ipv4(255, 255, 255, 255))});
    const NftLoad destination = nft_destination(Family::Ipv4);
    const std::string fit = bridge.chain(
        "fit4", {nft_when({nft_is_to_one(), nft_not_in({destination}, groups)}, next),
                 nft_when({nft_is_to_group(), nft_in({destination}, groups)}, next), nft_always(sanity.drop(PC_REASON_multicast))});
    return if_whole(sanity, fit, {});
}

// IPv6: headers behind the first one, by what its next header says.
class Headers6 {
   public:
    explicit Headers6(const NftSanity& sanity) : sanity_(sanity), bridge_(*sanity.bridge) {}

    std::string chain() {
        NftSet map{.name = "headers6", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}};
        add(map, kHopByHop, nft_goto(hop_by_hop()));
        add(map, kRouting, sanity_.drop(PC_REASON_source_route));
        add(map, kFragment, nft_goto(fragment()));
        add(map, kDestination, nft_goto(destination()));
        return bridge_.chain("headers6", {nft_rule({nft_verdict_of({network(6, 1)}, bridge_.set(std::move(map)))}),
                                          nft_always(nft_goto(nft_transport(sanity_, NftPart::Whole, 0)))});
    }

   private:
    static void add(NftSet& map, std::uint8_t header, NftVerdict verdict) {
        map.elements.push_back({.from = nft_key({nft_u8(header)}), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
    }

    NftVerdict drop() const { return sanity_.drop(PC_REASON_extension_header); }

    // The header of 8 bytes lies inside the payload.
    static NftStatement is_inside() { return nft_in_range(network(4, 2), nft_u16(8), nft_u16(0xffff)); }

    // Transport behind a header of 8 bytes, which names no further one.
    std::string behind_header(NftPart part) {
        NftSet map{.name = "second-headers6", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}};
        add(map, kRouting, sanity_.drop(PC_REASON_source_route));
        for (const std::uint8_t other : {kHopByHop, kFragment, kDestination}) {
            add(map, other, drop());
        }
        return bridge_.chain("behind-header6", {nft_rule({nft_verdict_of({network(kIpv6Bytes, 1)}, bridge_.set(std::move(map)))}),
                                                nft_always(nft_goto(nft_transport(sanity_, part, 8)))});
    }

    // Options are not looked at.
    std::string destination() {
        return bridge_.chain("destination6", {nft_when({is_inside(), nft_is(network(kIpv6Bytes + 1, 1), nft_u8(0))},
                                                       nft_goto(behind_header(NftPart::Whole))),
                                              nft_always(drop())});
    }

    // One option that fills the six bytes, one of two bytes of data (router alert) with padding before or behind it, or padding alone.
    std::string hop_by_hop() {
        const NftLoad first = network(kIpv6Bytes + 2, 1);
        const NftLoad first_length = network(kIpv6Bytes + 3, 1);
        const std::string special = nft_byte_set(bridge_, "hop-by-hop-special", {0x00, 0xc2});
        const NftStatement is_short = nft_is(network(kIpv6Bytes + 1, 1), nft_u8(0));
        const NftVerdict next = nft_goto(behind_header(NftPart::Whole));
        const NftStatement is_plain = nft_not_in({first}, special);
        std::vector<NftRule> rules;
        rules.push_back(nft_when({is_inside(), is_short, is_plain, nft_is(first_length, nft_u8(4))}, next));
        for (const NftBytes& padding : {NftBytes{1, 0}, NftBytes{0, 0}}) {
            rules.push_back(nft_when(
                {is_inside(), is_short, is_plain, nft_is(first_length, nft_u8(2)), nft_is(network(kIpv6Bytes + 6, 2), padding)}, next));
            rules.push_back(nft_when({is_inside(), is_short, nft_is(network(kIpv6Bytes + 2, 2), padding),
                                      nft_not_in({network(kIpv6Bytes + 4, 1)}, special), nft_is(network(kIpv6Bytes + 5, 1), nft_u8(2))},
                                     next));
        }
        rules.push_back(nft_when({is_inside(), is_short, nft_is(network(kIpv6Bytes + 2, 6), NftBytes(6, 0))}, next));
        rules.push_back(nft_always(drop()));
        return bridge_.chain("hop-by-hop6", std::move(rules));
    }

    std::string fragment() {
        const NftLoad field = network(kIpv6Bytes + 2, 2);
        const auto is_zero = [&](std::uint16_t mask) { return nft_is(nft_masked(field, nft_u16(mask)), nft_u16(0)); };
        const std::string later = bridge_.chain("later6", {nft_when({nft_is_not(nft_l4_protocol(), nft_u8(kIcmp))}, nft_return()),
                                                           nft_always(sanity_.drop(PC_REASON_protocol))});
        return bridge_.chain("fragment6", {nft_when({is_inside(), is_zero(0xfff9)}, nft_goto(behind_header(NftPart::Whole))),
                                           nft_when({is_inside(), is_zero(0xfff8)}, nft_goto(behind_header(NftPart::First))),
                                           nft_when({is_inside()}, nft_goto(later)), nft_always(drop())});
    }

    NftSanity sanity_;
    NftBuilder& bridge_;
};

std::string sanity6(const NftSanity& sanity) {
    NftBuilder& bridge = *sanity.bridge;
    const NftVerdict next = nft_goto(Headers6(sanity).chain());
    const NftLoad destination = network(24, 1);
    const NftStatement is_group = nft_is(destination, nft_u8(0xff));
    const NftVerdict misfits = sanity.drop(PC_REASON_multicast);
    // 3.1.2
    std::vector<NftRule> fit = {nft_when({nft_is_to_one(), nft_is_not(destination, nft_u8(0xff))}, next),
                                nft_when({nft_is_to_group(), is_group}, next)};
    if (sanity.direction == Direction::Inbound) {
        NftSanity exempt = sanity;
        exempt.only_reason = PC_REASON_multicast;
        constexpr std::uint8_t kListenerQuery = 130, kRouterAdvertisement = 134;
        const std::string types = nft_byte_set(bridge, "misfits", {kListenerQuery, kRouterAdvertisement});
        fit.push_back(nft_when({nft_is_to_one(), is_group, nft_is(nft_l4_protocol(), nft_u8(kIcmpv6)), nft_in({nft_icmp_type()}, types)},
                               nft_goto(Headers6(exempt).chain())));
    }
    fit.push_back(nft_always(misfits));
    // Headers that the kernel could not walk, of a packet that is IPv6.
    const NftStatement is_ipv6 = nft_is(nft_masked(network(0, 1), nft_u8(0xf0)), nft_u8(0x60));
    const std::string walked = nft_byte_set(bridge, "walked6", {kHopByHop, kFragment, kDestination});
    return if_whole(sanity, bridge.chain("fit6", std::move(fit)),
                    {nft_when({is_ipv6, nft_is(network(6, 1), nft_u8(kRouting))}, sanity.drop(PC_REASON_source_route)),
                     nft_when({is_ipv6, nft_in({network(6, 1)}, walked)}, sanity.drop(PC_REASON_extension_header))});
}

}  // namespace

std::string nft_sanity(NftBuilder& bridge, Direction direction, Family family) {
    const std::string key =
        std::string("sanity") + (direction == Direction::Outbound ? " out" : " in") + (family == Family::Ipv4 ? "4" : "6");
    return bridge.once(key, [&] {
        const NftSanity sanity{.bridge = &bridge, .direction = direction, .family = family, .only_reason = {}};
        return family == Family::Ipv4 ? sanity4(sanity) : sanity6(sanity);
    });
}

}  // namespace portcullis
