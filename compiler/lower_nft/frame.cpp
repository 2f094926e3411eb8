// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 2.1.1-2.1.6. Frames of less than 14 bytes reach no hook: the kernel's drivers drop them.
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd, kRarp = 0x8035;
constexpr std::uint16_t kTag = 0x8100, kServiceTag = 0x88a8, kOldTag = 0x9100;

void add_type(NftSet& map, std::uint16_t type, NftVerdict verdict) {
    map.elements.push_back({.from = nft_key({nft_u16(type)}), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
}

// The types of frames behind a tag that is in metadata. The kernel takes the first tag out of a frame, so one that is still there is a
// second.
NftSet types(const NftVerdict& judged, const NftVerdict& tagged, const NftVerdict& rarp) {
    NftSet map{.name = "types", .kind = NftSet::Kind::VerdictMap, .key = {NftType::EtherType}};
    for (const std::uint16_t type : {kIpv4, kArp, kIpv6}) {
        add_type(map, type, judged);
    }
    add_type(map, kServiceTag, tagged);
    add_type(map, kOldTag, tagged);
    add_type(map, kRarp, rarp);
    return map;
}

// 2.1.2 and 2.1.3: goes to `next` with frames of types that are judged, to `rarp` with RARP.
std::string check_type(NftBuilder& builder, const NftPort& port, Direction direction, const std::string& next, const std::string& rarp) {
    const NftVerdict drop_tagged = builder.drop(direction, PC_REASON_vlan);
    const NftVerdict drop_other = builder.drop(direction, PC_REASON_ethertype);
    const NftSet judged = types(nft_goto(next), drop_tagged, rarp.empty() ? drop_other : nft_goto(rarp));
    NftVerdict tagged = drop_tagged;
    if (!port.around.vlans.empty()) {
        NftSet vlans{.name = "vlans", .key = {NftType::Half}};
        for (const std::uint16_t vlan : port.around.vlans) {
            vlans.elements.push_back({.from = nft_key({nft_u16(vlan)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        }
        NftSet inner = judged;
        add_type(inner, kTag, drop_tagged);
        const NftLoad id = nft_masked(nft_payload(NftHeader::Link, 14, 2), nft_u16(0x0fff));
        const std::string listed = builder.chain(
            "listed-vlan", {nft_rule({nft_verdict_of({nft_meta(NftMeta::Protocol)}, builder.set(inner))}), nft_always(drop_other)});
        tagged = nft_goto(builder.chain("vlan", {nft_when({nft_in({id}, builder.set(vlans))}, nft_goto(listed)), nft_always(drop_tagged)}));
    }
    NftSet outer = judged;
    add_type(outer, kTag, tagged);
    return builder.chain("type", {nft_rule({nft_verdict_of({nft_ether_type()}, builder.set(outer))}), nft_always(drop_other)});
}

// 2.1.3: the announcement of an instance that has moved here; its rate is looked at where devices are told apart (lower_nft.cpp).
std::string admit_rarp(NftBuilder& netdev, const NftPort& port) {
    const NftSet announced{.name = "port.announced", .key = {NftType::Interface, NftType::EtherAddress}};
    netdev.add_element(
        announced,
        {.from = nft_key({nft_ifindex(port.ifindex()), nft_bytes(port.port->mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    const auto is_mac = [&](const NftLoad& load) { return nft_in({nft_iif(), load}, announced.name); };
    const NftBytes head = {0, 1, 8, 0, 6, 4, 0, 3};
    const NftConditions is_announcement = {
        is_mac(nft_ether_source()),
        nft_is(nft_ether_destination(), NftBytes(6, 0xff)),
        nft_is(nft_payload(NftHeader::Network, 0, 8), head),
        is_mac(nft_payload(NftHeader::Network, 8, 6)),
        nft_is(nft_payload(NftHeader::Network, 14, 4), NftBytes(4, 0)),
        is_mac(nft_payload(NftHeader::Network, 18, 6)),
        nft_is(nft_payload(NftHeader::Network, 24, 4), NftBytes(4, 0)),
    };
    return netdev.chain("rarp",
                        {nft_when(is_announcement, nft_return()), nft_always(netdev.drop(Direction::Outbound, PC_REASON_ethertype))});
}

// 2.1.6: the same for all ports of the bridge.
std::string bound_macs(NftBuilder& bridge, const NftPort& port) {
    const std::string name = "port.bound-macs." + std::to_string(port.device->bridge);
    return bridge.once(name, [&] {
        const NftSet set{.name = name, .key = {NftType::EtherAddress}};
        const auto add_mac = [&](const Mac& mac) {
            bridge.add_element(set, {.from = nft_key({nft_bytes(mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        };
        add_mac(port.port->mac);
        for (const DeviceBinding* const peer : port.peers) {
            add_mac(port.port_of(*peer).mac);
        }
        return name;
    });
}

}  // namespace

std::string nft_frame_out(NftBuilder& netdev, const NftPort& port) {
    const NftStatement is_own = nft_is_own_mac(netdev, port, Direction::Outbound, nft_ether_source());
    // To 01-80-C2-00-00-0X: no bridge forwards it, and its hooks do not see it, where the rest of the stages would be.
    const NftStatement is_reserved =
        nft_is(nft_masked(nft_ether_destination(), {0xff, 0xff, 0xff, 0xff, 0xff, 0xf0}), {0x01, 0x80, 0xc2, 0, 0, 0});
    const std::string source =
        netdev.chain("source-out", {nft_when({is_own, nft_is_to_one()}, nft_return()),
                                    nft_when({is_own, is_reserved}, netdev.drop(Direction::Outbound, PC_REASON_multicast)),
                                    nft_when({is_own}, nft_return()), nft_always(netdev.drop(Direction::Outbound, PC_REASON_source_mac))});
    return check_type(netdev, port, Direction::Outbound, source, admit_rarp(netdev, port));
}

std::string nft_frame_in(NftBuilder& bridge, const NftPort& port, NftEntrance entrance) {
    const NftVerdict bad_source = bridge.drop(Direction::Inbound, PC_REASON_source_mac);
    const NftVerdict bad_destination = bridge.drop(Direction::Inbound, PC_REASON_destination_mac);
    const NftStatement is_of_one = nft_is(nft_masked(nft_payload(NftHeader::Link, 6, 1), nft_u8(1)), nft_u8(0));
    const NftConditions source_fits = {is_of_one, nft_is_not(nft_ether_source(), NftBytes(6, 0)),
                                       nft_is_no_own_mac(bridge, port, Direction::Inbound, nft_ether_source())};
    const NftStatement is_no_peer = nft_not_in({nft_ether_source()}, bound_macs(bridge, port));
    // 2.1.6, once all else fits.
    std::string last;
    if (entrance != NftEntrance::Port) {
        last = bridge.chain("bound-in", {nft_when({is_no_peer}, nft_return()), nft_always(bad_source)});
    }
    const NftVerdict fits = last.empty() ? nft_return() : nft_goto(last);
    const std::string destination =
        bridge.chain("destination-in", {nft_when({nft_is_own_mac(bridge, port, Direction::Inbound, nft_ether_destination())}, fits),
                                        nft_when({nft_is_to_group()}, fits), nft_always(bad_destination)});
    const std::string source = bridge.chain("source-in", {nft_when(source_fits, nft_goto(destination)), nft_always(bad_source)});
    return check_type(bridge, port, Direction::Inbound, source, {});
}

}  // namespace portcullis
