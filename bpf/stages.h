/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 4 to 8 for a packet that the earlier stages let through, with its flow and without one.
 *
 * Outbound: 4 source binding, 5 services, 6 host policies, 7 groups with state, 8 ACL. Inbound: 4 destination binding, 5 services, 6 host policies, 8 ACL, 7
 * groups with state. The reason is that of the first stage that drops; state is written after the last one (docs/semantics.md 1).
 */
#pragma once
#include "bpf/denials.h"
#include "bpf/fragments.h"
#include "bpf/icmp_error.h"
#include "bpf/rate.h"
#include "bpf/untracked.h"
#include "bpf/verdicts.h"

#define ICMP_ERRORS_PER_WINDOW 100

/* ---- with a flow --------------------------------------------------------------------------------------------------------------------- */

#define SYN_COUNTS 0x100 /* beside the reason: its remote counts as an interface's */

/* A bare SYN on the flow of the word is judged by stages 6 and 7 of today as a new flow's would be (7.6). */
__noinline int judge_syn(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u64 word)
{
	struct remote remote = {}; /* verifiers before 6.3 give a global function no memory that nothing was written to */
	struct gate gate;
	__u32 rule;

	if (!packet || !reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	if (numbers->direction == PC_INBOUND && (word & WORD_FLAG(PC_FLOW_SERVICE)))
		return PC_REASON_service_origin; /* it is no answer */
	struct host_query query = {.is_service = (word & WORD_FLAG(PC_FLOW_SERVICE)) && is_listed_service(&gate, packet)};
	enum pc_reason reason = judge_host_policy(&gate, packet, &query);
	if (reason)
		return reason;
	resolve(&gate, packet, &remote);
	if (!query.is_service)
		reason = judge_groups(&gate, packet, &remote, &rule);
	if (reason)
		return reason;
	return remote.interface ? SYN_COUNTS : PC_REASON_passed;
}

/* Stages 4 to 7 by the verdicts in the word, which are known. */
static __always_inline enum pc_reason judge_by_word(const struct gate *gate, const struct packet *packet, const struct tracked *tracked)
{
	__u64 word = tracked->word;
	bool is_outbound = gate->at->direction == PC_OUTBOUND;

	if (unlikely((gate->view->flags & PC_PORT_ANY_ADDRESS) || !(word & WORD_FLAG(PC_FLOW_BOUND)))) {
		enum pc_reason reason = reason_of_binding(gate->skb, gate->at, packet);
		if (reason)
			return reason;
	}
	if (unlikely(!(word & (is_outbound ? WORD_FLAG(PC_FLOW_POLICY_OUT) : WORD_FLAG(PC_FLOW_POLICY_IN)))))
		return reason_of_policy(gate->skb, gate->at, packet, word);
	if (!is_outbound && !(word & WORD_FLAG(PC_FLOW_ACL_IN)))
		return PC_REASON_network_acl;
	return likely(word & WORD_FLAG(PC_FLOW_GROUPS)) ? PC_REASON_passed : PC_REASON_security_group;
}

static __always_inline enum pc_reason admit_tracked(const struct gate *gate, const struct packet *packet, struct tracked *tracked,
						    bool counts)
{
	__u64 words[2] = {tracked->word, advance(gate, packet, tracked, counts)};

	if (unlikely(becomes_answered(words[0], words[1]))) {
		enum pc_reason reason = swap_to_answered(gate, tracked, words[1]);
		if (reason)
			return reason;
	} else if (unlikely(!swap_word(tracked, words[1]))) {
		return PC_REASON_flow_busy;
	}
	PC_STALL(STALL_SEQUENCES);
	if (packet->protocol == IPPROTO_TCP)
		note_sequence(gate, packet, tracked, words);
	PC_STALL(STALL_REFRESH);
	if (!(packet->tcp_flags & TCP_RST))
		note_time(gate, tracked);
	count_packet(gate, tracked);
	return PC_REASON_passed;
}

/* A packet of a live flow. flow_busy: the entry changed meanwhile, look again. */
static __always_inline enum pc_reason judge_tracked(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	bool counts = false;

	if (unlikely(word_epoch(tracked->word) != gate->view->epoch || !is_known(gate, tracked->word))) {
		if (!complete_word(gate, packet, tracked))
			return PC_REASON_flow_busy;
	}
	enum pc_reason reason = judge_by_word(gate, packet, tracked);
	if (reason)
		return reason;
	if (unlikely(is_bare_syn(packet)) && !is_simultaneous_open(gate, tracked->word)) {
		int judged = judge_syn(gate->skb, gate->at, packet, tracked->word);
		if (judged & 0xff)
			return judged;
		counts = judged;
	}
	if (gate->at->direction == PC_OUTBOUND && !(tracked->word & WORD_FLAG(PC_FLOW_ACL_OUT)))
		return PC_REASON_network_acl;
	return admit_tracked(gate, packet, tracked, counts);
}

/* ---- without one --------------------------------------------------------------------------------------------------------------------- */

/* 7.4: what a packet without a flow may do. */
static __always_inline bool needs_flow(const struct packet *packet)
{
	if (packet->message == MESSAGE_REPLY)
		return true;
	return packet->protocol == IPPROTO_TCP && packet->fragment != FRAGMENT_LATER &&
	       ((packet->tcp_flags & TCP_RST) || (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK));
}

static __always_inline bool opens_flow(const struct packet *packet)
{
	if (packet->message == MESSAGE_ALONE || packet->message == MESSAGE_ERROR || packet->fragment == FRAGMENT_LATER)
		return false;
	return packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & TCP_FIN);
}

