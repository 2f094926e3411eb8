/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a TCP segment makes of its flow (docs/semantics.md 7.6): states, renewing SYNs, and which RST closes. No segment is dropped here.
 */
#pragma once
#include "bpf/flow_key.h"
#include "bpf/flow_word.h"

static __always_inline bool is_bare_syn(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* The SYN of the side that did not open the flow while the opener's SYN is unanswered; or the opener's again. Both are judged by the flow alone, the
 * latter once more by the rules. */
static __always_inline bool is_simultaneous_open(const struct gate *gate, __u64 word)
{
	return word_state(word) == PC_FLOW_SYN_SENT && !is_from_opener(gate->at->direction, word);
}

#define EXPECT(number, window) ((__u64)(number) << 32 | (__u32)(window))

static __always_inline __u64 expected_of(const struct pc_flow *flow, __u32 direction)
{
	return direction == PC_OUTBOUND ? READ_ONCE(flow->expected[PC_OUTBOUND]) : READ_ONCE(flow->expected[PC_INBOUND]);
}

/* Whether an RST closes. Pre: the packet is one. */
static __always_inline bool is_acceptable_rst(const struct gate *gate, const struct packet *packet, const struct pc_flow *flow, __u64 word)
{
	bool is_answer = word_state(word) == PC_FLOW_SYN_SENT && !is_from_opener(gate->at->direction, word);
	__u64 other = expected_of(flow, !gate->at->direction);
	__u32 window = (__u32)other;

	if (is_answer) /* what the opener expects is not known yet */
		return (packet->tcp_flags & TCP_ACK) && packet->acknowledgement == expected_of(flow, gate->at->direction) >> 32;
	return packet->sequence - (__u32)(other >> 32) < (window ? window : 1);
}

/* A segment as the state machine sees it. */
#define SEGMENT_ACCEPTABLE 0x100u /* an RST that closes */
#define SEGMENT_COUNTS 0x200u     /* a bare SYN whose remote counts as an interface's */

static __always_inline __u64 renewed(__u64 word)
{
	bool is_in = word & WORD_FLAG(PC_FLOW_RENEW_IN);
	bool counts = word & WORD_FLAG(PC_FLOW_RENEW_COUNTS);

	word &= ~WORD_FLAG(PC_FLOW_STARTED_IN | PC_FLOW_COUNTS | PC_FLOW_CLOSER_IN | PC_FLOW_RENEW_OUT | PC_FLOW_RENEW_IN |
			   PC_FLOW_RENEW_COUNTS | PC_FLOW_OUT_KNOWN);
	word |= WORD_FLAG(PC_FLOW_GROUPS | PC_FLOW_ANSWERED | (is_in ? PC_FLOW_STARTED_IN : 0) | (counts ? PC_FLOW_COUNTS : 0));
	return with_state(word, PC_FLOW_SYN_RECEIVED);
}

static __always_inline __u64 awaiting_renewal(__u64 word, __u32 direction, __u32 segment)
{
	word &= ~WORD_FLAG(PC_FLOW_RENEW_OUT | PC_FLOW_RENEW_IN | PC_FLOW_RENEW_COUNTS);
	return word | WORD_FLAG((direction == PC_INBOUND ? PC_FLOW_RENEW_IN : PC_FLOW_RENEW_OUT) |
				(segment & SEGMENT_COUNTS ? PC_FLOW_RENEW_COUNTS : 0));
}

static __always_inline __u64 closing(__u64 word, __u32 direction)
{
	word &= ~WORD_FLAG(PC_FLOW_CLOSER_IN);
	return with_state(word | WORD_FLAG(direction == PC_INBOUND ? PC_FLOW_CLOSER_IN : 0), PC_FLOW_FIN_WAIT);
}

/* States once both sides have spoken. */
static __always_inline __u64 advance_answered(__u64 word, __u32 direction, bool is_fin)
{
	bool of_closer = (direction == PC_INBOUND) == !!(word & WORD_FLAG(PC_FLOW_CLOSER_IN));

	switch (word_state(word)) {
	case PC_FLOW_SYN_RECEIVED:
		if (is_fin)
			return closing(word, direction);
		return is_from_opener(direction, word) ? with_state(word, PC_FLOW_ESTABLISHED) : word;
	case PC_FLOW_ESTABLISHED:
		return is_fin ? closing(word, direction) : word;
	case PC_FLOW_FIN_WAIT:
		if (of_closer)
			return word;
		return with_state(word, is_fin ? PC_FLOW_LAST_ACK : PC_FLOW_CLOSE_WAIT);
	case PC_FLOW_CLOSE_WAIT:
		return is_fin && !of_closer ? with_state(word, PC_FLOW_LAST_ACK) : word;
	case PC_FLOW_LAST_ACK:
		return of_closer && !is_fin ? with_state(word, PC_FLOW_TIME_WAIT) : word;
	}
	return word;
}

/* The word after an admitted segment: its flags, SEGMENT_*. */
__noinline __u64 advance_tcp(__u64 word, __u32 direction, __u32 segment)
{
	bool from_opener = is_from_opener(direction, word);
	bool is_fin = segment & TCP_FIN;
	__u32 state = word_state(word);

	if (segment & TCP_RST)
		return segment & SEGMENT_ACCEPTABLE ? with_state(word, PC_FLOW_CLOSE) : word;
	if (segment & TCP_SYN) {
		if (state == PC_FLOW_SYN_SENT)
			return from_opener ? word : with_state(word | WORD_FLAG(PC_FLOW_ANSWERED), PC_FLOW_SYN_RECEIVED);
		if (!(segment & TCP_ACK))
			return awaiting_renewal(word, direction, segment);
		if (word & WORD_FLAG(direction == PC_INBOUND ? PC_FLOW_RENEW_OUT : PC_FLOW_RENEW_IN))
			return renewed(word);
		if (state != PC_FLOW_PICKED_UP)
			return word; /* a repeated answer */
	}
	if (!from_opener)
		word |= WORD_FLAG(PC_FLOW_ANSWERED);
	if (state == PC_FLOW_PICKED_UP) {
		if (from_opener)
			return word;
		return is_fin ? closing(word, direction) : with_state(word, PC_FLOW_ESTABLISHED);
	}
	return advance_answered(word, direction, is_fin);
}

/* ---- expectations ---------------------------------------------------------------------------------------------------------------------- */

static __always_inline void expect(const struct tracked *tracked, __u32 direction, __u64 value)
{
	struct pc_flow *flow = tracked->flow;
	__u64 *at = direction == PC_OUTBOUND ? &flow->expected[PC_OUTBOUND] : &flow->expected[PC_INBOUND];
	__u64 before = READ_ONCE(*at);

	barrier_var(at);
	if (before != value && is_still_own(tracked))
		__sync_val_compare_and_swap(at, before, value);
}

static __always_inline __u32 shift_field(const struct packet *packet)
{
	return packet->has_shift ? PC_SHIFT_KNOWN | packet->shift : 0;
}

static __always_inline __u32 shift_place(__u32 direction)
{
	return direction == PC_OUTBOUND ? PC_SHIFT_OUT : PC_SHIFT_IN;
}

static __always_inline __u32 with_shift(__u32 shifts, __u32 place, __u32 field)
{
	return (shifts & ~(0x1fu << place)) | field << place;
}

static __always_inline void set_shifts(const struct tracked *tracked, __u32 before, __u32 after)
{
	if (before != after && shifts_tag(before ^ tracked->tag) == 0)
		__sync_val_compare_and_swap(&tracked->flow->shifts, before, after);
}

/* The window of a segment without SYN. */
static __always_inline __u32 scaled(__u16 window, __u32 direction, __u32 shifts)
{
	__u32 out = shifts >> PC_SHIFT_OUT & 0x1f, in = shifts >> PC_SHIFT_IN & 0x1f;

	if (!(out & in & PC_SHIFT_KNOWN))
		return window;
	return (__u32)window << ((direction == PC_OUTBOUND ? out : in) & 0xf);
}

static __always_inline __u32 scaled_window(const struct packet *packet, __u32 direction, __u32 shifts)
{
	return packet->tcp_flags & TCP_SYN ? packet->window : scaled(packet->window, direction, shifts);
}

/* What an admitted segment with SYN tells: the shift of its side, and what the other side will acknowledge. */
static __always_inline void note_syn(const struct gate *gate, const struct packet *packet, const struct tracked *tracked,
				     const __u64 words[2])
{
	__u32 shifts = READ_ONCE(tracked->flow->shifts), place = shift_place(gate->at->direction);
	__u64 renewing = WORD_FLAG(PC_FLOW_RENEW_OUT | PC_FLOW_RENEW_IN);
	bool is_renewal = (words[0] & renewing) && !(words[1] & renewing);

	if (!is_renewal && word_state(words[0]) != PC_FLOW_SYN_SENT) {
		if (!(packet->tcp_flags & TCP_ACK))
			set_shifts(tracked, shifts, with_shift(shifts, PC_SHIFT_RENEW, shift_field(packet)));
		return;
	}
	__u32 after = with_shift(shifts, place, shift_field(packet));
	if (is_renewal) {
		after = with_shift(after, shift_place(!gate->at->direction), shifts >> PC_SHIFT_RENEW & 0x1f);
		after = with_shift(after, PC_SHIFT_RENEW, 0);
	}
	set_shifts(tracked, shifts, after);
	expect(tracked, !gate->at->direction, EXPECT(packet->sequence + 1, 0));
}

/* What an admitted segment of a live flow tells of sequence numbers; `words`: before and after it. */
static __always_inline void note_sequence(const struct gate *gate, const struct packet *packet, const struct tracked *tracked,
					  const __u64 words[2])
{
	if (packet->tcp_flags & TCP_RST)
		return;
	if (unlikely(packet->tcp_flags & TCP_SYN))
		note_syn(gate, packet, tracked, words);
	if (packet->tcp_flags & TCP_ACK)
		expect(tracked, gate->at->direction,
		       EXPECT(packet->acknowledgement, scaled_window(packet, gate->at->direction, READ_ONCE(tracked->flow->shifts))));
}

/* The same of the segment that opens a flow. */
static __always_inline void expect_at_opening(__u32 direction, const struct packet *packet, struct pc_flow *flow)
{
	bool is_syn = packet->tcp_flags & TCP_SYN;
	__u64 own = EXPECT(packet->acknowledgement, packet->window);
	__u64 other = EXPECT(packet->sequence + (is_syn ? 1 : packet->segment_length), 0);

	flow->expected[PC_OUTBOUND] = direction == PC_OUTBOUND ? own : other;
	flow->expected[PC_INBOUND] = direction == PC_OUTBOUND ? other : own;
	if (is_syn)
		flow->shifts = with_shift(flow->shifts, shift_place(direction), shift_field(packet));
}
