// SPDX-License-Identifier: Apache-2.0
// Every change is the last thing before the packet passes (1.2). A rule whose set is full ends, and the next one drops.
#include "compiler/lower_nft/flows.h"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "compiler/lower_nft/errors.h"
#include "compiler/lower_nft/fragments.h"
#include "compiler/lower_nft/nft_room.h"
#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

using Step = NftFlowStep;

constexpr std::uint64_t kServiceMilliseconds = 180'000;

class Advance {
   public:
    Advance(const NftLane& lane, NftForm form) : lane_(lane), form_(form), admit_(nft_goto(nft_admit(lane))) {}

    [[nodiscard]] std::string chain() const {
        std::vector<NftRule> rules;
        if (form_ == NftForm::Tcp) {
            rules.push_back(if_renewed());
        }
        rules.push_back(nft_rule({steps_in(lane_.answered())}));
        rules.push_back(nft_rule({steps_in(lane_.half_open())}));
        rules.push_back(nft_rule({lane_.bridge->drop(lane_.direction, PC_REASON_flow_table_full)}));
        return lane_.bridge->chain(lane_.stem("advance"), std::move(rules));
    }

   private:
    [[nodiscard]] std::vector<NftLoad> key() const { return lane_.key(form_); }

    // What the step of the packet's flow is, if the map holds it. The chains of steps return where a set is full.
    [[nodiscard]] NftStatement steps_in(const std::string& map) const {
        return nft_verdict_of({lane_.looked_up(nft_flow_steps(*lane_.bridge, lane_.direction), map, form_)}, step_map());
    }

    // One map for answered flows and half-open ones, and for all forms but ICMP, whose steps have numbers of TCP's.
    [[nodiscard]] std::string step_map() const {
        const std::string key =
            lane_.stem("flow-steps") + " " + std::to_string(lane_.port->ifindex()) + (form_ == NftForm::Icmp ? " icmp" : "");
        return lane_.bridge->once(key, [&] {
            NftSet chains{.name = "flow-steps", .kind = NftSet::Kind::VerdictMap, .key = {NftType::Word}};
            std::map<std::uint32_t, NftVerdict> verdicts;
            for (const NftForm form : kNftForms) {
                if ((form == NftForm::Icmp) == (form_ == NftForm::Icmp)) {
                    Advance(lane_, form).add_steps(verdicts);
                }
            }
            for (auto& [number, verdict] : verdicts) {
                chains.elements.push_back({.from = nft_u32(number), .to = {}, .verdict = std::move(verdict), .data = {}, .comment = {}});
            }
            return lane_.bridge->set(std::move(chains));
        });
    }

    void add_steps(std::map<std::uint32_t, NftVerdict>& verdicts) const {
        for (const bool is_half_open : {false, true}) {
            for (const Step& step : nft_all_steps(form_, lane_.direction, is_half_open)) {
                NftVerdict verdict = step.kind == Step::Kind::Nothing ? admit_ : nft_jump(step_chain(step));
                const auto [at, is_new] = verdicts.try_emplace(step.number(), verdict);
                if (!is_new && at->second != verdict) {
                    std::fputs("two forms of flows have a step of one number\n", stderr);
                    std::abort();
                }
            }
        }
    }

