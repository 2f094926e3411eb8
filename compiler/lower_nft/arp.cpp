// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.2, and 2.5 and 13.2 as far as they are about ARP.
#include "compiler/lower_nft/equal.h"
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/own.h"
#include "compiler/lower_nft/places.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kShortest = 28, kLongest = 50;  // behind the Ethernet header
constexpr std::uint16_t kRequest = 1, kReply = 2;

NftLoad operation() { return nft_payload(NftHeader::Network, 6, 2); }
NftLoad sender_mac() { return nft_payload(NftHeader::Network, 8, 6); }
NftLoad sender() { return nft_payload(NftHeader::Network, 14, 4); }
NftLoad target() { return nft_payload(NftHeader::Network, 24, 4); }

// Whether it is an ARP message for IPv4 over Ethernet at all.
NftConditions is_message() {
    return {nft_in_range(nft_meta(NftMeta::Length), nft_u32(kShortest), nft_u32(kLongest)),
            nft_is(nft_payload(NftHeader::Network, 0, 6), {0, 1, 8, 0, 6, 4}),
            nft_in_range(operation(), nft_u16(kRequest), nft_u16(kReply))};
}

// The sender MAC is own and the Ethernet source.
NftStatement is_from_own_mac(NftBuilder& bridge, const NftPort& port) {
    const NftSet pairs{.name = "port.own-senders", .key = {NftType::Interface, NftType::EtherAddress, NftType::EtherAddress}};
    for (const Mac& mac : nft_own_macs(port)) {
        bridge.add_element(pairs, {.from = nft_key({nft_ifindex(port.ifindex()), nft_bytes(mac), nft_bytes(mac)}),
                                   .to = {},
                                   .verdict = {},
                                   .data = {},
                                   .comment = {}});
    }
    return nft_in({nft_iif(), nft_ether_source(), sender_mac()}, pairs.name);
}

std::string arp_out(NftBuilder& bridge, const NftPort& port) {
    const NftVerdict drop = bridge.drop(Direction::Outbound, PC_REASON_arp);
    // 13.2: not to an address of another interface.
    std::vector<NftRule> admitted;
    const std::string others = nft_instances(bridge, port, Family::Ipv4);
    if (!others.empty()) {
        admitted.push_back(
            nft_when(nft_all({{nft_in({target()}, others)}, nft_not_own(bridge, port, Direction::Outbound, Family::Ipv4, target())}),
                     bridge.drop(Direction::Outbound, PC_REASON_isolated)));
    }
    admitted.push_back(nft_always(bridge.pass(Direction::Outbound)));
    const NftVerdict admit = nft_goto(bridge.chain("arp-out-admit", std::move(admitted)));

    std::vector<NftRule> sender_rules;
    for (const NftStatement& is_own : nft_own_alternatives(bridge, port, Direction::Outbound, Family::Ipv4, sender())) {
        sender_rules.push_back(nft_when({is_own}, admit));
    }
    sender_rules.push_back(nft_when({nft_is(sender(), NftBytes(4, 0)), nft_is(operation(), nft_u16(kRequest))}, admit));
    sender_rules.push_back(nft_always(drop));
    const std::string senders = bridge.chain("arp-out-sender", std::move(sender_rules));
    return bridge.chain("arp-out",
                        {nft_when(nft_all({is_message(), {is_from_own_mac(bridge, port)}}), nft_goto(senders)), nft_always(drop)});
}

// A router's address comes with its MAC, any other with any.
std::vector<NftRule> router_rules(NftBuilder& bridge, const NftPort& port, const NftVerdict& fits) {
    NftSet pairs{.name = "routers4", .key = {NftType::Ipv4Address, NftType::EtherAddress}};
    std::vector<Address> addresses;
    for (const auto& [address, mac] : port.around.router_addresses) {
        if (address.family == Family::Ipv4) {
            addresses.push_back(address);
            pairs.elements.push_back(
                {.from = nft_key({nft_bytes(address), nft_bytes(mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        }
    }
    if (addresses.empty()) {
        return {nft_always(fits)};
    }
    return {nft_when({nft_not_in({sender()}, nft_address_set(bridge, "router-addresses4", Family::Ipv4, addresses))}, fits),
            nft_when({nft_in({sender(), sender_mac()}, bridge.set(std::move(pairs)))}, fits)};
}

std::string arp_in(NftBuilder& bridge, const NftPort& port, NftEntrance entrance) {
    const NftVerdict drop = bridge.drop(Direction::Inbound, PC_REASON_arp);
    const bool is_isolated = entrance == NftEntrance::Port && port.ruleset().isolates_instances;
    const NftVerdict admit = is_isolated ? bridge.drop(Direction::Inbound, PC_REASON_isolated) : bridge.pass(Direction::Inbound);
    std::vector<NftRule> kinds;
    for (const NftStatement& is_own : nft_own_alternatives(bridge, port, Direction::Inbound, Family::Ipv4, target())) {
        kinds.push_back(nft_when({nft_is(operation(), nft_u16(kRequest)), is_own}, admit));
    }
    kinds.push_back(
        nft_when({nft_is(operation(), nft_u16(kReply)), nft_is_own_mac(bridge, port, Direction::Inbound, nft_ether_destination())}, admit));
    kinds.push_back(nft_when(nft_equal(bridge, sender(), target()), admit));
    kinds.push_back(nft_always(drop));
    std::vector<NftRule> routers = router_rules(bridge, port, nft_goto(bridge.chain("arp-in-kind", std::move(kinds))));
    routers.push_back(nft_always(drop));
    const std::string sound = bridge.chain("arp-in-router", std::move(routers));

    std::vector<NftRule> rules = nft_vpc_rules(bridge, port, entrance);
    rules.push_back(nft_when(nft_all({is_message(), nft_equal(bridge, nft_ether_source(), sender_mac()),
                                      nft_not_own(bridge, port, Direction::Inbound, Family::Ipv4, sender())}),
                             nft_goto(sound)));
    rules.push_back(nft_always(drop));
    return bridge.chain("arp-in", std::move(rules));
}

}  // namespace

std::string nft_arp(NftBuilder& bridge, const NftPort& port, Direction direction, NftEntrance entrance) {
    if (!port.port->has_addresses) {  // 4.2
        std::vector<NftRule> rules = direction == Direction::Inbound ? nft_vpc_rules(bridge, port, entrance) : std::vector<NftRule>{};
        rules.push_back(nft_always(bridge.drop(direction, PC_REASON_arp)));
        return bridge.chain("arp-none", std::move(rules));
    }
    return direction == Direction::Outbound ? arp_out(bridge, port) : arp_in(bridge, port, entrance);
}

}  // namespace portcullis
