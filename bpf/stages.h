/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stages 4, 7 and 8 for a packet that the earlier stages let through, with its flow and without one.
 *
 * Outbound: 4 source binding, 7 groups with state, 8 ACL. Inbound: 4 destination binding, 8 ACL, 7 groups with state. The reason is that of the
 * first stage that drops; state is written after the last one (docs/semantics.md 1).
 */
#pragma once
#include "bpf/conntrack.h"
#include "bpf/nacl.h"
#include "bpf/security_group.h"

static __always_inline enum pc_reason check_binding(const struct gate *gate, const struct packet *packet)
{
	if (gate->direction == PC_OUTBOUND)
		return is_own(gate, packet, &packet->source) ? PC_REASON_passed : PC_REASON_source_address;
	return is_own(gate, packet, &packet->destination) ? PC_REASON_passed : PC_REASON_destination_address;
}

static __always_inline void resolve(const struct gate *gate, const struct packet *packet, struct remote *remote)
{
	struct place place = {.direction = gate->direction, .parity = gate->parity, .zone = gate->view->zone};

	find_remote(gate->skb, packet, &place, remote);
}

/* The entrance as the word holds it. An ifindex that does not fit is never cached. */
static __always_inline __u32 entrance_number(const struct gate *gate)
{
	return gate->skb->ingress_ifindex < PC_ENTRANCE_NONE ? gate->skb->ingress_ifindex : PC_ENTRANCE_NONE;
}

static __always_inline bool is_acl_known(const struct gate *gate, __u64 word)
{
	if (gate->direction == PC_OUTBOUND)
		return word & WORD_FLAG(PC_FLOW_ACL_OUT_KNOWN);
	return word_entrance(word) != PC_ENTRANCE_NONE && word_entrance(word) == gate->skb->ingress_ifindex;
}

static __always_inline void note_acl_rule(const struct gate *gate, struct pc_flow *flow, __u32 rule)
{
	if (gate->direction == PC_OUTBOUND)
		flow->acl_rule[PC_OUTBOUND] = rule;
	else
		flow->acl_rule[PC_INBOUND] = rule;
}

/* Computes what the word does not know yet for this packet: everything after a change of the port's epoch, the ACL of a direction at its
 * first packet. */
static __noinline bool complete_word(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	struct remote remote;
	__u64 word = tracked->word;
	__u32 rule = 0;

	if (word_epoch(word) != gate->view->epoch)
		word = word_of_epoch(word, gate->view->epoch, check_binding(gate, packet) == PC_REASON_passed);
	resolve(gate, packet, &remote);
	enum pc_reason reason = judge_acl(gate, packet, &remote, &rule);
	word = word_with_acl(word, gate->direction, reason == PC_REASON_passed, entrance_number(gate));
	if (!swap_word(tracked, word))
		return false;
	note_acl_rule(gate, tracked->flow, rule);
	return true;
}

/* A bare SYN is judged by the rules of today, live flow or not (7.5). */
static __noinline enum pc_reason judge_syn(const struct gate *gate, const struct packet *packet)
{
	struct remote remote;
	__u32 rule;

	resolve(gate, packet, &remote);
	return judge_groups(gate, packet, &remote, &rule);
}

/* A packet of a live flow. flow_busy: the entry changed meanwhile, look again. */
static __always_inline enum pc_reason judge_tracked(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	bool is_outbound = gate->direction == PC_OUTBOUND;

	/* an entrance too large to be cached is judged anew, into PC_FLOW_ACL_IN, for every packet */
	if (unlikely(word_epoch(tracked->word) != gate->view->epoch || !is_acl_known(gate, tracked->word))) {
		if (!complete_word(gate, packet, tracked))
			return PC_REASON_flow_busy;
	}
	__u64 word = tracked->word;
	if (unlikely(!(word & WORD_FLAG(PC_FLOW_BOUND))))
		return is_outbound ? PC_REASON_source_address : PC_REASON_destination_address;
	if (!is_outbound && !(word & WORD_FLAG(PC_FLOW_ACL_IN)))
		return PC_REASON_network_acl;
	if (unlikely(is_bare_syn(packet)) && !is_simultaneous_open(gate, word)) {
		enum pc_reason reason = judge_syn(gate, packet);
		if (reason)
			return reason;
	}
	if (is_outbound && !(word & WORD_FLAG(PC_FLOW_ACL_OUT)))
		return PC_REASON_network_acl;
	if (unlikely(!swap_word(tracked, advance(gate, packet, word))))
		return PC_REASON_flow_busy;
	refresh(gate, packet, tracked);
	return PC_REASON_passed;
}

