// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluate/tcp.h"

#include <algorithm>

namespace portcullis {
namespace {

TcpSide& side_of(Flow& flow, Direction direction) { return flow.sides[static_cast<std::size_t>(direction)]; }

// What the acknowledgement of a segment says its side expects.
void note_acknowledgement(Flow& flow, Direction from, const TcpSegment& segment) {
    TcpSide& side = side_of(flow, from);
    const bool is_scaled = !segment.has_syn() && side.shift && side_of(flow, opposite(from)).shift;
    side.expected = segment.acknowledgement;
    side.window = std::uint32_t{segment.window} << (is_scaled ? *side.shift : 0);
}

// What a SYN or SYN+ACK that begins something says: its shift, and what the other side will expect.
void note_beginning(Flow& flow, Direction from, const TcpSegment& segment) {
    side_of(flow, from).shift = segment.shift;
    side_of(flow, opposite(from)).expected = segment.sequence + 1;
    side_of(flow, opposite(from)).window = 0;
}

bool is_acceptable_reset(Flow& flow, Direction from, const TcpSegment& segment) {
    if (flow.phase == FlowPhase::SynSent && from != flow.opener) {
        const TcpSide& own = side_of(flow, from);
        return segment.kind == TcpKind::RstAck && own.expected == segment.acknowledgement;
    }
    const TcpSide& other = side_of(flow, opposite(from));
    return other.expected && segment.sequence - *other.expected < std::max<std::uint32_t>(other.window, 1);
}

bool is_renewed_by(const Flow& flow, Direction from, const TcpSegment& segment) {
    return segment.kind == TcpKind::SynAck && flow.renewal && flow.renewal->side != from && flow.phase != FlowPhase::SynSent;
}

void renew(Flow& flow, Direction from, const TcpSegment& answer) {
    const Renewal renewal = *flow.renewal;
    flow.phase = FlowPhase::SynReceived;
    flow.opener = renewal.side;
    flow.counts = renewal.counts;
    flow.renewal.reset();
    note_beginning(flow, from, answer);
    side_of(flow, renewal.side).shift = renewal.shift;
    note_acknowledgement(flow, from, answer);
}

void close_from(Flow& flow, Direction from) {
    flow.phase = FlowPhase::FinWait;
    flow.closer = from;
}

// States once one side has sent FIN.
FlowPhase next_while_closing(const Flow& flow, Direction from, bool is_fin) {
    const bool is_of_closer = from == flow.closer;
    switch (flow.phase) {
        case FlowPhase::FinWait:
            if (is_of_closer) {
                return flow.phase;
            }
            return is_fin ? FlowPhase::LastAck : FlowPhase::CloseWait;
        case FlowPhase::CloseWait:
            return is_fin && !is_of_closer ? FlowPhase::LastAck : flow.phase;
        case FlowPhase::LastAck:
            return is_of_closer && !is_fin ? FlowPhase::TimeWait : flow.phase;
        default:
            return flow.phase;
    }
}

// States of ACK and FIN+ACK; of a SYN+ACK only in a flow that was picked up.
void step(Flow& flow, Direction from, TcpKind kind) {
    const bool is_of_opener = from == flow.opener;
    const bool is_fin = kind == TcpKind::FinAck;
    const bool is_answered_pick_up = flow.phase == FlowPhase::PickedUp && !is_of_opener;
    const bool is_open = flow.phase == FlowPhase::SynReceived || flow.phase == FlowPhase::Established || is_answered_pick_up;
    if (is_open && is_fin) {
        close_from(flow, from);
    } else if (is_answered_pick_up || (flow.phase == FlowPhase::SynReceived && is_of_opener)) {
        flow.phase = FlowPhase::Established;
    } else {
        flow.phase = next_while_closing(flow, from, is_fin);
    }
}

}  // namespace

std::optional<Flow> opened_by_segment(Flow flow, const TcpSegment& segment) {
    const Direction from = flow.opener;
    if (segment.kind == TcpKind::Syn) {
        flow.phase = FlowPhase::SynSent;
        note_beginning(flow, from, segment);
        return flow;
    }
    if (segment.kind != TcpKind::Ack) {
        return std::nullopt;
    }
    flow.phase = FlowPhase::PickedUp;
    note_acknowledgement(flow, from, segment);
    side_of(flow, opposite(from)).expected = segment.sequence + segment.length;
    return flow;
}

Flow advanced_by_segment(Flow flow, Direction from, const TcpSegment& segment, bool counts) {
    if (segment.is_reset()) {
        if (is_acceptable_reset(flow, from, segment)) {
            flow.phase = FlowPhase::Close;
        }
        return flow;
    }
    if (is_renewed_by(flow, from, segment)) {
        renew(flow, from, segment);
        return flow;
    }
    if (flow.phase == FlowPhase::SynSent && segment.has_syn()) {
        note_beginning(flow, from, segment);
        flow.phase = from == flow.opener ? FlowPhase::SynSent : FlowPhase::SynReceived;
    } else if (segment.kind == TcpKind::Syn) {
        flow.renewal = Renewal{.side = from, .counts = counts, .shift = segment.shift};
    } else if (segment.kind != TcpKind::SynAck || flow.phase == FlowPhase::PickedUp) {
        step(flow, from, segment.kind);
    }
    if (segment.kind != TcpKind::Syn) {
        note_acknowledgement(flow, from, segment);
    }
    return flow;
}

}  // namespace portcullis
