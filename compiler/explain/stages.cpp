// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/stages.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/evaluate/binding.h"
#include "compiler/evaluate/evaluate.h"
#include "compiler/evaluate/host.h"
#include "compiler/evaluate/rules.h"
#include "compiler/evaluate/untracked.h"
#include "compiler/explain/nearest.h"
#include "compiler/explain/probe.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

// Stands for whoever is at the other end of the wire: a router, or an interface whose MAC the documents do not give.
constexpr Mac kOtherMac{{0x02, 0x00, 0x00, 0x00, 0x00, 0xfe}};

// Nobody has claimed an address: the model alone is asked.
const LinkLocalClaims& no_claims() {
    static const LinkLocalClaims none;
    return none;
}

const NetworkInterface& judging_interface(const Probe& probe, Direction direction) {
    return direction == Direction::Outbound ? *probe.ends.from.interface : *probe.ends.to.interface;
}

// A sender of the model is believed to be itself; what comes from elsewhere enters by an uplink.
Entrance entrance_of(const Probe& probe) {
    return {.kind = probe.ends.from.interface != nullptr ? Entrance::Kind::Host : Entrance::Kind::Uplink, .interface_id = {}, .device = {}};
}

// The early stages look at the other end's MAC only to see that it is not the port's.
Mac other_mac(const NetworkInterface& interface) { return interface.mac == kOtherMac ? Mac{{0x02, 0, 0, 0, 0, 0xfd}} : kOtherMac; }

std::vector<std::uint8_t> frame_of(const Probe& probe, Direction direction) {
    const NetworkInterface& interface = judging_interface(probe, direction);
    const Mac own = interface.mac.value_or(Mac{});
    const Mac other = other_mac(interface);
    const bool is_outbound = direction == Direction::Outbound;
    return probe_frame({.source_mac = is_outbound ? own : other,
                        .destination_mac = is_outbound ? other : own,
                        .source = *probe.ends.from.address,
                        .destination = *probe.ends.to.address,
                        .is_answer = probe.is_answer},
                       probe.question);
}

// What the rules look at. Not read from the frame: the later stages are asked even where an earlier one drops it.
IpPacket packet_of(const Probe& probe) {
    const Question& question = probe.question;
    IpPacket packet{.source = *probe.ends.from.address,
                    .destination = *probe.ends.to.address,
                    .protocol = static_cast<std::uint8_t>(question.protocol)};
    if (packet.is_icmp()) {
        packet.icmp_type = question.icmp_type;
        packet.icmp_code = question.icmp_code;
    } else if (packet.protocol == kProtocolTcp || packet.protocol == kProtocolUdp) {
        packet.source_port = question.source_port;
        packet.destination_port = question.destination_port;
    }
    if (packet.protocol == kProtocolTcp) {
        packet.tcp = TcpSegment{.kind = probe.is_answer ? TcpKind::SynAck : TcpKind::Syn, .shift = {}};
    }
    return packet;
}

StageAnswer blank(const Judgement& judgement, std::string stage) {
    return {.interface_id = judgement.interface().id, .direction = judgement.passage.direction, .stage = std::move(stage)};
}

// 4.3: whether `SourceDestCheck: false` would admit the address that 4.1 does not.
bool is_lifted_without_check(const Judgement& judgement) {
    NetworkInterface unchecked = judgement.interface();
    unchecked.source_dest_check = false;
    const Port port(judgement.index(), no_claims(), unchecked);
    Passage passage = judgement.passage;
    passage.port = &port;
    return port.has_any_address() && judge_binding(passage) == PC_REASON_passed;
}

std::string early_reason_code(const Judgement& judgement, Reason reason) {
    if (reason == PC_REASON_protocol || reason == PC_REASON_extension_header) {
        return "PROTOCOL_RESTRICTION";
    }
    if (stage_of(reason) != 4) {
        return "";
    }
    return is_lifted_without_check(judgement) ? "ENI_SOURCE_DEST_CHECK_RESTRICTION" : "ENI_ADDRESS_RESTRICTION";
}

