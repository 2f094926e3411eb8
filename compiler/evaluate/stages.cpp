// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/stages.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "compiler/evaluate/errors.h"
#include "compiler/evaluate/host.h"
#include "compiler/evaluate/rules.h"
#include "compiler/evaluate/untracked.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

// The verdict of a stage that asks no rule.
Verdict because(Reason reason) { return {.reason = reason, .rules = {}}; }

// Stage 8.
Verdict judge_acl(const Passage& passage) {
    const ModelIndex& index = passage.port->index();
    const RuleQuestion question = question_of(passage);
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

// Section 6.
Verdict judge_groups(const Passage& passage) {
    Verdict verdict{.rules = labels_of(matching_rules(passage.port->index(), question_of(passage)), passage.direction)};
    if (verdict.rules.empty()) {
        verdict.reason = PC_REASON_security_group;
    }
    return verdict;
}

// The verdicts of the stages, in the order in which they count (section 1).
StagesVerdict combine(const Passage& passage, Reason policies, Verdict groups, Verdict acl) {
    if (policies != PC_REASON_passed) {
        return {.verdict = because(policies), .change = {}};
    }
    Verdict& first = passage.is_outbound() ? groups : acl;
    Verdict& second = passage.is_outbound() ? acl : groups;
    if (!first.passes()) {
        return {.verdict = std::move(first), .change = {}};
    }
    second.rules.insert(second.rules.begin(), first.rules.begin(), first.rules.end());
    return {.verdict = std::move(second), .change = {}};
}

// ---- with a flow

bool is_cut(const Port& port) { return port.claim().on_revoke.value_or(port.index().model().on_revoke) == OnRevoke::Cut; }

// 7.8: whether the rules of today admit the packet that opened the flow.
bool is_still_admitted(const Port& port, const FlowKey& key, const Flow& flow) {
    const bool is_icmp = key.protocol == kProtocolIcmp || key.protocol == kProtocolIcmpv6;
    const RuleQuestion question{.port = &port.interface(),
                                .direction = flow.opener,
                                .entrance = {},
                                .remote = flow.judged_remote,
                                .protocol = key.protocol,
                                .destination_port = flow.opener == Direction::Outbound ? key.remote_port : key.local_port,
                                .icmp_type = is_icmp ? static_cast<std::uint8_t>(key.remote_port) : std::uint8_t{0},
                                .counts = flow.counts,
                                .claims = &port.claims()};
    return !matching_rules(port.index(), question).empty();
}

// Stages 5 and 6 of a packet of a live flow; of one that is judged again (7.6) those of a new flow as well.
Reason judge_flow_policies(const Passage& passage, const Flow& flow, bool is_again) {
    if (flow.is_service && !passage.is_outbound() && (is_again || !passage.way.is_of_services())) {
        return PC_REASON_service_origin;
    }
    const Standing standing{.is_begun_inbound = flow.opener == Direction::Inbound, .is_service = flow.is_service};
    if (const Reason reason = judge_host_policies(passage, standing); reason != PC_REASON_passed || !is_again) {
        return reason;
    }
    return judge_host_policies(passage, {.is_service = flow.is_service && is_service_packet(passage)});
}

StagesVerdict judge_with_flow(const Passage& passage, const FlowKey& key, const Flow& flow) {
    const bool is_again = is_judged_again(flow, passage);
    const Reason policies = judge_flow_policies(passage, flow, is_again);
    Verdict groups;
    if (is_cut(*passage.port) && !flow.is_service && !is_still_admitted(*passage.port, key, flow)) {
        groups = because(PC_REASON_security_group);
    } else if (is_again && !(flow.is_service && is_service_packet(passage))) {
        groups = judge_groups(passage);
    }
    StagesVerdict judged = combine(passage, policies, std::move(groups), flow.is_service ? Verdict{} : judge_acl(passage));
    if (judged.verdict.passes()) {
        const bool counts = is_again && counts_as_interface(passage.port->index(), question_of(passage));
        judged.change = FlowChange{.key = key, .flow = advanced(flow, passage, counts)};
    }
    return judged;
}

// ---- without one

// The live flow of the key; one whose service is not listed any more is not there (5.5).
std::optional<Flow> live_flow(const Passage& passage, const FlowTable& flows, const FlowKey& key) {
    const std::optional<Flow> flow = flows.find(key, passage);
    if (flow && flow->is_service && !passage.port->is_service(key.remote, key.protocol, key.remote_port)) {
        return std::nullopt;
    }
    return flow;
}

// What is known of an ICMP error by what it quotes (7.9).
struct ErrorStanding {
    bool is_related = false;
    bool is_begun_inbound = false;
    bool passes_untracked = false;  // at a limited rate
};

ErrorStanding stand(const Passage& passage, const FlowTable& flows) {
    if (!is_icmp_error(*passage.packet) || !passage.port->claim().relates_icmp_errors) {
        return {};
    }
    const std::optional<IpPacket> quote = read_quote(passage);
    if (!quote) {
        return {};
    }
    Passage quoted = passage;
    quoted.direction = opposite(passage.direction);
    quoted.packet = &*quote;
    const std::optional<FlowKey> key = flow_key(quoted);
    const std::optional<Flow> flow = key ? live_flow(quoted, flows, *key) : std::nullopt;
    if (flow) {
        return {.is_related = true, .is_begun_inbound = flow->opener == Direction::Inbound};
    }
    return {.passes_untracked = is_too_big(*passage.packet) && is_untracked(quoted)};
}

// Stages 5 and 6 of a packet without a flow.
Reason judge_policies(const Passage& passage, const Standing& standing) {
    const bool is_forged = !passage.is_outbound() && is_from_service(passage) && !passage.way.is_of_services();
    return is_forged ? PC_REASON_service_origin : judge_host_policies(passage, standing);
}

// Stage 7 of a packet without a flow.
struct StateVerdict {
    Verdict verdict;
    bool opens = false;  // what 7.4 says it opens
};

StateVerdict judge_state(const Passage& passage, const ErrorStanding& error, bool is_service) {
    if (error.is_related || error.passes_untracked) {
        return {};
    }
    if (is_untracked(passage)) {
        return {.verdict = {.rules = labels_of(literal_rules(passage.port->index(), question_of(passage)), passage.direction)}};
    }
    if (needs_flow(*passage.packet)) {
        return {.verdict = because(PC_REASON_no_flow)};
    }
    return {.verdict = is_service ? Verdict{} : judge_groups(passage), .opens = true};
}

StagesVerdict judge_without_flow(const Passage& passage, const FlowTable& flows, const std::optional<FlowKey>& key) {
    const bool is_service = is_service_packet(passage);
    const ErrorStanding error = stand(passage, flows);
    const Standing standing{.is_begun_inbound = error.is_begun_inbound, .is_related = error.is_related, .is_service = is_service};
    StateVerdict state = judge_state(passage, error, is_service);
    StagesVerdict judged =
        combine(passage, judge_policies(passage, standing), std::move(state.verdict), is_service ? Verdict{} : judge_acl(passage));
    std::optional<Flow> opened = opened_by(passage);
    if (judged.verdict.passes() && state.opens && key && opened) {
        opened->is_service = is_service;
        opened->counts = counts_as_interface(passage.port->index(), question_of(passage));
        judged.change = FlowChange{.key = *key, .flow = *opened};
    }
    return judged;
}

}  // namespace

StagesVerdict judge_stages(const Passage& passage, const FlowTable& flows) {
    const std::optional<FlowKey> key = flow_key(passage);
    const std::optional<Flow> flow = key ? live_flow(passage, flows, *key) : std::nullopt;
    return flow ? judge_with_flow(passage, *key, *flow) : judge_without_flow(passage, flows, key);
}

}  // namespace portcullis