/* Stage 7. */
static __always_inline enum pc_reason judge_state(const struct gate *gate, const struct packet *packet, struct opening *opening,
						  const struct remote *remote, __u32 *rule)
{
	if (opening->is_related)
		return PC_REASON_passed;
	if (!opening->is_service && packet->fragment != FRAGMENT_LATER && packet->message == MESSAGE_DATA &&
	    passes_untracked(gate, packet)) {
		opening->is_untracked = true;
		return PC_REASON_passed;
	}
	if (needs_flow(packet))
		return PC_REASON_no_flow;
	if (opening->is_service)
		return PC_REASON_passed;
	if (opening->is_unrelated)
		return may_pass_at_rate(gate, PC_RATE_ICMP_ERROR, ICMP_ERRORS_PER_WINDOW) ? PC_REASON_passed : PC_REASON_rate_limited;
	return judge_groups(gate, packet, remote, rule);
}

static __always_inline enum pc_reason judge_acl_of(const struct gate *gate, const struct packet *packet, const struct remote *remote,
						   struct opening *opening)
{
	__u32 rule = 0;
	enum pc_reason reason = judge_acl(gate, packet, remote, &rule);

	if (gate->at->direction == PC_OUTBOUND)
		opening->acl_rule[PC_OUTBOUND] = rule;
	else
		opening->acl_rule[PC_INBOUND] = rule;
	return reason;
}

static __always_inline __u64 opening_word(const struct gate *gate, const struct packet *packet, const struct opening *opening, bool counts)
{
	__u32 flags = (is_local_to_group(gate, packet) ? 0 : PC_FLOW_BOUND) | PC_FLOW_GROUPS |
		      (gate->at->direction == PC_OUTBOUND ? 0 : PC_FLOW_STARTED_IN) | (opening->is_service ? PC_FLOW_SERVICE : 0) |
		      (counts ? PC_FLOW_COUNTS : 0);

	return word_with_verdict(make_word(0, gate->view->epoch, opening_state(packet), flags), gate->at->direction,
				 PC_FLOW_ACL_OUT | PC_FLOW_POLICY_OUT, gate->at->entrance);
}

