// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_room.h"

#include <utility>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kServiceFlows = 1024;  // 5.3

std::string_view word_of(NftRoom room) {
    switch (room) {
        case NftRoom::Flows:
            return "room-flows";
        case NftRoom::HalfOutbound:
            return "room-half-out";
        case NftRoom::HalfInbound:
            return "room-half-in";
        case NftRoom::Services:
            break;
    }
    return "room-services";
}

std::uint32_t size_of(const Port& port, NftRoom room) {
    switch (room) {
        case NftRoom::Flows:
            return nft_room_for(port.flows);
        case NftRoom::HalfOutbound:
        case NftRoom::HalfInbound:
            return port.half_open;
        case NftRoom::Services:
            break;
    }
    return kServiceFlows;
}

// TCP and UDP have keys of one form.
std::string_view word_of(NftForm form) {
    switch (form) {
        case NftForm::Tcp:
        case NftForm::Udp:
            return "ports";
        case NftForm::Icmp:
            return "icmp";
        case NftForm::Other:
            break;
    }
    return "other";
}

std::string quota(const NftLane& lane, NftRoom room) {
    std::string name = nft_name_of_binding(lane, word_of(room));
    lane.bridge->add_set(nft_dynamic_set(name, nft_flow_key_types(lane.family), size_of(*lane.port->port, room)));
    return name;
}

NftUpdate place(const NftLane& lane, NftRoom room, NftForm form, std::uint64_t timeout_ms) {
    return {.key = lane.flow_key(form), .set = quota(lane, room), .timeout_ms = timeout_ms};
}

std::string name_of(const NftLane& lane, std::string_view verb, NftRoom room, NftForm form, std::uint64_t timeout_ms) {
    return std::string(verb) + '-' + std::string(word_of(room)) + '-' + std::string(word_of(form)) +
           (timeout_ms == 0 ? std::string() : '-' + std::to_string(timeout_ms)) + (lane.is_outbound() ? "-out" : "-in");
}

NftRule lead(const NftLane& lane, std::string_view name, NftVerdict verdict) {
    const NftSet map{.name = "port." + std::string(name) + (lane.family == Family::Ipv4 ? "4" : "6"),
                     .kind = NftSet::Kind::VerdictMap,
                     .key = {NftType::Interface}};
    lane.bridge->add_element(
        map, {.from = nft_ifindex(lane.port->ifindex()), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
    return nft_rule({nft_verdict_of({lane.device()}, map.name)});
}

}  // namespace

std::string nft_name_of_binding(const NftLane& lane, std::string_view word) {
    return std::string(word) + (lane.family == Family::Ipv4 ? "4." : "6.") + std::to_string(lane.port->number);
}

NftRule nft_by_port(const NftLane& lane, std::string_view name, std::vector<NftRule> rules) {
    return nft_to_port(lane, name, lane.bridge->chain("port", std::move(rules)));
}

NftRule nft_to_port(const NftLane& lane, std::string_view name, const std::string& chain) { return lead(lane, name, nft_jump(chain)); }

std::string nft_check_of_port(const NftLane& lane, std::string_view name, std::vector<NftRule> rules, const NftVerdict& drop) {
    return nft_check_of_port(lane, name, lane.bridge->chain("port", std::move(rules)), drop);
}

std::string nft_check_of_port(const NftLane& lane, std::string_view name, const std::string& chain, const NftVerdict& drop) {
    return lane.bridge->chain("of-port", {lead(lane, name, nft_goto(chain)), nft_rule({drop})});
}

std::uint32_t nft_room_for(std::uint32_t elements) { return elements == kNftRoomOnDemand + 1 ? kNftRoomOnDemand : elements; }

NftRule nft_take_place(const NftLane& lane, NftRoom room, NftForm form, std::uint64_t timeout_ms) {
    return nft_by_port(lane, name_of(lane, "take", room, form, timeout_ms),
                       {nft_rule({place(lane, room, form, timeout_ms), nft_return()}),
                        nft_rule({lane.bridge->drop(lane.direction, PC_REASON_flow_quota)})});
}

NftRule nft_try_place(const NftLane& lane, NftRoom room, NftForm form, std::uint64_t timeout_ms) {
    return nft_by_port(lane, name_of(lane, "try", room, form, timeout_ms), {nft_rule({place(lane, room, form, timeout_ms)})});
}

NftRule nft_leave_places(const NftLane& lane, const std::vector<NftRoom>& rooms, NftForm form) {
    std::vector<NftStatement> statements;
    std::string name;
    for (const NftRoom room : rooms) {
        NftUpdate leave = place(lane, room, form, 0);
        leave.op = NftUpdate::Op::Delete;
        statements.emplace_back(std::move(leave));
        name += (name.empty() ? "" : "-") + name_of(lane, "leave", room, form, 0);
    }
    return nft_by_port(lane, name, {nft_rule(std::move(statements))});
}

}  // namespace portcullis
