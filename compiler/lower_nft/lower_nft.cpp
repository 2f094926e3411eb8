// SPDX-License-Identifier: Apache-2.0
// Tables, base chains, and the way from them to the chains of a port: by the device a packet came by, by that it leaves by, and inbound by
// how it came to the bridge (docs/semantics.md, "Entrance").
#include "compiler/lower_nft/lower_nft.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/nft_inline.h"
#include "compiler/lower_nft/nft_port.h"
#include "compiler/lower_nft/nft_simplify.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/routed.h"
#include "compiler/lower_nft/stages.h"

namespace portcullis {
namespace {

constexpr std::int32_t kBridgePriority = -200;  // before br_netfilter, at 0 and -1
constexpr std::int32_t kIngressPriority = -200;
constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kArp = 0x0806, kRarp = 0x8035;

NftElement to_chain(NftBytes key, NftVerdict verdict) {
    return {.from = std::move(key), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}};
}

// Hooks of the bridge see a port's packets only where it is a port of one.
bool is_judged(const DeviceBinding& device) { return device.kind == DeviceBinding::Kind::Bound && device.bridge != 0; }

bool is_managed(const DeviceBinding& device) {
    return device.kind == DeviceBinding::Kind::Bound || device.kind == DeviceBinding::Kind::Closed;
}

// ---- netdev

void add_ingress(NftBuilder& netdev, const DeviceBinding& device, std::vector<NftRule> rules) {
    netdev.add_chain({.name = "ingress-" + std::to_string(device.ifindex),
                      .hook = NftHook{.point = NftHook::Point::Ingress, .priority = kIngressPriority, .device = device.device},
                      .rules = std::move(rules)});
}

// 2.1.3: a chain of the port's own, since the rule's limit is its own.
std::string rarp_limit(NftBuilder& netdev, const NftPort& port) {
    constexpr std::uint64_t kInASecond = 10;
    NftChain chain{.name = "rarp-limit-" + std::to_string(port.ifindex()), .hook = {}, .rules = {}};
    chain.rules = {nft_rule({NftLimit{.packets = kInASecond, .burst = kInASecond, .is_over = false}, nft_return()}),
                   nft_rule({netdev.drop(Direction::Outbound, PC_REASON_rate_limited)})};
    std::string name = chain.name;
    netdev.add_chain(std::move(chain));
    return name;
}

void add_ingress_of(NftBuilder& netdev, const NftPort& port) {
    if (is_judged(*port.device)) {
        add_ingress(netdev, *port.device,
                    {nft_rule({nft_jump(nft_frame_out(netdev, port))}),
                     nft_rule({nft_is(nft_meta(NftMeta::Protocol), nft_u16(kRarp)), nft_jump(rarp_limit(netdev, port))}),
                     nft_rule({nft_accept()})});
    } else {
        add_ingress(netdev, *port.device, {nft_rule({netdev.drop(Direction::Outbound, PC_REASON_closed)})});
    }
}

// ---- bridge

// To the chains of the kinds of frame there are, the others dropped.
std::vector<NftRule> by_ethertype(NftBuilder& bridge, Direction direction, std::vector<NftElement> chains) {
    NftSet map{.name = "ethertypes", .kind = NftSet::Kind::VerdictMap, .key = {NftType::EtherType}, .elements = std::move(chains)};
    return {nft_rule({nft_verdict_of({nft_meta(NftMeta::Protocol)}, bridge.set(std::move(map)))}),
            nft_rule({bridge.drop(direction, PC_REASON_ethertype)})};
}

NftBytes ethertype(std::uint16_t type) { return nft_key({nft_u16(type)}); }

std::string outbound_chain(NftBuilder& bridge, const NftPort& port) {
    constexpr Direction kOut = Direction::Outbound;
    return bridge.chain("out", by_ethertype(bridge, kOut,
                                            {to_chain(ethertype(kIpv4), nft_goto(nft_outbound(bridge, port, Family::Ipv4))),
                                             to_chain(ethertype(kIpv6), nft_goto(nft_outbound(bridge, port, Family::Ipv6))),
                                             to_chain(ethertype(kArp), nft_goto(nft_arp(bridge, port, kOut, NftEntrance::Host))),
                                             to_chain(ethertype(kRarp), bridge.pass(kOut))}));  // judged at ingress
}

// Both hooks lead to it by the same entrances.
std::string inbound_chain(NftBuilder& bridge, const NftPort& port, NftEntrance entrance) {
    constexpr Direction kIn = Direction::Inbound;
    const std::string key = "in " + std::to_string(port.ifindex()) + " " + std::to_string(static_cast<unsigned>(entrance));
    return bridge.once(key, [&] {
        std::vector<NftRule> rules = {nft_rule({nft_jump(nft_frame_in(bridge, port, entrance))})};
        append_rules(rules, by_ethertype(bridge, kIn,
                                         {to_chain(ethertype(kIpv4), nft_goto(nft_inbound(bridge, port, Family::Ipv4, entrance))),
                                          to_chain(ethertype(kIpv6), nft_goto(nft_inbound(bridge, port, Family::Ipv6, entrance))),
                                          to_chain(ethertype(kArp), nft_goto(nft_arp(bridge, port, kIn, entrance)))}));
        return bridge.chain("in", std::move(rules));
    });
}

// The ports of the port's bridge: the same for all of these.
std::string bridge_ports(NftBuilder& bridge, const NftPort& port) {
    const std::string name = "port.peers." + std::to_string(port.device->bridge);
    return bridge.once(name, [&] {
        const NftSet set{.name = name, .key = {NftType::Interface}};
        const auto add = [&](std::uint32_t ifindex) {
            bridge.add_element(set, {.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        };
        add(port.ifindex());
        for (const DeviceBinding* const peer : port.peers) {
            add(peer->ifindex);
        }
        return name;
    });
}

std::string interfaces(NftBuilder& bridge, std::string stem, const std::vector<std::uint32_t>& ifindexes) {
    NftSet set{.name = std::move(stem), .key = {NftType::Interface}};
    for (const std::uint32_t ifindex : ifindexes) {
        set.elements.push_back({.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    return bridge.set(std::move(set));
}

// A bridged packet came by a port of the bridge.
std::string forwarded_chain(NftBuilder& bridge, const NftPort& port) {
    const auto to = [&](NftEntrance entrance) { return nft_goto(inbound_chain(bridge, port, entrance)); };
    std::vector<NftRule> rules;
    rules.push_back(nft_rule({nft_in({nft_iif()}, bridge_ports(bridge, port)), to(NftEntrance::Port)}));
    if (!port.around.router_macs.empty()) {
        NftSet macs{.name = "router-macs", .key = {NftType::EtherAddress}};
        for (const Mac& mac : port.around.router_macs) {
            macs.elements.push_back({.from = nft_key({nft_bytes(mac)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
        }
        rules.push_back(nft_rule({nft_in({nft_ether_source()}, bridge.set(std::move(macs))), to(NftEntrance::Router)}));
    }
    if (!port.uplinks.empty()) {
        rules.push_back(nft_rule({nft_in({nft_iif()}, interfaces(bridge, "uplinks", port.uplinks)), to(NftEntrance::Uplink)}));
    }
    rules.push_back(nft_rule({to(NftEntrance::Elsewhere)}));
    return bridge.chain("forwarded", std::move(rules));
}

// Sent or routed by the host: the mark tells (lower_nft/routed.h).
std::string sent_chain(NftBuilder& bridge, const NftPort& port) {
    const auto if_from = [&](std::uint32_t bits, NftEntrance entrance) {
        return nft_rule({nft_is(nft_masked(nft_meta(NftMeta::Mark), nft_ifindex(kNftEntranceBits)), nft_ifindex(bits)),
                         nft_goto(inbound_chain(bridge, port, entrance))});
    };
    return bridge.chain("sent", {if_from(kNftFromHost, NftEntrance::Host), if_from(kNftFromUplink, NftEntrance::Uplink),
                                 nft_rule({nft_goto(inbound_chain(bridge, port, NftEntrance::Elsewhere))})});
}

// One hook: by the device to a number of the chain, and by that number to the chain. So at each commit the kernel walks through a chain
// once, and not once for each device. What is not ours goes on. The two maps may change between the look-ups of one packet, for each
// look-up asks for what holds then (docs/nftables.md, "A change"): a number is of what the chain is made of, so it
// never comes to mean one for other options, and a device of ours that is led nowhere goes no further.
struct Dispatch {
    NftHook::Point point;
    const char* name;
    Direction direction;
    NftLoad device;
    std::map<std::uint32_t, NftVerdict> chains{};  // by ifindex
};

// Chains are named by their content. Of two whose names have the same number the one of the higher ifindex gets the next.
std::uint32_t number_of(const std::string& chain, std::set<std::uint32_t>& taken) {
    auto number = static_cast<std::uint32_t>(std::hash<std::string>{}(chain));
    while (!taken.insert(number).second) {
        ++number;
    }
    return number;
}

void add_dispatch(NftBuilder& bridge, Dispatch dispatch) {
    NftChain chain{.name = dispatch.name, .hook = NftHook{.point = dispatch.point, .priority = kBridgePriority}, .rules = {}};
    const NftSet alike{.name = std::string("port.alike-") + dispatch.name,
                       .kind = NftSet::Kind::DataMap,
                       .key = {NftType::Interface},
                       .data = NftType::Word};
    const NftSet ways{.name = std::string("port.ways-") + dispatch.name, .kind = NftSet::Kind::VerdictMap, .key = {NftType::Word}};
    const NftSet ours{.name = std::string("port.ours-") + dispatch.name, .key = {NftType::Interface}};
    std::map<std::string, std::uint32_t> numbers;
    std::set<std::uint32_t> taken;
    for (const auto& [ifindex, verdict] : dispatch.chains) {
        const auto [number, is_first] = numbers.try_emplace(verdict.chain, 0);
        if (is_first) {
            number->second = number_of(verdict.chain, taken);
            bridge.add_element(ways, to_chain(nft_u32(number->second), verdict));
        }
        bridge.add_element(alike, {.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = nft_u32(number->second), .comment = {}});
        bridge.add_element(ours, {.from = nft_ifindex(ifindex), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    if (!dispatch.chains.empty()) {
        chain.rules.push_back(nft_rule({nft_verdict_of({nft_from_map(alike.name, {dispatch.device}, 4)}, ways.name)}));
        chain.rules.push_back(nft_rule({nft_in({dispatch.device}, ours.name), bridge.drop(dispatch.direction, PC_REASON_closed)}));
    }
    bridge.add_chain(std::move(chain));
}

}  // namespace

NftImage lower_nft(const Ruleset& ruleset, std::span<const DeviceBinding> devices, const HostFacts& facts, const NftBindings& bindings) {
    const NftHost host{.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = &bindings};
    NftBuilder netdev(NftFamily::Netdev, std::string(kNftTable));
    NftBuilder bridge(NftFamily::Bridge, std::string(kNftTable));
    Dispatch from{NftHook::Point::Prerouting, "prerouting", Direction::Outbound, nft_iif()};
    Dispatch forwarded{NftHook::Point::Forward, "forward", Direction::Inbound, nft_oif()};
    Dispatch sent{NftHook::Point::Output, "output", Direction::Inbound, nft_oif()};
    const std::vector<NftPort> ports = nft_ports(host);
    if (std::any_of(ports.begin(), ports.end(), [](const NftPort& port) { return is_judged(*port.device); })) {
        bridge.add_set(bindings.map());
        add_nft_state(bridge, ruleset.quotas.flows);
    }
    for (const NftPort& port : ports) {
        add_ingress_of(netdev, port);
        if (is_judged(*port.device)) {
            from.chains.emplace(port.ifindex(), nft_goto(outbound_chain(bridge, port)));
            forwarded.chains.emplace(port.ifindex(), nft_goto(forwarded_chain(bridge, port)));
            sent.chains.emplace(port.ifindex(), nft_goto(sent_chain(bridge, port)));
        }
    }
    for (const DeviceBinding& device : devices) {
        if (!is_managed(device) || is_judged(device)) {
            continue;
        }
        if (device.kind == DeviceBinding::Kind::Closed) {
            add_ingress(netdev, device, {nft_rule({netdev.drop(Direction::Outbound, PC_REASON_closed)})});
        }
        from.chains.emplace(device.ifindex, bridge.drop(Direction::Outbound, PC_REASON_closed));
        for (Dispatch* const to : {&forwarded, &sent}) {
            to->chains.emplace(device.ifindex, bridge.drop(Direction::Inbound, PC_REASON_closed));
        }
    }
    for (Dispatch* const dispatch : {&from, &forwarded, &sent}) {
        add_dispatch(bridge, std::move(*dispatch));
    }
    NftImage image;
    image.tables.push_back(std::move(netdev).take());
    image.tables.push_back(std::move(bridge).take());
    image.tables.push_back(nft_routed(host));
    inline_small_sets(image);
    for (NftTable& table : image.tables) {
        table = nft_simplified(std::move(table));
    }
    return image;
}

}  // namespace portcullis