// What stages 0 to 4 say, as the evaluator says it of the packet itself.
StageAnswer answer_early_stages(const Judgement& judgement) {
    const Verdict verdict = Evaluator(judgement.index().model())
                                .judge({.interface_id = judgement.interface().id,
                                        .direction = judgement.passage.direction,
                                        .entrance = judgement.passage.way.entrance,
                                        .frame = judgement.frame,
                                        .now_s = 0});
    const bool is_early = !verdict.passes() && stage_of(verdict.reason) <= 4;
    StageAnswer answer = blank(judgement, stage_name(is_early ? stage_of(verdict.reason) : 4));
    answer.allows = !is_early;
    answer.deciding = {judgement.interface().id};
    if (is_early) {
        answer.reason = verdict.reason;
        answer.reason_code = early_reason_code(judgement, verdict.reason);
    }
    return answer;
}

// Stage 5. Pre: the packet, or the flow that it belongs to, is a service's.
StageAnswer answer_services(const Judgement& judgement) {
    const Passage& passage = judgement.passage;
    const bool is_udp = passage.packet->protocol == kProtocolUdp;
    const Address& service = passage.is_outbound() ? passage.packet->destination : passage.packet->source;
    StageAnswer answer = blank(judgement, stage_name(5));
    answer.allows = true;
    answer.deciding = {passage.packet->is_icmp() ? "router " + service.to_string()
                                                 : std::string("Services ") + (is_udp ? "udp " : "tcp ") +
                                                       std::to_string(passage.remote_port()) + " of " + service.to_string()};
    return answer;
}

// The ranges that decide 13.1: those without NewOnly where there are any.
std::vector<std::string> range_labels(const Judgement& judgement) {
    const Address& destination = judgement.packet.destination;
    const bool is_new_only = denial_of(judgement.index().model(), destination) == Denial::NewOnly;
    std::vector<std::string> labels;
    for (const DenyCidr& range : judgement.index().model().deny_cidrs) {
        if (range.prefix.contains(destination) && range.new_only == is_new_only) {
            labels.push_back("Egress.DenyCidrs " + range.prefix.to_string());
        }
    }
    return labels;
}

// 13.1 and 13.2: what a model tells without the host's addresses. None: the model has no such policy.
std::optional<StageAnswer> answer_host_policies(const Judgement& judgement, const Standing& standing) {
    const Model& model = judgement.index().model();
    const bool is_outbound = judgement.passage.is_outbound();
    if (!model.isolates_instances && (!is_outbound || model.deny_cidrs.empty())) {
        return std::nullopt;
    }
    StageAnswer answer = blank(judgement, "host policies");
    answer.reason = judge_host_policies(judgement.passage, standing);
    answer.allows = answer.reason == PC_REASON_passed;
    if (answer.reason == PC_REASON_isolated) {
        answer.deciding = {"Egress.IsolateInstances"};
    } else if (is_outbound) {
        answer.deciding = range_labels(judgement);
        answer.note = answer.allows && !answer.deciding.empty() ? "NewOnly spares a flow that was begun inbound" : "";
    }
    return answer;
}

// Stage 7 of a packet without a flow.
StageAnswer answer_groups(const Judgement& judgement) {
    StageAnswer answer = blank(judgement, "security groups");
    const ModelIndex& index = judgement.index();
    const RuleQuestion question = question_of(judgement.passage);
    if (is_untracked(judgement.passage)) {
        answer.allows = true;
        answer.deciding = labels_of(literal_rules(index, question), question.direction);
        answer.note = "untracked: both directions pass by the rules alone";
        return answer;
    }
    if (needs_flow(judgement.packet)) {
        answer.reason = PC_REASON_no_flow;
        answer.deciding = judgement.interface().group_ids;
        return answer;
    }
    answer.deciding = labels_of(matching_rules(index, question), question.direction);
    answer.allows = !answer.deciding.empty();
    if (answer.allows) {
        return answer;
    }
    answer.reason = PC_REASON_security_group;
    answer.deciding = judgement.interface().group_ids;
    answer.nearest = nearest_group_rule(index, question);
    const bool has_rules = std::ranges::any_of(judgement.interface().group_ids, [&](const std::string& id) {
        const SecurityGroup* const group = index.group(id);
        return group != nullptr && !group->rules[static_cast<std::size_t>(question.direction)].empty();
    });
    answer.reason_code = has_rules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES";
    return answer;
}

