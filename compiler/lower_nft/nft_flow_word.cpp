// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_flow_word.h"

#include <set>
#include <vector>

#include "compiler/lower_nft/nft_words.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kClosedInboundBit = 0x200, kCountsBit = 0x800;

bool is_tcp(NftPhase phase) { return phase <= NftPhase::TimeWait; }

bool is_reset(std::uint8_t flags) { return flags == kNftRst || flags == kNftRstAck; }

bool is_closing(NftPhase phase) { return phase >= NftPhase::FinWait && phase <= NftPhase::LastAck; }

// Whether a flow can be so.
bool is_possible(const NftFlowWord& word) {
    const bool is_other = word.phase == NftPhase::Other || word.phase == NftPhase::OtherAnswered;
    return !(word.is_closed_inbound && !is_closing(word.phase)) &&
           !(word.is_service && (word.is_begun_inbound || is_other || word.counts || word.is_cut));
}

// Those that packets meet: what is cut is dropped before its next number is asked for.
std::vector<NftFlowWord> all_words() {
    std::vector<NftFlowWord> words;
    for (unsigned phase = 1; phase <= static_cast<unsigned>(NftPhase::OtherAnswered); ++phase) {
        for (unsigned bits = 0; bits < 16; ++bits) {
            const NftFlowWord word{.phase = static_cast<NftPhase>(phase),
                                   .is_begun_inbound = (bits & 1) != 0,
                                   .is_closed_inbound = (bits & 2) != 0,
                                   .is_service = (bits & 4) != 0,
                                   .counts = (bits & 8) != 0};
            if (is_possible(word)) {
                words.push_back(word);
            }
        }
    }
    return words;
}

// The states of 7.6 once one side has sent FIN.
NftPhase next_while_closing(NftPhase phase, bool is_of_closer, bool is_fin) {
    if (phase == NftPhase::FinWait && !is_of_closer) {
        return is_fin ? NftPhase::LastAck : NftPhase::CloseWait;
    }
    if (phase == NftPhase::CloseWait && !is_of_closer && is_fin) {
        return NftPhase::LastAck;
    }
    return phase == NftPhase::LastAck && is_of_closer && !is_fin ? NftPhase::TimeWait : phase;
}

// ACK and FIN+ACK; of a flow that was picked up, SYN+ACK too.
void step(NftFlowWord& word, std::uint8_t flags, bool is_inbound) {
    const bool is_of_opener = is_inbound == word.is_begun_inbound;
    const bool is_fin = flags == kNftFinAck;
    const bool is_answered_pick_up = word.phase == NftPhase::PickedUp && !is_of_opener;
    const bool is_open = word.phase == NftPhase::SynReceived || word.phase == NftPhase::Established || is_answered_pick_up;
    if (is_open && is_fin) {
        word.phase = NftPhase::FinWait;
        word.is_closed_inbound = is_inbound;
    } else if (is_answered_pick_up || (word.phase == NftPhase::SynReceived && is_of_opener)) {
        word.phase = NftPhase::Established;
    } else if (is_closing(word.phase)) {
        word.phase = next_while_closing(word.phase, is_inbound == word.is_closed_inbound, is_fin);
        word.is_closed_inbound = word.is_closed_inbound && is_closing(word.phase);
    }
}

NftFlowWord next_of_segment(NftFlowWord word, std::uint8_t flags, bool is_inbound) {
    const bool is_of_opener = is_inbound == word.is_begun_inbound;
    if (is_reset(flags)) {
        return word;
    }
    if (word.phase == NftPhase::SynSent && (flags == kNftSyn || flags == kNftSynAck)) {
        word.phase = is_of_opener ? NftPhase::SynSent : NftPhase::SynReceived;
    } else if (flags != kNftSyn && (flags != kNftSynAck || word.phase == NftPhase::PickedUp)) {
        step(word, flags, is_inbound);
    }
    return word;
}

NftForm form_of(NftPhase phase) {
    if (is_tcp(phase)) {
        return NftForm::Tcp;
    }
    if (phase <= NftPhase::UdpStream) {
        return NftForm::Udp;
    }
    return phase <= NftPhase::IcmpAnswered ? NftForm::Icmp : NftForm::Other;
}

struct Question {
    NftFlowWord word;
    std::uint8_t flags = 0;
};

std::vector<Question> all_questions() {
    std::vector<Question> questions;
    for (const NftFlowWord& word : all_words()) {
        if (!is_tcp(word.phase)) {
            questions.push_back({.word = word});
            continue;
        }
        for (const std::uint8_t flags : {kNftSyn, kNftSynAck, kNftAck, kNftFinAck, kNftRst, kNftRstAck}) {
            questions.push_back({.word = word, .flags = flags});
        }
    }
    return questions;
}