    // First the place in the quota, which drops the packet if it has none; then the change, and the packet passes.
    [[nodiscard]] std::string step_chain(const Step& step) const {
        const std::uint64_t idle_ms = lane_.milliseconds(step.idle);
        const std::string next = nft_next_words(*lane_.bridge, lane_.direction);
        const auto take = [&](NftRoom room) { return nft_take_place(lane_, room, form_, idle_ms); };
        std::vector<NftRule> rules;
        std::vector<NftStatement> change;
        NftVerdict end = admit_;
        switch (step.kind) {
            case Step::Kind::Refresh:
                rules = {take(NftRoom::Flows)};
                change = {update(NftMapUpdate::Op::Update, lane_.answered(), lane_.number_in(lane_.answered(), form_), idle_ms)};
                break;
            case Step::Kind::Change:
                rules = {take(NftRoom::Flows)};
                change = {update(NftMapUpdate::Op::Replace, lane_.answered(), lane_.looked_up(next, lane_.answered(), form_), idle_ms)};
                break;
            case Step::Kind::Touch:
                rules = {take(nft_half_room(lane_.direction))};
                [[fallthrough]];
            case Step::Kind::TouchService:
                change = {update(NftMapUpdate::Op::Update, lane_.half_open(), lane_.number_in(lane_.half_open(), form_), idle_ms)};
                break;
            case Step::Kind::Answer:
                rules = {take(NftRoom::Flows)};
                change = {update(NftMapUpdate::Op::Update, lane_.answered(), lane_.looked_up(next, lane_.half_open(), form_), idle_ms),
                          update(NftMapUpdate::Op::Delete, lane_.half_open(), {}, 0)};
                end = nft_goto(lane_.bridge->chain(
                    lane_.stem("answered"),
                    {nft_leave_places(lane_, {nft_half_room(opposite_of(lane_.direction))}, form_), nft_rule({admit_})}));
                break;
            case Step::Kind::Nothing:
                break;
        }
        change.emplace_back(end);
        rules.push_back(nft_rule(std::move(change)));
        return lane_.bridge->chain(lane_.stem("step"), std::move(rules));
    }

    [[nodiscard]] NftMapUpdate update(NftMapUpdate::Op op, const std::string& map, NftLoad data, std::uint64_t timeout_ms) const {
        return {.op = op, .key = key(), .map = map, .data = std::move(data), .timeout_ms = timeout_ms};
    }

    // A SYN+ACK that answers the other side's bare SYN.
    [[nodiscard]] NftRule if_renewed() const {
        const std::uint32_t other_side = lane_.is_outbound() ? kNftBegunInboundBit : 0;
        const std::uint64_t idle_ms = lane_.milliseconds(NftIdle::Seconds60);
        const std::string begun = lane_.bridge->chain(
            lane_.stem("begun"), {nft_leave_places(lane_, {NftRoom::HalfOutbound, NftRoom::HalfInbound}, form_), nft_rule({admit_})});
        const std::string renewed = lane_.bridge->chain(
            lane_.stem("renewed"),
            {nft_take_place(lane_, NftRoom::Flows, form_, idle_ms),
             nft_rule({update(NftMapUpdate::Op::Replace, lane_.answered(), lane_.number_in(lane_.renewals(), form_), idle_ms),
                       update(NftMapUpdate::Op::Delete, lane_.half_open(), {}, 0),
                       update(NftMapUpdate::Op::Delete, lane_.renewals(), {}, 0), nft_goto(begun)}),
             nft_rule({lane_.bridge->drop(lane_.direction, PC_REASON_flow_table_full)})});
        return nft_rule({nft_is(nft_segment_flags(), nft_u8(kNftSynAck)),
                         nft_is(nft_masked(lane_.number_in(lane_.renewals(), form_), nft_u32(kNftBegunInboundBit)), nft_u32(other_side)),
                         nft_goto(renewed)});
    }

    const NftLane& lane_;
    NftForm form_;
    NftVerdict admit_;
};

NftPhase opened_by(NftForm form, std::uint8_t flags) {
    switch (form) {
        case NftForm::Tcp:
            return flags == kNftSyn ? NftPhase::SynSent : NftPhase::PickedUp;
        case NftForm::Udp:
            return NftPhase::Udp;
        case NftForm::Icmp:
            return NftPhase::Icmp;
        case NftForm::Other:
            break;
    }
    return NftPhase::Other;
}