/* Stages 4 to 8; what they find is left in `opening`, should a flow be opened. */
static __always_inline enum pc_reason judge_at(const struct gate *gate, const struct packet *packet, struct opening *opening)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	struct host_query query = {
		.is_begun_inbound = opening->is_begun_inbound,
		.is_related = opening->is_related,
		.has_no_ports = packet->fragment == FRAGMENT_LATER,
	};
	struct remote remote = {};
	enum pc_reason reason = check_binding(gate, packet);

	if (reason)
		return reason;
	/* 5.4: it would open a flow on which the instance's own question, and its forged answer, could ride */
	if (!is_outbound && !is_service_origin(gate) && is_listed_remote(gate, packet))
		return PC_REASON_service_origin;
	query.is_service = opening->is_service = is_listed_service(gate, packet);
	reason = judge_host_policy(gate, packet, &query);
	if (reason)
		return reason;
	resolve(gate, packet, &remote);
	if (!is_outbound) {
		reason = judge_acl_of(gate, packet, &remote, opening);
		if (reason)
			return reason;
	}
	reason = judge_state(gate, packet, opening, &remote, &opening->group_rule);
	if (reason)
		return reason;
	if (is_outbound && !opening->is_service)
		reason = judge_acl_of(gate, packet, &remote, opening);
	opening->word = opening_word(gate, packet, opening, remote.interface);
	return reason;
}

