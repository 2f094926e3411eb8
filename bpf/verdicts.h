/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verdicts that a flow's word holds for one epoch of its port: computed afresh for the first packet of each direction after a change, and whenever
 * a packet came another way than the one before.
 */
#pragma once
#include "bpf/conntrack.h"
#include "bpf/nacl.h"
#include "bpf/security_group.h"

static __always_inline bool is_known(const struct gate *gate, __u64 word)
{
	if (gate->at->direction == PC_OUTBOUND)
		return word & WORD_FLAG(PC_FLOW_OUT_KNOWN);
	return word_entrance(word) == gate->at->entrance;
}

static __always_inline void note_acl_rule(const struct gate *gate, const struct tracked *tracked, __u32 rule)
{
	struct pc_flow *flow = tracked->flow;
	__u32 *noted = gate->at->direction == PC_OUTBOUND ? &flow->acl_rule[PC_OUTBOUND] : &flow->acl_rule[PC_INBOUND];
	__u32 before = READ_ONCE(*noted);

	barrier_var(noted);
	if (before != rule && is_still_own(tracked))
		__sync_val_compare_and_swap(noted, before, rule);
}

/* 7.8: whether an end of the flow has left the model, or become another's, by the change in progress. */
static __noinline bool has_departed(const struct gate *gate, const struct packet *packet)
{
	__u32 zone = gate->view->zone;

	if (packet->family == PC_IPV4)
		return has_departed4(zone, packet->source.v4) || has_departed4(zone, packet->destination.v4);
	return has_departed6(zone, packet->source.v6) || has_departed6(zone, packet->destination.v6);
}

/* Whether a flow that an entry stands for is gone all the same. Asked when the epoch of its port has changed. */
static __always_inline bool is_gone(const struct gate *gate, const struct packet *packet, __u64 word)
{
	return has_departed(gate, packet) || ((word & WORD_FLAG(PC_FLOW_SERVICE)) && !is_listed_remote(gate, packet));
}

/* 7.8, OnRevoke "cut": do the groups admit the packet that opened the flow, today? It has the view alone, to spare the stack. */
__noinline int is_still_admitted(struct gate_numbers *at, const struct packet *packet, __u64 word)
{
	struct remote remote = {}; /* verifiers before 6.3 give a global function no memory that nothing was written to */
	struct place place = {};
	struct query query = {};
	bool was_in = word & WORD_FLAG(PC_FLOW_STARTED_IN);

	if (!at || !packet)
		return 0;
	__u32 slot = at->slot;
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);
	if (!port)
		return 0;
	const struct pc_port_view *view = PC_VERSION(port->view, at->parity);
	query.policy = was_in ? view->group_policy[PC_INBOUND] : view->group_policy[PC_OUTBOUND];
	query.family = packet->family;
	query.parity = place.parity = at->parity;
	place.zone = view->zone;
	if (packet->message != MESSAGE_DATA)
		query.subject = subject_of(packet->protocol, (__u32)packet->query_type << 8);
	else /* the port that the first packet went to: it went the way of this one, or the other */
		query.subject = subject_of(packet->protocol, bpf_ntohs(was_in == (at->direction == PC_INBOUND) ? packet->destination_port
													       : packet->source_port));
	const union address *address = remote_address(at, packet);
	find_owner(packet, address, &place, &remote);
	query.interface = word & WORD_FLAG(PC_FLOW_COUNTS) ? remote.interface : 0;
	return admits(decide_policy(address, &query));
}

static __always_inline enum pc_reason judge_flow_policy(const struct gate *gate, const struct packet *packet, __u64 word)
{
	struct host_query query = {
		.is_begun_inbound = word & WORD_FLAG(PC_FLOW_STARTED_IN),
		.is_service = word & WORD_FLAG(PC_FLOW_SERVICE),
	};

	if (gate->at->direction == PC_INBOUND && query.is_service && !is_service_origin(gate))
		return PC_REASON_service_origin;
	return judge_host_policy(gate, packet, &query);
}

/* The word with what it did not know for this packet; `*rule`: of the ACL. */
__noinline __u64 completed_word(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u64 word, __u32 *rule)
{
	struct remote remote = {}; /* verifiers before 6.3 give a global function no memory that nothing was written to */
	struct gate gate;
	__u32 verdict = 0;

	if (!packet || !rule || !reopen(&gate, skb, numbers))
		return word;
	*rule = 0;
	resolve(&gate, packet, &remote);
	if ((word & WORD_FLAG(PC_FLOW_SERVICE)) || judge_acl(&gate, packet, &remote, rule) == PC_REASON_passed)
		verdict |= PC_FLOW_ACL_OUT;
	if (judge_flow_policy(&gate, packet, word) == PC_REASON_passed)
		verdict |= PC_FLOW_POLICY_OUT;
	return word_with_verdict(word, gate.at->direction, verdict, gate.at->entrance);
}

/* Whether a flow that an entry stands for is gone all the same (7.8, 5.5). */
__noinline int is_flow_gone(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u64 word)
{
	struct gate gate;

	if (!packet || !reopen(&gate, skb, numbers))
		return 1;
	return word_epoch(word) != gate.view->epoch && is_gone(&gate, packet, word);
}

/* Stage 4. An enum pc_reason. */
__noinline int reason_of_binding(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet)
{
	struct gate gate;

	if (!packet || !reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	return check_binding(&gate, packet);
}

static __always_inline __u64 begin_epoch(const struct gate *gate, const struct packet *packet, __u64 word)
{
	bool is_bound = !is_local_to_group(gate, packet) && reason_of_binding(gate->skb, gate->at, packet) == PC_REASON_passed;
	__u32 flags = is_bound ? PC_FLOW_BOUND : 0;

	if (!(gate->view->flags & PC_PORT_CUT) || (word & WORD_FLAG(PC_FLOW_SERVICE)) || is_still_admitted(gate->at, packet, word))
		flags |= PC_FLOW_GROUPS;
	return word_of_epoch(word, gate->view->epoch, flags);
}

/* Computes what the word does not know yet for this packet. False: the flow is gone, or its entry changed meanwhile. */
static __always_inline bool complete_word(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	__u64 word = tracked->word;
	__u32 rule = 0;

	if (is_flow_gone(gate->skb, gate->at, packet, word)) {
		end_flow(gate, packet, tracked);
		return false;
	}
	if (word_epoch(word) != gate->view->epoch)
		word = begin_epoch(gate, packet, word);
	if (!swap_word(tracked, completed_word(gate->skb, gate->at, packet, word, &rule)))
		return false;
	PC_STALL(STALL_RULE);
	note_acl_rule(gate, tracked, rule);
	return true;
}

/* Why host policies, or the origin of a service's answer, stop a packet of a live flow. An enum pc_reason. */
__noinline int reason_of_policy(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u64 word)
{
	struct gate gate;

	if (!packet || !reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	enum pc_reason reason = judge_flow_policy(&gate, packet, word);
	if (!reason)
		return PC_REASON_inconsistent;
	return reason;
}
