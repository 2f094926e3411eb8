// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/stages.h"

#include <utility>

#include "compiler/lower_nft/flows.h"
#include "compiler/lower_nft/fragments.h"
#include "compiler/lower_nft/guards.h"
#include "compiler/lower_nft/nft_words.h"
#include "compiler/lower_nft/own.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmp = 1, kIcmpv6 = 58;

NftElement to_chain(NftBytes key, const std::string& chain) {
    return {.from = std::move(key), .to = {}, .verdict = nft_goto(chain), .data = {}, .comment = {}};
}

// Rules up to the flows; a later fragment goes to `later`.
std::vector<NftRule> up_to_flows(const NftLane& lane, NftEntrance entrance, const std::string& later) {
    NftBuilder& bridge = *lane.bridge;
    std::vector<NftRule> rules;
    append_check(rules, nft_sanity(bridge, lane.direction, lane.family));
    // 9.2: one that is denied erases the memory; one that passes is remembered again in the end.
    rules.push_back(nft_forget_fragment(lane));
    append_check(rules, nft_link_scope(bridge, *lane.port, lane.direction, lane.family, entrance));
    append_check(rules, nft_binding(bridge, *lane.port, lane.direction, lane.family));
    std::vector<NftStatement> is_later = nft_if_later_fragment(lane.family);
    is_later.emplace_back(nft_goto(later));
    rules.push_back(nft_rule(std::move(is_later)));
    return rules;
}

// The packet is judged by the chain of its form (by NftForm) in `judged`, which returns for one of a live flow that may pass and ends all
// others, and goes to that in `advanced`. So what comes behind judging is there once, however many ways judging has: the kernel walks every
// way through a table's chains at each commit.
std::vector<NftRule> by_form(const NftLane& lane, const std::vector<std::string>& judged, const std::vector<std::string>& advanced) {
    const std::uint8_t icmp = lane.family == Family::Ipv4 ? kIcmp : kIcmpv6;
    const std::string known = nft_byte_set(*lane.bridge, "forms", {kTcp, kUdp, icmp});
    std::vector<NftRule> rules;
    const auto add = [&](const std::vector<std::string>& chains, NftVerdict::Kind kind) {
        const auto to = [&](NftForm form) { return NftVerdict{kind, chains.at(static_cast<std::size_t>(form))}; };
        NftSet forms{.name = "forms", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Protocol}};
        for (const auto& [protocol, form] :
             {std::pair(kTcp, NftForm::Tcp), std::pair(kUdp, NftForm::Udp), std::pair(icmp, NftForm::Icmp)}) {
            forms.elements.push_back({.from = nft_key({nft_u8(protocol)}), .to = {}, .verdict = to(form), .data = {}, .comment = {}});
        }
        rules.push_back(nft_rule({nft_verdict_of({nft_l4_protocol()}, lane.bridge->set(std::move(forms)))}));
        // Where the kernel found no transport header this rule ends as well.
        rules.push_back(nft_rule({nft_not_in({nft_l4_protocol()}, known), to(NftForm::Other)}));
    };
    add(judged, NftVerdict::Kind::Jump);
    add(advanced, NftVerdict::Kind::Goto);
    rules.push_back(nft_rule({lane.bridge->drop(lane.direction, PC_REASON_ip_malformed)}));
    return rules;
}

// Goes to the check of its live flow's kind, else to the chain of those without one.
std::string by_flow(const NftLane& lane, NftForm form, const NftFormChains& chains) {
    NftSet kinds{.name = "flow-kinds", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Word}};
    kinds.elements = {to_chain(nft_u32(0), chains.begun_outbound), to_chain(nft_u32(kNftBegunInboundBit), chains.begun_inbound)};
    const auto add = [&](std::uint32_t bits, const std::string& chain) {
        if (!chain.empty()) {
            kinds.elements.push_back(to_chain(nft_u32(bits), chain));
        }
    };
    add(kNftServiceBit, chains.service);
    add(kNftCutBit, chains.cut_outbound);
    add(kNftCutBit | kNftBegunInboundBit, chains.cut_inbound);
    constexpr std::uint32_t kKind = kNftBegunInboundBit | kNftServiceBit | kNftCutBit;
    const std::string map = lane.bridge->set(std::move(kinds));
    std::vector<NftRule> rules;
    for (const std::string& flows : {lane.answered(), lane.half_open()}) {
        rules.push_back(nft_rule({nft_verdict_of({nft_masked(lane.number_in(flows, form), nft_u32(kKind))}, map)}));
    }
    rules.push_back(nft_rule({nft_goto(chains.without_flow)}));
    return lane.bridge->chain(lane.stem("flow"), std::move(rules));
}

}  // namespace