StageAnswer answer_acl(const Judgement& judgement) {
    StageAnswer answer = blank(judgement, "network ACL");
    const NetworkInterface& interface = judgement.interface();
    const RuleQuestion question = question_of(judgement.passage);
    if (!concerns_acl(judgement.index(), question)) {
        answer.allows = true;
        answer.deciding = {interface.subnet_id};
        return answer;
    }
    const AclAnswer asked = ask_acl(judgement.index(), question);
    answer.allows = asked.allows();
    if (asked.entry != nullptr) {
        answer.deciding = {rule_label(*asked.acl, question.direction, *asked.entry)};
    } else {
        answer.deciding = {asked.acl != nullptr ? asked.acl->id : interface.subnet_id};
    }
    if (!answer.allows) {
        answer.reason = PC_REASON_network_acl;
        answer.reason_code = "SUBNET_ACL_RESTRICTION";
        answer.nearest = nearest_acl_entry(question, asked);
    }
    return answer;
}

}  // namespace

Judgement::Judgement(const ModelIndex& index, const Probe& probe, Direction direction)
    : port(index, no_claims(), judging_interface(probe, direction)), frame(frame_of(probe, direction)), packet(packet_of(probe)) {
    const bool is_inbound = direction == Direction::Inbound;
    passage = {.port = &port,
               .direction = direction,
               .packet = &packet,
               .way = is_inbound ? way_of(port, entrance_of(probe), other_mac(port.interface())) : Way{},
               .now_s = 0};
}

std::string stage_name(std::uint8_t stage) {
    switch (stage) {
        case 1:
            return "frame";
        case 2:
            return "link guards";
        case 3:
            return "packet sanity";
        case 4:
            return "address binding";
        case 5:
            return "services";
        default:
            return "port";
    }
}

std::vector<StageAnswer> first_stages(const Judgement& judgement) {
    const bool is_service = is_service_packet(judgement.passage);
    std::vector<StageAnswer> stages{answer_early_stages(judgement)};
    if (is_service) {
        stages.push_back(answer_services(judgement));
    }
    if (std::optional<StageAnswer> policies = answer_host_policies(judgement, {.is_service = is_service})) {
        stages.push_back(std::move(*policies));
    }
    if (is_service) {
        return stages;
    }
    stages.push_back(answer_groups(judgement));
    if (judgement.index().model().has_network_acls) {
        const auto groups = stages.end() - 1;
        stages.insert(judgement.passage.is_outbound() ? stages.end() : groups, answer_acl(judgement));
    }
    return stages;
}

std::vector<StageAnswer> answer_stages(const Judgement& judgement, const Judgement& first) {
    const bool has_flow = !is_untracked(first.passage);
    const bool is_service = is_service_packet(has_flow ? first.passage : judgement.passage);
    std::vector<StageAnswer> stages;
    if (StageAnswer early = answer_early_stages(judgement); !early.allows) {
        stages.push_back(std::move(early));
    }
    if (is_service) {
        stages.push_back(answer_services(judgement));
    }
    const Standing standing{.is_begun_inbound = has_flow && judgement.passage.is_outbound(), .is_service = is_service};
    if (std::optional<StageAnswer> policies = answer_host_policies(judgement, standing)) {
        stages.push_back(std::move(*policies));
    }
    // What is untracked passes this stage, but for an answer to a service's port: that is the service's and needs a flow (7.5).
    if (!has_flow && is_service && needs_flow(judgement.packet)) {
        stages.push_back(answer_groups(judgement));
    }
    if (!is_service && judgement.index().model().has_network_acls) {
        stages.push_back(answer_acl(judgement));
    }
    return stages;
}

}  // namespace portcullis