// Once for a table: there are thousands of questions, and every lane of every port asks for the name.
template <class Answer>
std::string add_map(NftBuilder& bridge, const std::string& stem, const Answer& answer) {
    return bridge.once(stem, [&] {
        NftSet map{.name = stem, .kind = NftSet::Kind::DataMap, .key = {NftType::Word, NftType::Byte}, .data = NftType::Word};
        for (const Question& question : all_questions()) {
            map.elements.push_back({.from = nft_key({nft_u32(question.word.number()), nft_u8(question.flags)}),
                                    .to = {},
                                    .verdict = {},
                                    .data = nft_u32(answer(question)),
                                    .comment = {}});
        }
        return bridge.set(std::move(map));
    });
}

}  // namespace

std::uint32_t NftFlowWord::number() const {
    return static_cast<std::uint32_t>(phase) | (is_begun_inbound ? kNftBegunInboundBit : 0) | (is_closed_inbound ? kClosedInboundBit : 0) |
           (is_service ? kNftServiceBit : 0) | (counts ? kCountsBit : 0) | (is_cut ? kNftCutBit : 0);
}

std::optional<NftFlowWord> NftFlowWord::of(std::uint32_t number) {
    const NftFlowWord word{.phase = static_cast<NftPhase>(number & kNftPhaseBits),
                           .is_begun_inbound = (number & kNftBegunInboundBit) != 0,
                           .is_closed_inbound = (number & kClosedInboundBit) != 0,
                           .is_service = (number & kNftServiceBit) != 0,
                           .counts = (number & kCountsBit) != 0,
                           .is_cut = (number & kNftCutBit) != 0};
    const bool has_phase = word.phase >= NftPhase::SynSent && word.phase <= NftPhase::OtherAnswered;
    return has_phase && is_possible(word) && word.number() == number ? std::optional(word) : std::nullopt;
}

bool is_half_open(NftPhase phase) {
    return phase == NftPhase::SynSent || phase == NftPhase::PickedUp || phase == NftPhase::Udp || phase == NftPhase::Icmp ||
           phase == NftPhase::Other;
}

NftIdle idle_of(NftPhase phase) {
    switch (phase) {
        case NftPhase::SynSent:
        case NftPhase::PickedUp:
        case NftPhase::FinWait:
        case NftPhase::TimeWait:
            return NftIdle::Seconds120;
        case NftPhase::SynReceived:
        case NftPhase::CloseWait:
            return NftIdle::Seconds60;
        case NftPhase::Established:
            return NftIdle::Established;
        case NftPhase::Udp:
            return NftIdle::Udp;
        case NftPhase::UdpStream:
            return NftIdle::UdpStream;
        case NftPhase::Other:
        case NftPhase::OtherAnswered:
            return NftIdle::Seconds600;
        case NftPhase::LastAck:
        case NftPhase::Icmp:
        case NftPhase::IcmpAnswered:
            break;
    }
    return NftIdle::Seconds30;
}

NftFlowWord next_word(NftFlowWord word, std::uint8_t flags, Direction direction) {
    const bool is_inbound = direction == Direction::Inbound;
    if (is_tcp(word.phase)) {
        return next_of_segment(word, flags, is_inbound);
    }
    if (is_half_open(word.phase) && is_inbound != word.is_begun_inbound) {
        word.phase = static_cast<NftPhase>(static_cast<unsigned>(word.phase) + 1);
    }
    return word;
}

NftFlowStep step_of(const NftFlowWord& word, std::uint8_t flags, Direction direction) {
    using Kind = NftFlowStep::Kind;
    if (is_tcp(word.phase) && is_reset(flags)) {
        return {};
    }
    const NftFlowWord next = next_word(word, flags, direction);
    const NftIdle idle = idle_of(next.phase);
    if (!is_half_open(word.phase)) {
        return {.kind = next == word ? Kind::Refresh : Kind::Change, .idle = idle};
    }
    if (!is_half_open(next.phase)) {
        return {.kind = Kind::Answer, .idle = idle};
    }
    return {.kind = word.is_service ? Kind::TouchService : Kind::Touch, .idle = idle};
}

std::vector<NftFlowStep> nft_all_steps(NftForm form, Direction direction, bool is_half_open_flow) {
    std::set<NftFlowStep> steps;
    for (const Question& question : all_questions()) {
        if (form_of(question.word.phase) == form && is_half_open(question.word.phase) == is_half_open_flow) {
            steps.insert(step_of(question.word, question.flags, direction));
        }
    }
    return {steps.begin(), steps.end()};
}

std::string nft_next_words(NftBuilder& bridge, Direction direction) {
    return add_map(bridge, direction == Direction::Outbound ? "flow-next-out" : "flow-next-in",
                   [&](const Question& question) { return next_word(question.word, question.flags, direction).number(); });
}

std::string nft_flow_steps(NftBuilder& bridge, Direction direction) {
    return add_map(bridge, direction == Direction::Outbound ? "flow-steps-out" : "flow-steps-in",
                   [&](const Question& question) { return step_of(question.word, question.flags, direction).number(); });
}

}  // namespace portcullis
