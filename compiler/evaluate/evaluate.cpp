// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/evaluate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/evaluate/binding.h"
#include "compiler/evaluate/claims.h"
#include "compiler/evaluate/flows.h"
#include "compiler/evaluate/fragments.h"
#include "compiler/evaluate/guards.h"
#include "compiler/evaluate/model.h"
#include "compiler/evaluate/packet.h"
#include "compiler/evaluate/port.h"
#include "compiler/evaluate/stages.h"

namespace portcullis {
namespace {

Verdict because(Reason reason) { return {.reason = reason, .rules = {}}; }

// 2.1.3-2.1.6
Reason judge_frame(const Port& port, Direction direction, const Way& way, const EthernetFrame& frame) {
    if (frame.type != kEtherTypeIpv4 && frame.type != kEtherTypeIpv6 && frame.type != kEtherTypeArp) {
        const bool is_exempt = frame.type == kEtherTypeRarp && direction == Direction::Outbound && is_announcement(port, frame);
        return is_exempt ? PC_REASON_passed : PC_REASON_ethertype;
    }
    if (direction == Direction::Outbound) {
        return port.has(frame.source) ? PC_REASON_passed : PC_REASON_source_mac;
    }
    if (frame.source.is_multicast() || frame.source.is_zero() || port.has(frame.source)) {
        return PC_REASON_source_mac;
    }
    if (!frame.destination.is_multicast() && !port.has(frame.destination)) {
        return PC_REASON_destination_mac;
    }
    const ModelIndex& index = port.index();
    const bool is_of_bound_interface = std::ranges::any_of(index.model().network_interfaces, [&](const NetworkInterface& interface) {
        return interface.mac == frame.source && index.is_bound(interface);
    });
    return is_of_bound_interface && !way.is_port() ? PC_REASON_source_mac : PC_REASON_passed;
}

// 2.5
bool is_from_other_vpc(const Port& port, Direction direction, const Way& way) {
    if (direction == Direction::Outbound || !way.is_port()) {
        return false;
    }
    const NetworkInterface* const sender = port.index().interface(way.entrance.interface_id);
    return sender == nullptr || sender->vpc_id != port.interface().vpc_id;
}

// 7.8: whether the address, which someone had, left the model or became another's. Of a shared one: whether other interfaces have it now.
bool has_departed(const ModelIndex& former, const ModelIndex& now, const std::string& vpc_id, const Address& address) {
    const auto ids = [&](const ModelIndex& index) {
        std::vector<std::string> owners;
        for (const NetworkInterface* const owner : index.owners(vpc_id, address)) {
            owners.push_back(owner->id);
        }
        std::ranges::sort(owners);
        return owners;
    };
    const std::vector<std::string> before = ids(former);
    return !before.empty() && before != ids(now);
}

}  // namespace

struct Evaluator::State {
    State(const Model& model, Place place) : index(model, std::move(place)) {}

    Verdict judge(const Arrival& arrival);
    Verdict judge_packet(const Passage& passage, const EthernetFrame& frame);
    Verdict judge_admissible(const Passage& passage);
    void end_what_is_gone(const ModelIndex& former);

