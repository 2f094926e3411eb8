// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain.h"

#include <algorithm>
#include <array>

#include "compiler/evaluate.h"
#include "compiler/evaluate_rules.h"
#include "compiler/explain_ends.h"
#include "compiler/explain_nearest.h"
#include "compiler/explain_probe.h"
#include "core/rule_label.h"

namespace portcullis {
namespace {

// Stands for whoever is at the other end of the wire: a router, or an interface whose MAC the documents do not give.
constexpr Mac kOtherMac{{0x02, 0x00, 0x00, 0x00, 0x00, 0xfe}};

// One end judging one packet.
struct Judgement {
    const ModelIndex& index;
    const NetworkInterface& port;
    Direction direction = Direction::Outbound;
    RuleQuestion rules;
};

StageAnswer blank(const Judgement& judgement, std::string stage) {
    return {.interface_id = judgement.port.id, .direction = judgement.direction, .stage = std::move(stage)};
}

// 7.4: the answer to a query, asked about as if it came first.
bool is_unasked_reply(const RuleQuestion& rules) {
    constexpr std::array<std::uint8_t, 4> kReplies = {0, 14, 16, 18};
    constexpr std::array<std::uint8_t, 2> kReplies6 = {129, 140};
    if (rules.icmp_code != 0) {
        return false;
    }
    return (rules.protocol == 1 && std::ranges::count(kReplies, rules.icmp_type) != 0) ||
           (rules.protocol == 58 && std::ranges::count(kReplies6, rules.icmp_type) != 0);
}

StageAnswer answer_groups(const Judgement& judgement) {
    StageAnswer answer = blank(judgement, "security groups");
    if (is_unasked_reply(judgement.rules)) {
        answer.reason = PC_REASON_no_flow;
        answer.deciding = judgement.port.group_ids;
        return answer;
    }
    for (const GroupMatch& match : matching_rules(judgement.index, judgement.rules)) {
        answer.deciding.push_back(rule_label(*match.group, judgement.direction, *match.rule));
    }
    answer.allows = !answer.deciding.empty();
    if (answer.allows) {
        return answer;
    }
    answer.reason = PC_REASON_security_group;
    answer.deciding = judgement.port.group_ids;
    answer.nearest = nearest_group_rule(judgement.index, judgement.rules);
    const bool has_rules = std::ranges::any_of(judgement.port.group_ids, [&](const std::string& id) {
        const SecurityGroup* const group = judgement.index.group(id);
        return group != nullptr && !group->rules[static_cast<std::size_t>(judgement.direction)].empty();
    });
    answer.reason_code = has_rules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES";
    return answer;
}

StageAnswer answer_acl(const Judgement& judgement) {
    StageAnswer answer = blank(judgement, "network ACL");
    if (!concerns_acl(judgement.index, judgement.rules)) {
        answer.allows = true;
        answer.deciding = {judgement.port.subnet_id};
        return answer;
    }
    const AclAnswer asked = ask_acl(judgement.index, judgement.rules);
    answer.allows = asked.allows();
    if (asked.entry != nullptr) {
        answer.deciding = {rule_label(*asked.acl, judgement.direction, *asked.entry)};
    } else {
        answer.deciding = {asked.acl != nullptr ? asked.acl->id : judgement.port.subnet_id};
    }
    if (!answer.allows) {
        answer.reason = PC_REASON_network_acl;
        answer.reason_code = "SUBNET_ACL_RESTRICTION";
        answer.nearest = nearest_acl_entry(judgement.rules, asked);
    }
    return answer;
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
        default:
            return "port";
    }
}

// What stages 0 to 4 say, as the evaluator says it of the packet itself.
StageAnswer answer_early_stages(const Judgement& judgement, const Ends& ends, const Question& question) {
    const bool is_outbound = judgement.direction == Direction::Outbound;
    const Mac own = judgement.port.mac.value_or(kOtherMac);
    // The early stages look at the other end's MAC only to see that it is not the port's.
    const Mac other = own == kOtherMac ? Mac{{0x02, 0x00, 0x00, 0x00, 0x00, 0xfd}} : kOtherMac;
    const std::vector<std::uint8_t> frame = probe_frame({.source_mac = is_outbound ? own : other,
                                                         .destination_mac = is_outbound ? other : own,
                                                         .source = *ends.from.address,
                                                         .destination = *ends.to.address},
                                                        question);
    const Verdict verdict = Evaluator(judgement.index.model())
                                .judge({.interface_id = judgement.port.id,
                                        .direction = judgement.direction,
                                        .entrance = judgement.rules.entrance,
                                        .frame = frame,
                                        .now_s = 0});
    const bool is_early = !verdict.passes() && stage_of(verdict.reason) <= 4;
    StageAnswer answer = blank(judgement, is_early ? stage_name(stage_of(verdict.reason)) : stage_name(4));
    answer.allows = !is_early;
    answer.deciding = {judgement.port.id};
    if (is_early) {
        answer.reason = verdict.reason;
        answer.reason_code = stage_of(verdict.reason) == 4 ? "ENI_ADDRESS_RESTRICTION" : "";
    }
    return answer;
}

// Of the packet from `from` to `to` at one of its ends.
RuleQuestion rules_of(const Ends& ends, Direction direction, const Question& question) {
    const bool is_outbound = direction == Direction::Outbound;
    const End& remote = is_outbound ? ends.to : ends.from;
    // A sender of the model is believed to be itself; what comes from elsewhere enters by an uplink.
    const Entrance::Kind entrance = remote.interface != nullptr ? Entrance::Kind::Host : Entrance::Kind::Uplink;
    return {.port = is_outbound ? ends.from.interface : ends.to.interface,
            .direction = direction,
            .entrance = {.kind = entrance, .interface_id = {}},
            .remote = *remote.address,
            .protocol = static_cast<std::uint8_t>(question.protocol),
            .destination_port = question.destination_port,
            .icmp_type = question.icmp_type,
            .icmp_code = question.icmp_code};
}

// What answers the first packet; none: nothing does.
std::optional<Question> response_to(const Question& question) {
    Question response = question;
    std::swap(response.source_port, response.destination_port);
    if (question.protocol != 1 && question.protocol != 58) {
        return response;
    }
    if (question.icmp_code != 0) {
        return std::nullopt;
    }
    const bool is_ipv4 = question.protocol == 1;
    switch (question.icmp_type) {
        case 8:
            response.icmp_type = 0;
            return is_ipv4 ? std::optional(response) : std::nullopt;
        case 13:
        case 15:
        case 17:
            ++response.icmp_type;
            return is_ipv4 ? std::optional(response) : std::nullopt;
        case 128:
        case 139:
            ++response.icmp_type;
            return is_ipv4 ? std::nullopt : std::optional(response);
        default:
            return std::nullopt;
    }
}

std::vector<StageAnswer> forward_path(const ModelIndex& index, const Ends& ends, const Question& question) {
    std::vector<StageAnswer> stages;
    if (ends.from.interface != nullptr) {
        const Judgement out{index, *ends.from.interface, Direction::Outbound, rules_of(ends, Direction::Outbound, question)};
        stages.push_back(answer_early_stages(out, ends, question));
        stages.push_back(answer_groups(out));
        if (index.model().has_network_acls) {
            stages.push_back(answer_acl(out));
        }
    }
    if (ends.to.interface != nullptr) {
        const Judgement in{index, *ends.to.interface, Direction::Inbound, rules_of(ends, Direction::Inbound, question)};
        stages.push_back(answer_early_stages(in, ends, question));
        if (index.model().has_network_acls) {
            stages.push_back(answer_acl(in));
        }
        stages.push_back(answer_groups(in));
    }
    return stages;
}

std::vector<StageAnswer> response_path(const ModelIndex& index, const Ends& ends, const Question& question) {
    const std::optional<Question> response = response_to(question);
    if (!response || !index.model().has_network_acls) {
        return {};
    }
    const Ends back{.from = ends.to, .to = ends.from};
    std::vector<StageAnswer> stages;
    if (back.from.interface != nullptr) {
        stages.push_back(answer_acl({index, *back.from.interface, Direction::Outbound, rules_of(back, Direction::Outbound, *response)}));
    }
    if (back.to.interface != nullptr) {
        stages.push_back(answer_acl({index, *back.to.interface, Direction::Inbound, rules_of(back, Direction::Inbound, *response)}));
    }
    return stages;
}

bool do_all_allow(const std::vector<StageAnswer>& stages) { return std::ranges::all_of(stages, &StageAnswer::allows); }

// An end without an address of the family that is talked.
StageAnswer answer_no_address(const Ends& ends) {
    const bool is_sender = !ends.from.address;
    const NetworkInterface& interface = is_sender ? *ends.from.interface : *ends.to.interface;
    return {.interface_id = interface.id,
            .direction = is_sender ? Direction::Outbound : Direction::Inbound,
            .stage = stage_name(4),
            .allows = false,
            .reason = is_sender ? PC_REASON_source_address : PC_REASON_destination_address,
            .reason_code = "NO_SOURCE_OR_DESTINATION",
            .deciding = {interface.id},
            .nearest = {}};
}

}  // namespace

Result<Answer> explain(const Model& model, const Question& question) {
    if (question.protocol < 0 || question.protocol > 255) {
        return fail(std::to_string(question.protocol) + " is not an IP protocol (0-255)");
    }
    const ModelIndex index(model);
    const Result<Ends> ends = find_ends(index, question);
    if (!ends) {
        return fail(ends.error());
    }
    Answer answer;
    if (!ends->from.address || !ends->to.address) {
        answer.forward = {answer_no_address(*ends)};
        return answer;
    }
    answer.forward = forward_path(index, *ends, question);
    answer.response = response_path(index, *ends, question);
    answer.allowed = do_all_allow(answer.forward);
    answer.response_allowed = do_all_allow(answer.response);
    return answer;
}

}  // namespace portcullis