/* An enum pc_reason. */
__noinline int judge_rules(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, struct opening *opening)
{
	struct gate gate;

	if (!packet || !opening || !reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	return judge_at(&gate, packet, opening);
}

/* A packet without a live flow. flow_busy: another CPU opened one meanwhile, look again. */
static __noinline enum pc_reason judge_untracked(const struct gate *gate, const struct packet *packet)
{
	struct opening opening = {};
	enum pc_reason reason = judge_rules(gate->skb, gate->at, packet, &opening);

	if (reason && is_lasting(gate, packet, reason))
		remember_denial(gate->at, packet, &opening, reason);
	if (reason || opening.is_untracked || !opens_flow(packet))
		return reason;
	reason = take_room(gate->skb, gate->at, word_flags(opening.word));
	if (!reason && !opening.is_service)
		reason = queue_flow(gate->at, packet);
	if (!reason)
		reason = open_flow(gate->at, packet, &opening);
	return reason;
}

/* ---- ICMP errors ------------------------------------------------------------------------------------------------------------------------ */

static __always_inline bool has_end_departed(const struct gate *gate, const struct quoted *quoted)
{
	__u32 zone = gate->view->zone;

	if (quoted->family == PC_IPV4)
		return has_departed4(zone, quoted->key.v4.local) || has_departed4(zone, quoted->key.v4.remote);
	return has_departed6(zone, quoted->key.v6.local) || has_departed6(zone, quoted->key.v6.remote);
}

/* Whether the quoted packet's remote end is a listed service. */
static __noinline bool is_service_listed(const struct gate *gate, const struct quoted *quoted)
{
	struct pc_service_key key = {.kind = PC_SERVICE_LISTED, .protocol = quoted->ways.protocol};

	if (!(gate->view->flags & PC_PORT_HAS_SERVICES))
		return false;
	if (key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP)
		key.port = quoted->ways.remote_port;
	map_address(key.address, quoted->family, &quoted->ways.remote);
	return has_service(gate, &key);
}

/* Whether the quoted packet is of a live flow: then what is to be known of it is left in `opening`. */
static __always_inline bool is_of_live_flow(const struct gate *gate, const struct quoted *quoted, struct opening *opening)
{
	__u64 word = 0;
	bool is_moving;
	const struct pc_flow *flow = look_up(&quoted->key, quoted->family, quoted->tag, &word, &is_moving);

	if (!flow || is_moving || ((word ^ quoted->tag) & PC_WORD_TAG_MASK) || word_state(word) == PC_FLOW_DEAD)
		return false;
	__u64 seen = READ_ONCE(flow->seen);
	if ((seen ^ quoted->tag) >> 32 || is_over(gate->view, seen, word_state(word), gate->at->now))
		return false;
	if (word_epoch(word) != gate->view->epoch &&
	    (((word & WORD_FLAG(PC_FLOW_SERVICE)) && !is_service_listed(gate, quoted)) || has_end_departed(gate, quoted)))
		return false;
	opening->is_begun_inbound = !!(word & WORD_FLAG(PC_FLOW_STARTED_IN));
	return true;
}

/* What an error's quote makes of it. Not global, since Linux 6.1 takes keys from the stack alone. */
static __noinline int relate(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *error, const struct quoted *quoted,
			     struct opening *opening)
{
	struct gate gate;

	if (!quoted || !opening || !reopen(&gate, skb, numbers) || (gate.view->flags & PC_PORT_STRICT_ICMP))
		return 0;
	if (numbers->direction == PC_OUTBOUND && !is_own(&gate, error, &error->source))
		return 0;
	opening->is_related = is_of_live_flow(&gate, quoted, opening);
	if (opening->is_related || !gate.view->wide)
		return 0;
	if (numbers->direction == PC_OUTBOUND || !is_service_listed(&gate, quoted)) /* service packets are never untracked */
		opening->is_unrelated = is_untracked(&gate, quoted->family, &quoted->ways);
	return 0;
}

/* Leaves in `opening` what the error's quote makes of it. */
__noinline int relate_error(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, struct opening *opening)
{
	struct quoted quoted = {};

	if (!numbers || !packet || !opening || !read_quote(skb, numbers, packet, &quoted))
		return 0;
	relate(skb, numbers, packet, &quoted, opening);
	if (!is_too_big(packet))
		opening->is_unrelated = 0;
	return 0;
}

static __noinline enum pc_reason judge_error(const struct gate *gate, const struct packet *packet)
{
	struct opening opening = {};

	relate_error(gate->skb, gate->at, packet, &opening);
	return judge_rules(gate->skb, gate->at, packet, &opening);
}

/* ---- all ------------------------------------------------------------------------------------------------------------------------------ */

#define REASON_ABSENT 0x100 /* instead of a reason: no live flow, no memory of the first fragment */

/* 9.3: what the memory says of a later fragment; an enum pc_reason or REASON_ABSENT. */
__noinline int recall_first(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet)
{
	struct gate gate;

	if (!packet || !reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	enum pc_reason reason = check_binding(&gate, packet);
	if (reason)
		return reason;
	return was_first_admitted(&gate, packet) ? PC_REASON_passed : REASON_ABSENT;
}

static __noinline enum pc_reason judge_later_fragment(const struct gate *gate, const struct packet *packet)
{
	struct opening opening = {};
	int reason = recall_first(gate->skb, gate->at, packet);

	return reason == REASON_ABSENT ? judge_rules(gate->skb, gate->at, packet, &opening) : reason;
}

/* A packet that may have a flow. flow_busy: look again. */
static __noinline int judge_flow(const struct gate *gate, const struct packet *packet)
{
	struct tracked tracked = {};

	tracked.tag = make_key(&packet->ends, &tracked.key, gate->at->tag_seed, gate->at->direction, gate->at->port_id);
	enum presence presence = find_flow(gate, packet, &tracked);
	if (likely(presence == FLOW_LIVE))
		return judge_tracked(gate, packet, &tracked);
	return presence == FLOW_ABSENT ? REASON_ABSENT : PC_REASON_flow_busy;
}

#define FLOW_ATTEMPTS 3

static __always_inline enum pc_reason judge_with_flow(const struct gate *gate, const struct packet *packet)
{
	for (int attempt = 0; attempt < FLOW_ATTEMPTS; attempt++) {
		int reason = packet->is_flowless && !attempt ? REASON_ABSENT : judge_flow(gate, packet);

		if (reason == REASON_ABSENT)
			reason = judge_untracked(gate, packet);
		if (reason != PC_REASON_flow_busy)
			return reason;
	}
	return PC_REASON_flow_busy;
}

static __always_inline enum pc_reason judge_stateful(const struct gate *gate, const struct packet *packet)
{
	if (unlikely(packet->fragment == FRAGMENT_LATER))
		return judge_later_fragment(gate, packet);
	if (packet->message == MESSAGE_ERROR)
		return judge_error(gate, packet);
	if (packet->message == MESSAGE_ALONE)
		return judge_untracked(gate, packet);
	return judge_with_flow(gate, packet);
}
