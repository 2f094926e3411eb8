// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "compiler/evaluate_flows.h"
#include "compiler/evaluate_guards.h"
#include "compiler/evaluate_model.h"
#include "compiler/evaluate_packet.h"
#include "compiler/evaluate_rules.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

// 2.1.4-2.1.6
Reason judge_frame(const NetworkInterface& port, Direction direction, const EthernetFrame& frame) {
    if (direction == Direction::Outbound && frame.source != *port.mac) {
        return PC_REASON_source_mac;
    }
    if (direction == Direction::Inbound && (frame.source.is_multicast() || frame.source.is_zero() || frame.source == *port.mac)) {
        return PC_REASON_source_mac;
    }
    const bool is_to_group = frame.destination.is_multicast();
    if (direction == Direction::Inbound && !is_to_group && frame.destination != *port.mac) {
        return PC_REASON_destination_mac;
    }
    if (is_to_group && frame.type != kEtherTypeArp && !looks_like_neighbour_discovery(frame)) {
        return PC_REASON_multicast;
    }
    return PC_REASON_passed;
}

// 4.1
Reason judge_binding(const Passage& passage) {
    if (passage.direction == Direction::Outbound) {
        return is_own_address(*passage.port, passage.packet->source) ? PC_REASON_passed : PC_REASON_source_address;
    }
    return is_own_address(*passage.port, passage.packet->destination) ? PC_REASON_passed : PC_REASON_destination_address;
}

RuleQuestion question_of(const Passage& passage, const Entrance& entrance) {
    const IpPacket& packet = *passage.packet;
    return {.port = passage.port,
            .direction = passage.direction,
            .entrance = entrance,
            .remote = passage.direction == Direction::Outbound ? packet.destination : packet.source,
            .protocol = packet.protocol,
            .destination_port = packet.destination_port,
            .icmp_type = packet.icmp_type,
            .icmp_code = packet.icmp_code};
}

// The verdict of a stage that asks no rule.
Verdict because(Reason reason) { return {.reason = reason, .rules = {}}; }

// Stage 8.
Verdict judge_acl(const ModelIndex& index, const RuleQuestion& question) {
    if (!concerns_acl(index, question)) {
        return {};
    }
    const AclAnswer answer = ask_acl(index, question);
    Verdict verdict{.reason = answer.allows() ? PC_REASON_passed : PC_REASON_network_acl, .rules = {}};
    if (answer.entry != nullptr) {
        verdict.rules.push_back(rule_label(*answer.acl, question.direction, *answer.entry));
    }
    return verdict;
}

Verdict judge_groups(const ModelIndex& index, const RuleQuestion& question) {
    Verdict verdict;
    for (const GroupMatch& match : matching_rules(index, question)) {
        verdict.rules.push_back(rule_label(*match.group, question.direction, *match.rule));
    }
    if (verdict.rules.empty()) {
        verdict.reason = PC_REASON_security_group;
    }
    return verdict;
}

// Stage 7's verdict, and what it will write if stage 8 agrees.
struct StateVerdict {
    Verdict verdict;
    std::optional<FlowKey> key;
    std::optional<Flow> flow;
};

StateVerdict judge_state(const ModelIndex& index, const FlowTable& flows, const Passage& passage, const RuleQuestion& question) {
    const std::optional<FlowKey> key = flow_key(passage);
    const std::optional<Flow> flow = key ? flows.find(*key, passage) : std::nullopt;
    if (!flow && needs_flow(*passage.packet)) {
        return {.verdict = because(PC_REASON_no_flow), .key = {}, .flow = {}};
    }
    const bool asks_rules = !flow || is_judged_again(*flow, passage);
    const Verdict verdict = asks_rules ? judge_groups(index, question) : Verdict{};
    return {.verdict = verdict, .key = key, .flow = flow ? advanced(*flow, passage) : opened_by(passage)};
}

}  // namespace

struct Evaluator::State {
    explicit State(const Model& model) : index(model) {}