/* Writes the first state of a flow: into an entry whose time was over, or a new one. */
static __noinline enum pc_reason open_flow(const struct gate *gate, const struct packet *packet, struct tracked *tracked,
					   struct pc_flow *flow)
{
	long error;

	flow->seen = (tracked->tag & 0xffffffff00000000ull) | gate->now;
	if (gate->direction == PC_OUTBOUND) {
		flow->packets[PC_OUTBOUND] = 1;
		flow->bytes[PC_OUTBOUND] = gate->skb->len;
	} else {
		flow->packets[PC_INBOUND] = 1;
		flow->bytes[PC_INBOUND] = gate->skb->len;
	}
	if (tracked->flow) {
		if (__sync_val_compare_and_swap(&tracked->flow->word, tracked->word, flow->word) != tracked->word)
			return PC_REASON_flow_busy;
		tracked->flow->seen = flow->seen;
		tracked->flow->group_rule = flow->group_rule;
		__builtin_memcpy(tracked->flow->packets, flow->packets, sizeof(flow->packets) + sizeof(flow->bytes));
		return PC_REASON_passed;
	}
	if (packet->family == PC_IPV4) {
		struct pc_flow4 entry = {.flow = *flow, .key = tracked->key.v4};

		error = bpf_map_update_elem(&pc_flows4, &tracked->key.v4, &entry, BPF_NOEXIST);
	} else {
		struct pc_flow6 entry = {.flow = *flow, .key = tracked->key.v6};

		error = bpf_map_update_elem(&pc_flows6, &tracked->key.v6, &entry, BPF_NOEXIST);
	}
	if (!error)
		return PC_REASON_passed;
	return error == -EEXIST ? PC_REASON_flow_busy : PC_REASON_flow_table_full;
}

/* 7.4: what a packet without a flow may do. */
static __always_inline bool needs_flow(const struct packet *packet)
{
	if (packet->message == MESSAGE_REPLY)
		return true;
	return packet->protocol == IPPROTO_TCP &&
	       ((packet->tcp_flags & TCP_RST) || (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK));
}

static __always_inline bool opens_flow(const struct packet *packet)
{
	if (packet->message == MESSAGE_ALONE)
		return false;
	return packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & TCP_FIN);
}

/* A packet without a live flow. flow_busy: another CPU opened one meanwhile, look again. */
static __noinline enum pc_reason judge_untracked(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	bool is_outbound = gate->direction == PC_OUTBOUND;
	struct pc_flow flow = {};
	struct remote remote;
	__u32 acl_rule = 0;
	enum pc_reason reason = check_binding(gate, packet);

	if (reason)
		return reason;
	resolve(gate, packet, &remote);
	if (!is_outbound) {
		reason = judge_acl(gate, packet, &remote, &acl_rule);
		if (reason)
			return reason;
	}
	if (needs_flow(packet))
		return PC_REASON_no_flow;
	reason = judge_groups(gate, packet, &remote, &flow.group_rule);
	if (reason)
		return reason;
	if (is_outbound) {
		reason = judge_acl(gate, packet, &remote, &acl_rule);
		if (reason)
			return reason;
	}
	if (!opens_flow(packet))
		return PC_REASON_passed;
	note_acl_rule(gate, &flow, acl_rule);
	flow.word =
		make_word(tracked->tag, gate->view->epoch, opening_state(packet), PC_FLOW_BOUND | (is_outbound ? 0 : PC_FLOW_STARTED_IN));
	flow.word = word_with_acl(flow.word, gate->direction, true, entrance_number(gate));
	return open_flow(gate, packet, tracked, &flow);
}

#define FLOW_ATTEMPTS 3

static __always_inline enum pc_reason judge_stateful(const struct gate *gate, const struct packet *packet)
{
	struct tracked tracked = {};

	if (packet->message == MESSAGE_ALONE)
		return judge_untracked(gate, packet, &tracked);
	tracked.tag = make_key(packet, &tracked.key, gate->tag_seed, gate->direction, gate->port_id);
	for (int attempt = 0; attempt < FLOW_ATTEMPTS; attempt++) {
		enum pc_reason reason = PC_REASON_flow_busy;
		enum presence presence = find_flow(gate, packet, &tracked);

		if (presence == FLOW_LIVE)
			reason = judge_tracked(gate, packet, &tracked);
		else if (presence != FLOW_MOVING)
			reason = judge_untracked(gate, packet, &tracked);
		if (reason != PC_REASON_flow_busy)
			return reason;
	}
	return PC_REASON_flow_busy;
}