// Of a TCP segment for those flags alone.
NftRule opening_rule(const NftLane& lane, NftForm form, const NftOpening& opening, std::uint8_t flags) {
    const NftFlowWord word{.phase = opened_by(form, flags),
                           .is_begun_inbound = !lane.is_outbound(),
                           .is_service = opening.is_service,
                           .counts = opening.counts};
    const std::uint64_t idle_ms = lane.milliseconds(idle_of(word.phase));
    const NftRoom room = opening.is_service ? NftRoom::Services : nft_half_room(lane.direction);
    std::vector<NftStatement> open = {
        NftMapUpdate{.key = lane.key(form), .map = lane.half_open(), .data = nft_constant(nft_u32(word.number())), .timeout_ms = idle_ms}};
    if (form == NftForm::Tcp) {
        open.push_back(NftMapUpdate{.op = NftMapUpdate::Op::Delete, .key = lane.key(form), .map = lane.renewals(), .data = {}});
    }
    open.emplace_back(nft_goto(nft_admit(lane)));
    const std::string chain =
        lane.bridge->chain(lane.stem("opened"), {nft_take_place(lane, room, form, idle_ms), nft_rule(std::move(open)),
                                                 nft_rule({lane.bridge->drop(lane.direction, PC_REASON_flow_table_full)})});
    std::vector<NftStatement> statements;
    if (form == NftForm::Tcp) {
        statements.push_back(nft_is(nft_segment_flags(), nft_u8(flags)));
    }
    statements.emplace_back(nft_goto(chain));
    return nft_rule(std::move(statements));
}

}  // namespace

std::string nft_admit(const NftLane& lane) {
    return lane.bridge->chain(lane.stem("admit"), {nft_remember_fragment(lane), nft_rule({lane.bridge->pass(lane.direction)})});
}

std::string nft_advance(const NftLane& lane, NftForm form) {
    const std::string key =
        lane.stem("advance") + " " + std::to_string(lane.port->ifindex()) + " " + std::to_string(static_cast<unsigned>(form));
    return lane.bridge->once(key, [&] { return Advance(lane, form).chain(); });
}

std::vector<NftRule> nft_note_syn(const NftLane& lane, const NftRenewal& renewal) {
    constexpr NftForm kForm = NftForm::Tcp;
    const std::uint64_t idle_ms = lane.milliseconds(NftIdle::Seconds120);
    const NftFlowWord word{.phase = NftPhase::SynReceived,
                           .is_begun_inbound = !lane.is_outbound(),
                           .is_service = renewal.is_service,
                           .counts = renewal.counts};
    return {nft_rule({nft_is(nft_masked(lane.number_in(lane.half_open(), kForm), nft_u32(kNftPhaseBits)),
                             nft_u32(static_cast<std::uint32_t>(NftPhase::SynSent))),
                      nft_return()}),
            nft_take_place(lane, nft_half_room(lane.direction), kForm, idle_ms),
            nft_rule({NftMapUpdate{.op = NftMapUpdate::Op::Replace,
                                   .key = lane.key(kForm),
                                   .map = lane.renewals(),
                                   .data = nft_constant(nft_u32(word.number())),
                                   .timeout_ms = idle_ms},
                      nft_return()}),
            nft_rule({lane.bridge->drop(lane.direction, PC_REASON_flow_table_full)})};
}

std::vector<NftRule> nft_count_service_flow(const NftLane& lane, NftForm form) {
    // One that did not count any more, with others in its place, is not kept from going on: it was admitted.
    return {nft_try_place(lane, NftRoom::Services, form, kServiceMilliseconds)};
}

std::string nft_open(const NftLane& lane, NftForm form, const NftOpening& opening) {
    NftBuilder& bridge = *lane.bridge;
    std::vector<NftRule> rules = lane.port->port->relates_icmp_errors ? nft_remember_ends(lane) : std::vector<NftRule>();
    if (form == NftForm::Tcp) {
        rules.push_back(nft_rule({nft_is(nft_segment_flags(), nft_u8(kNftFinAck)), nft_goto(nft_admit(lane))}));
        rules.push_back(opening_rule(lane, form, opening, kNftSyn));
        rules.push_back(opening_rule(lane, form, opening, kNftAck));
    } else {
        if (form == NftForm::Icmp) {
            rules.push_back(
                nft_rule({nft_not_in({nft_icmp_type_code()}, nft_queries_and_replies(bridge, lane.family)), nft_goto(nft_admit(lane))}));
        }
        rules.push_back(opening_rule(lane, form, opening, 0));
    }
    rules.push_back(nft_rule({bridge.drop(lane.direction, PC_REASON_flow_quota)}));
    return bridge.chain(lane.stem("open"), std::move(rules));
}

}  // namespace portcullis