    Verdict judge(const Arrival& arrival);
    Verdict judge_packet(const Arrival& arrival, const NetworkInterface& port, const IpPacket& packet);
    [[nodiscard]] bool is_from_other_vpc(const Arrival& arrival, const NetworkInterface& port) const;

    ModelIndex index;
    FlowTable flows;
};

Verdict Evaluator::State::judge(const Arrival& arrival) {
    const NetworkInterface* const port = index.interface(arrival.interface_id);
    if (port == nullptr) {
        return because(PC_REASON_no_port);
    }
    if (!port->mac || index.subnet(port->subnet_id) == nullptr) {
        return because(PC_REASON_closed);  // no policy can be made for it
    }
    const auto frame = read_frame(arrival.frame);
    if (const Reason* const reason = std::get_if<Reason>(&frame)) {
        return because(*reason);
    }
    const auto& ethernet = std::get<EthernetFrame>(frame);
    if (const Reason reason = judge_frame(*port, arrival.direction, ethernet); reason != PC_REASON_passed) {
        return because(reason);
    }
    if (ethernet.type == kEtherTypeArp && is_from_other_vpc(arrival, *port)) {
        return because(PC_REASON_vpc);
    }
    if (ethernet.type == kEtherTypeArp) {
        return because(judge_arp(*port, arrival.direction, ethernet));
    }
    const auto packet = read_packet(ethernet);
    if (const Reason* const reason = std::get_if<Reason>(&packet)) {
        return because(*reason);
    }
    return judge_packet(arrival, *port, std::get<IpPacket>(packet));
}

// 2.5
bool Evaluator::State::is_from_other_vpc(const Arrival& arrival, const NetworkInterface& port) const {
    if (arrival.direction == Direction::Outbound || arrival.entrance.kind != Entrance::Kind::Port) {
        return false;
    }
    const NetworkInterface* const sender = index.interface(arrival.entrance.interface_id);
    return sender == nullptr || sender->vpc_id != port.vpc_id;
}

Verdict Evaluator::State::judge_packet(const Arrival& arrival, const NetworkInterface& port, const IpPacket& packet) {
    if (is_from_other_vpc(arrival, port)) {
        return because(PC_REASON_vpc);
    }
    if (const std::optional<Reason> reason = judge_link_scope(port, arrival.direction, packet)) {
        return because(*reason);
    }
    const Passage passage{.port = &port, .direction = arrival.direction, .packet = &packet, .now_s = arrival.now_s};
    if (const Reason reason = judge_binding(passage); reason != PC_REASON_passed) {
        return because(reason);
    }
    const RuleQuestion question = question_of(passage, arrival.entrance);
    const Verdict acl = judge_acl(index, question);
    const StateVerdict state = judge_state(index, flows, passage, question);
    // Outbound the groups come first, inbound the ACL (section 1); neither depends on the other's answer.
    const bool is_outbound = arrival.direction == Direction::Outbound;
    const Verdict& first = is_outbound ? state.verdict : acl;
    const Verdict& second = is_outbound ? acl : state.verdict;
    if (!first.passes()) {
        return first;
    }
    Verdict verdict = second;
    verdict.rules.insert(verdict.rules.begin(), first.rules.begin(), first.rules.end());
    if (verdict.passes() && state.key && state.flow) {
        flows.write(*state.key, *state.flow);
    }
    return verdict;
}

Evaluator::Evaluator(const Model& model) : state_(std::make_unique<State>(model)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

Verdict Evaluator::judge(const Arrival& arrival) { return state_->judge(arrival); }

void Evaluator::replace_model(const Model& model) {
    const ModelIndex former = std::exchange(state_->index, ModelIndex(model));
    // A port that goes takes its flows with it, and comes back as another.
    state_->flows.end_if([&](const std::string& id) {
        const NetworkInterface* const before = former.interface(id);
        const NetworkInterface* const now = state_->index.interface(id);
        return now == nullptr || (before != nullptr && former.is_bound(*before) && !state_->index.is_bound(*now));
    });
}

}  // namespace portcullis
