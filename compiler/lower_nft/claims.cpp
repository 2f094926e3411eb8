// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/claims.h"

#include "compiler/lower_nft/nft_room.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/own.h"
#include "compiler/lower_nft/owner_sets.h"
#include "compiler/lower_nft/reserved.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kClaimsPerPort = 4;
constexpr std::uint32_t kClaimsPerBridge = 8192;

const Prefix& link_local() {
    static const Prefix prefix = Prefix::parse("fe80::/10")->prefix;
    return prefix;
}

// What no port claims: reserved addresses, and those that interfaces of the VPC have by their MAC. The latter in a set that keeps its name:
// an interface more is an element more.
std::string reserved_set(NftBuilder& bridge, const NftPort& port) {
    std::vector<Prefix> reserved;
    for (const Address& address : nft_reserved(port)) {
        reserved.push_back(Prefix::host(address));
    }
    return nft_prefix_set(bridge, "reserved6", Family::Ipv6, reserved);
}

std::string taken_set(NftBuilder& bridge, const NftPort& port) {
    const Index zone = port.port->zone;
    return bridge.once_set("taken " + std::to_string(zone), [&] { return nft_taken_set(port.ruleset(), zone); });
}

}  // namespace

std::string nft_claims(NftBuilder& bridge, const NftPort& port) {
    if (!port.port->claims_link_local) {
        return {};
    }
    return bridge.once(kNftClaims, [&] {
        NftSet set{.name = kNftClaims, .key = {NftType::Word, NftType::Ipv6Address}};
        set.is_dynamic = true;
        set.size = kNftRoomOnDemand;
        bridge.add_set(set);
        return set.name;
    });
}

std::string nft_claimants(NftBuilder& bridge, const NftPort& port) {
    NftSet map{.name = nft_claimants_of(port.device->bridge), .kind = NftSet::Kind::DataMap, .key = {NftType::Ipv6Address}};
    map.data = NftType::Word;
    map.is_dynamic = true;
    map.size = kClaimsPerBridge;
    const std::string name = map.name;
    bridge.add_set(std::move(map));
    return name;
}

std::string nft_claimants_of(std::uint32_t bridge) { return "claimants-" + std::to_string(bridge); }

// The map decides between ports: adding leaves alone what is there, so that of two which claim an address at once the later finds the
// other's number. The size of the port's set decides how many it has; what found no room there is taken back.
std::string nft_claim(NftBuilder& bridge, const NftPort& port, const NftLoad& target, const NftVerdict& admitted) {
    const std::string claims = nft_claims(bridge, port);
    if (claims.empty()) {
        return {};
    }
    const NftLane lane{.bridge = &bridge, .port = &port, .direction = Direction::Outbound, .family = Family::Ipv6};
    const std::string claimants = nft_claimants(bridge, port);
    const NftVerdict drop = bridge.drop(Direction::Outbound, PC_REASON_nd);
    NftSet room{.name = nft_name_of_binding(lane, "room-claims"), .key = {NftType::Ipv6Address}};
    room.is_dynamic = true;
    room.size = kClaimsPerPort;
    const std::string quota = room.name;
    bridge.add_set(std::move(room));
    const NftStatement is_ours = nft_is(nft_from_map(claimants, {target}, 4), nft_u32(port.number));
    const NftMapUpdate enter{.op = NftMapUpdate::Op::Add, .key = {target}, .map = claimants, .data = lane.binding()};
    const NftMapUpdate leave{.op = NftMapUpdate::Op::Delete, .key = {target}, .map = claimants, .data = {}};
    const NftUpdate take{.op = NftUpdate::Op::Add, .key = {target}, .set = quota};
    const NftUpdate note{.op = NftUpdate::Op::Add, .key = {lane.binding(), target}, .set = claims};
    const std::string claimed = nft_check_of_port(
        lane, "claim",
        {nft_rule({enter, is_ours, take, note, nft_return()}), nft_rule({is_ours, nft_not_in({target}, quota), leave}), nft_always(drop)},
        drop);
    const std::string free = bridge.chain("claim", {nft_rule({nft_jump(claimed)}), nft_rule({admitted})});
    return bridge.chain("claim-free",
                        {nft_when({nft_in_range(target, nft_first(link_local()), nft_last(link_local())),
                                   nft_not_in({target}, reserved_set(bridge, port)), nft_not_in({target}, taken_set(bridge, port))},
                                  nft_goto(free)),
                         nft_always(drop)});
}

}  // namespace portcullis
