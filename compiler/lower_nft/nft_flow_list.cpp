// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_flow_list.h"

#include "compiler/lower_nft/nft_flow_element.h"
#include "compiler/lower_nft/nft_lane.h"

namespace portcullis {
namespace {

constexpr std::uint64_t kMillisecondsPerSecond = 1000;

FlowState state_of(NftPhase phase) {
    switch (phase) {
        case NftPhase::SynSent:
            return FlowState::SynSent;
        case NftPhase::PickedUp:
            return FlowState::PickedUp;
        case NftPhase::SynReceived:
            return FlowState::SynReceived;
        case NftPhase::Established:
            return FlowState::Established;
        case NftPhase::FinWait:
            return FlowState::FinWait;
        case NftPhase::CloseWait:
            return FlowState::CloseWait;
        case NftPhase::LastAck:
            return FlowState::LastAck;
        case NftPhase::TimeWait:
            return FlowState::TimeWait;
        case NftPhase::Udp:
        case NftPhase::Icmp:
        case NftPhase::Other:
            return FlowState::Unanswered;
        case NftPhase::UdpStream:
        case NftPhase::IcmpAnswered:
        case NftPhase::OtherAnswered:
            return FlowState::Answered;
    }
    return FlowState::Unanswered;
}

// What is left of its time tells since when it has been idle.
std::uint32_t idle_seconds(const NftLane& lane, NftPhase phase, std::uint64_t left_ms) {
    const std::uint64_t all = lane.milliseconds(idle_of(phase));
    return left_ms >= all ? 0 : static_cast<std::uint32_t>((all - left_ms) / kMillisecondsPerSecond);
}

}  // namespace

NftFlowList::NftFlowList(NftEnforced enforced)
    : host_{.ruleset = enforced.ruleset, .devices = enforced.devices, .facts = nullptr, .bindings = enforced.bindings},
      ports_(nft_ports(host_)) {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        by_number_.emplace(ports_[i].number, i);
    }
}

std::vector<NftFlowMap> NftFlowList::maps() {
    std::vector<NftFlowMap> maps;
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const NftLane lane{.bridge = nullptr, .port = nullptr, .direction = Direction::Outbound, .family = family};
        maps.push_back({.name = lane.renewals(), .family = family, .is_memory = true});
        maps.push_back({.name = lane.half_open(), .family = family});
        maps.push_back({.name = lane.answered(), .family = family});
    }
    return maps;
}

std::optional<std::size_t> NftFlowList::port_of(const NftElement& element) const {
    const auto at = by_number_.find(nft_number_of(element.from));
    return at == by_number_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Flow> NftFlowList::flow_of(std::size_t port, const NftFlowMap& map, const NftElement& element) const {
    const auto flow = nft_flow_of(element, map.family);
    if (!flow) {
        return std::nullopt;
    }
    const NftLane lane{.bridge = nullptr, .port = &ports_[port], .direction = Direction::Outbound, .family = map.family};
    return Flow{.ifindex = lane.port->ifindex(),
                .begun = flow->word.is_begun_inbound ? Direction::Inbound : Direction::Outbound,
                .protocol = flow->protocol,
                .local = flow->local,
                .remote = flow->remote,
                .local_port = flow->local_port,
                .remote_port = static_cast<std::uint16_t>(flow->is_icmp() ? flow->remote_port >> 8 : flow->remote_port),
                .state = state_of(flow->word.phase),
                .idle_seconds = idle_seconds(lane, flow->word.phase, element.expires_ms),
                .is_service = flow->word.is_service,
                .is_cut = flow->word.is_cut};
}

}  // namespace portcullis