std::string nft_stages(const NftLane& lane, NftEntrance entrance, const std::string& later,
                       const std::function<NftFormChains(NftForm)>& chains_of) {
    std::vector<NftRule> rules = up_to_flows(lane, entrance, later);
    std::vector<std::string> judged;
    std::vector<std::string> advanced;
    for (const NftForm form : kNftForms) {
        judged.push_back(by_flow(lane, form, chains_of(form)));
        advanced.push_back(nft_advance(lane, form));
    }
    append_rules(rules, by_form(lane, judged, advanced));
    return lane.bridge->chain(lane.stem("stages"), std::move(rules));
}

void append_check(std::vector<NftRule>& rules, const std::string& chain) {
    if (!chain.empty()) {
        rules.push_back(nft_rule({nft_jump(chain)}));
    }
}

void append_rules(std::vector<NftRule>& rules, std::vector<NftRule> more) {
    for (NftRule& rule : more) {
        rules.push_back(std::move(rule));
    }
}

std::string nft_later_fragment(const NftLane& lane, const std::vector<std::string>& checks, const std::string& end) {
    // No first fragment: not remembered again.
    const NftVerdict pass = lane.bridge->pass(lane.direction);
    std::vector<NftRule> rules = nft_if_remembered(lane, pass);
    for (const std::string& check : checks) {
        append_check(rules, check);
    }
    rules.push_back(nft_rule({end.empty() ? pass : nft_goto(end)}));
    return lane.bridge->chain(lane.stem("later"), std::move(rules));
}

std::string nft_cut_flow(const NftLane& lane, NftForm form, const std::vector<std::string>& checks, const std::string& again,
                         const std::string& acl) {
    if (lane.port->port->on_revoke != OnRevoke::Cut) {
        return {};
    }
    const NftRule drop = nft_rule({lane.bridge->drop(lane.direction, PC_REASON_security_group)});
    const std::string other = nft_checks(lane, "cut", {acl}, {drop});
    std::vector<NftRule> rules;
    if (form == NftForm::Tcp && !again.empty()) {
        rules = nft_if_bare_syn(lane, other, nft_checks(lane, "cut", {again, acl}, {drop}));
    }
    rules.push_back(nft_rule({nft_goto(other)}));
    return nft_checks(lane, "cut", checks, std::move(rules));
}

std::string nft_go_on(NftBuilder& bridge) { return bridge.chain("go-on", {nft_rule({nft_return()})}); }

std::string nft_checks(const NftLane& lane, std::string_view stem, const std::vector<std::string>& checks, std::vector<NftRule> more) {
    std::vector<NftRule> rules;
    for (const std::string& check : checks) {
        append_check(rules, check);
    }
    append_rules(rules, std::move(more));
    return rules.empty() ? nft_go_on(*lane.bridge) : lane.bridge->chain(lane.stem(stem), std::move(rules));
}

std::vector<NftRule> nft_if_flow_is_needed(const NftLane& lane, NftForm form) {
    const NftVerdict drop = lane.bridge->drop(lane.direction, PC_REASON_no_flow);
    if (form == NftForm::Icmp) {
        return {nft_rule({nft_in({nft_icmp_type_code()}, nft_replies(*lane.bridge, lane.family)), drop})};
    }
    if (form != NftForm::Tcp) {
        return {};
    }
    NftSet flags{.name = "answering-flags", .key = {NftType::Byte}};
    for (const std::uint8_t one : {kNftSynAck, kNftRst, kNftRstAck}) {
        flags.elements.push_back({.from = nft_key({nft_u8(one)}), .to = {}, .verdict = {}, .data = {}, .comment = {}});
    }
    return {nft_rule({nft_in({nft_segment_flags()}, lane.bridge->set(std::move(flags))), drop})};
}

std::vector<NftRule> nft_if_bare_syn(const NftLane& lane, const std::string& exempt, const std::string& again) {
    const NftStatement is_syn = nft_is(nft_segment_flags(), nft_u8(kNftSyn));
    const std::uint32_t other_side = lane.is_outbound() ? kNftBegunInboundBit : 0;
    return {nft_rule({is_syn,
                      nft_is(nft_masked(lane.number_in(lane.half_open(), NftForm::Tcp), nft_u32(kNftPhaseBits | kNftBegunInboundBit)),
                             nft_u32(static_cast<std::uint32_t>(NftPhase::SynSent) | other_side)),
                      nft_goto(exempt)}),
            nft_rule({is_syn, nft_goto(again)})};
}

}  // namespace portcullis