    ModelIndex index;
    LinkLocalClaims claims;
    FlowTable flows;
    FragmentMemory fragments;
};

Verdict Evaluator::State::judge(const Arrival& arrival) {
    const NetworkInterface* const interface = index.interface(arrival.interface_id);
    if (interface == nullptr) {
        return because(PC_REASON_no_port);
    }
    if (!interface->mac || index.subnet(interface->subnet_id) == nullptr) {
        return because(PC_REASON_closed);  // no policy can be made for it
    }
    const auto frame = read_frame(arrival.frame);
    if (const Reason* const reason = std::get_if<Reason>(&frame)) {
        return because(*reason);
    }
    const auto& ethernet = std::get<EthernetFrame>(frame);
    const Port port(index, claims, *interface);
    const Way way = arrival.direction == Direction::Inbound ? way_of(port, arrival.entrance, ethernet.source) : Way{};
    const Reason frame_reason = judge_frame(port, arrival.direction, way, ethernet);
    if (frame_reason != PC_REASON_passed || ethernet.type == kEtherTypeRarp) {
        return because(frame_reason);
    }
    if (ethernet.type == kEtherTypeArp) {
        const bool is_foreign = is_from_other_vpc(port, arrival.direction, way);
        return because(is_foreign ? PC_REASON_vpc : judge_arp(port, arrival.direction, way, ethernet));
    }
    const auto packet = read_packet(ethernet, arrival.direction);
    if (const Reason* const reason = std::get_if<Reason>(&packet)) {
        return because(*reason);
    }
    const Passage passage{
        .port = &port, .direction = arrival.direction, .packet = &std::get<IpPacket>(packet), .way = way, .now_s = arrival.now_s};
    Verdict verdict = judge_packet(passage, ethernet);
    if (passage.packet->fragment == FragmentKind::First) {
        fragments.settle(passage, verdict.passes());
    }
    return verdict;
}

// What passed stage 3.
Verdict Evaluator::State::judge_packet(const Passage& passage, const EthernetFrame& frame) {
    const IpPacket& packet = *passage.packet;
    const bool is_for_listed_group = is_multicast(packet.destination) && passage.port->is_listed_multicast(packet.destination);
    if (frame.destination.is_multicast() && !is_for_listed_group && !is_of_link_scope(passage)) {
        return because(PC_REASON_multicast);
    }
    if (is_from_other_vpc(*passage.port, passage.direction, passage.way)) {
        return because(PC_REASON_vpc);
    }
    if (const std::optional<Reason> reason = judge_link_scope(passage, frame)) {
        const std::optional<Address> claimed = *reason == PC_REASON_passed ? claimed_by(passage) : std::nullopt;
        if (claimed) {
            claims.claim(*claimed, passage.port->interface().id);
        }
        return because(*reason);
    }
    if (const Reason reason = judge_binding(passage); reason != PC_REASON_passed) {
        return because(reason);
    }
    if (packet.is_later() && fragments.follows(passage)) {
        return {};
    }
    return judge_admissible(passage);
}

// What passed stage 4.
Verdict Evaluator::State::judge_admissible(const Passage& passage) {
    StagesVerdict judged = judge_stages(passage, flows);
    if (judged.verdict.passes() && judged.change) {
        flows.write(judged.change->key, judged.change->flow);
    }
    return judged.verdict;
}

void Evaluator::State::end_what_is_gone(const ModelIndex& former) {
    // A port that goes takes its flows with it, and comes back as another.
    const auto is_gone = [&](const std::string& id) {
        const NetworkInterface* const before = former.interface(id);
        const NetworkInterface* const now = index.interface(id);
        return now == nullptr || (before != nullptr && former.is_bound(*before) && !index.is_bound(*now));
    };
    claims.end_if(is_gone);
    flows.end_if([&](const FlowKey& key) {
        if (is_gone(key.interface_id)) {
            return true;
        }
        const std::string& vpc_id = index.interface(key.interface_id)->vpc_id;
        return has_departed(former, index, vpc_id, key.local) || has_departed(former, index, vpc_id, key.remote);
    });
}

Evaluator::Evaluator(const Model& model, Place place) : state_(std::make_unique<State>(model, std::move(place))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

Verdict Evaluator::peek(const Arrival& arrival) const { return State(*state_).judge(arrival); }

Verdict Evaluator::judge(const Arrival& arrival) { return state_->judge(arrival); }

void Evaluator::replace_model(const Model& model) {
    const ModelIndex former = std::exchange(state_->index, ModelIndex(model, state_->index.place()));
    state_->end_what_is_gone(former);
    state_->fragments.forget();
}

void Evaluator::replace_host(HostFacts host) {
    if (host == state_->index.place().host) {
        return;
    }
    state_->index = ModelIndex(state_->index.model(), {.host = std::move(host), .bridge = state_->index.place().bridge});
    state_->fragments.forget();
}

}  // namespace portcullis
