/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet's flow (docs/semantics.md 7): finding it, what an admitted packet makes of it, opening one. bpf/flow_table.h has the rules by which entries
 * may be touched.
 */
#pragma once
#include "bpf/room.h"
#include "bpf/tcp.h"

#ifndef EEXIST
#define EEXIST 17
#endif

enum presence {
	FLOW_ABSENT,
	FLOW_LIVE,
	FLOW_MOVING, /* being deleted, or given to another flow at this instant */
};

/* Ends a flow that is no longer there and frees its entry. */
static __noinline void end_flow(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	if (kill(tracked->flow, tracked->word, gate->at->port_id))
		note_deletion(tracked->flow, delete_entry(&tracked->key, packet->family, shard_of(tracked->tag)));
}

/* An entry whose time is over is ended here, so that a new flow can take its place. */
static __always_inline enum presence find_flow(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	bool is_moving;

	tracked->flow = look_up(&tracked->key, packet->family, tracked->tag, &tracked->word, &is_moving);
	if (!tracked->flow)
		return FLOW_ABSENT;
	PC_STALL(STALL_COMPARED);
	__u64 seen = READ_ONCE(tracked->flow->seen);
	__u32 state = word_state(tracked->word);
	if (is_moving || ((tracked->word ^ tracked->tag) & PC_WORD_TAG_MASK) || (seen ^ tracked->tag) >> 32 || state == PC_FLOW_DEAD)
		return FLOW_MOVING;
	if (likely(!is_over(gate->view, seen, state, gate->at->now)))
		return FLOW_LIVE;
	end_flow(gate, packet, tracked);
	return FLOW_ABSENT;
}

/* ---- an admitted packet ----------------------------------------------------------------------------------------------------------------- */

/* The word after an admitted packet (7.6). Most packets of most flows change nothing. `counts`: its remote counts as an interface's; asked of bare SYNs
 * alone. */
static __always_inline __u64 advance(const struct gate *gate, const struct packet *packet, const struct tracked *tracked, bool counts)
{
	__u64 word = tracked->word;
	__u32 segment = packet->tcp_flags;

	if (packet->protocol == IPPROTO_TCP) {
		if (word_state(word) == PC_FLOW_ESTABLISHED && !(segment & (TCP_FIN | TCP_SYN | TCP_RST)))
			return word;
		segment &= TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK;
		if ((segment & TCP_RST) && is_acceptable_rst(gate, packet, tracked->flow, word))
			segment |= SEGMENT_ACCEPTABLE;
		return advance_tcp(word, gate->at->direction, segment | (counts ? SEGMENT_COUNTS : 0));
	}
	if ((word & WORD_FLAG(PC_FLOW_ANSWERED)) || is_from_opener(gate->at->direction, word))
		return word;
	word |= WORD_FLAG(PC_FLOW_ANSWERED);
	return word_state(word) == PC_FLOW_UDP ? with_state(word, PC_FLOW_UDP_STREAM) : word;
}

/* Changes the word; false: another CPU did meanwhile. */
static __always_inline bool swap_word(struct tracked *tracked, __u64 word)
{
	if (word == tracked->word)
		return true;
	PC_STALL(STALL_SWAP);
	if (__sync_val_compare_and_swap(&tracked->flow->word, tracked->word, word) != tracked->word)
		return false;
	tracked->word = word;
	return true;
}

/* Whether the change makes a half-open flow an answered one, which takes other room. */
static __always_inline bool becomes_answered(__u64 before, __u64 after)
{
	return !(before & WORD_FLAG(PC_FLOW_ANSWERED | PC_FLOW_SERVICE)) && (after & WORD_FLAG(PC_FLOW_ANSWERED));
}

static __noinline enum pc_reason swap_to_answered(const struct gate *gate, struct tracked *tracked, __u64 word)
{
	struct pc_port_state *state = state_of(gate->at->slot);
	bool was_in = tracked->word & WORD_FLAG(PC_FLOW_STARTED_IN);

	if (!state || !take_answered(gate->skb, gate->at))
		return PC_REASON_flow_quota;
	if (!swap_word(tracked, word)) {
		__sync_fetch_and_sub(&state->answered, 1);
		return PC_REASON_flow_busy;
	}
	if (was_in)
		__sync_fetch_and_sub(&state->half_open[PC_INBOUND], 1);
	else
		__sync_fetch_and_sub(&state->half_open[PC_OUTBOUND], 1);
	count_in_shard(gate->at->slot, shard_of(tracked->tag), 1);
	return PC_REASON_passed;
}

/* Adds to a counter of the flow, not to one of the flow that has its element meanwhile; two tries against other CPUs. */
static __always_inline void count_in_flow(__u64 *counter, __u64 tag, __u64 amount)
{
	const __u64 mask = (1ull << PC_COUNT_BITS) - 1;

#pragma unroll
	for (int i = 0; i < 2; i++) {
		__u64 before = READ_ONCE(*counter);

		if ((before ^ tag) & ~mask)
			return;
		if (__sync_val_compare_and_swap(counter, before, (before & ~mask) | ((before + amount) & mask)) == before)
			return;
	}
}

/* The time of an admitted packet that is no RST; written once per tick. */
static __always_inline void note_time(const struct gate *gate, const struct tracked *tracked)
{
	__u64 now = seen_tag(tracked->tag) | gate->at->now;
	__u64 seen = READ_ONCE(tracked->flow->seen);

	if (seen != now && (seen ^ now) >> 32 == 0)
		__sync_val_compare_and_swap(&tracked->flow->seen, seen, now);
}

static __always_inline void count_packet(const struct gate *gate, const struct tracked *tracked)
{
	__u64 tag = counter_tag(tracked->tag);

	if (gate->at->direction == PC_OUTBOUND) {
		count_in_flow(&tracked->flow->packets[PC_OUTBOUND], tag, 1);
		count_in_flow(&tracked->flow->bytes[PC_OUTBOUND], tag, gate->skb->len);
	} else {
		count_in_flow(&tracked->flow->packets[PC_INBOUND], tag, 1);
		count_in_flow(&tracked->flow->bytes[PC_INBOUND], tag, gate->skb->len);
	}
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------------------- */

static __always_inline __u32 opening_state(const struct packet *packet)
{
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return packet->tcp_flags & TCP_SYN ? PC_FLOW_SYN_SENT : PC_FLOW_PICKED_UP;
	case IPPROTO_UDP:
		return PC_FLOW_UDP;
	case ICMP_PROTOCOL:
	case ICMPV6_PROTOCOL:
		return PC_FLOW_ICMP;
	}
	return PC_FLOW_OTHER;
}

/* A function, which brings the type of the entries into the object's BTF, where the loader finds it; not global, since Linux 6.1 takes keys
 * from the stack alone. */
static __noinline long insert_entry4(struct pc_flow4 *entry, __u32 shard)
{
	void *flows = bpf_map_lookup_elem(&pc_flows4, &shard);

	return flows ? bpf_map_update_elem(flows, &entry->key, entry, BPF_NOEXIST) : -1;
}

static __noinline long insert_entry6(struct pc_flow6 *entry, __u32 shard)
{
	void *flows = bpf_map_lookup_elem(&pc_flows6, &shard);

	return flows ? bpf_map_update_elem(flows, &entry->key, entry, BPF_NOEXIST) : -1;
}

/* What was found out about a packet without a flow (bpf/stages.h), as far as the flow that it opens holds it. */
struct opening {
	__u64 word; /* without the tag */
	__u32 group_rule;
	__u32 acl_rule[2];
	/* What the packet is, before its rules are asked. */
	__u8 is_service;
	__u8 is_untracked;
	__u8 is_related;       /* an ICMP error related to a live flow */
	__u8 is_begun_inbound; /* of that flow */
	__u8 is_unrelated;     /* an ICMP error about an untracked packet, passed at a limited rate */
	__u8 pad[7];
};

static __always_inline void fill_flow(struct gate_numbers *at, const struct packet *packet, __u64 key_tag, struct pc_flow *flow)
{
	__u64 tag = counter_tag(key_tag);
	bool is_outbound = at->direction == PC_OUTBOUND;

	flow->seen = seen_tag(key_tag) | at->now;
	flow->packets[PC_OUTBOUND] = tag + (is_outbound ? 1 : 0);
	flow->packets[PC_INBOUND] = tag + (is_outbound ? 0 : 1);
	flow->bytes[PC_OUTBOUND] = tag + (is_outbound ? at->bytes : 0);
	flow->bytes[PC_INBOUND] = tag + (is_outbound ? 0 : at->bytes);
	flow->shifts = shifts_tag(key_tag);
	if (packet->protocol == IPPROTO_TCP)
		expect_at_opening(at->direction, packet, flow);
}

static __always_inline long insert_flow(struct gate_numbers *at, const struct packet *packet, const struct opening *opening, __u64 *tag)
{
	union {
		struct pc_flow4 v4;
		struct pc_flow6 v6;
	} entry = {};
	struct pc_flow *flow = &entry.v6.flow; /* at the beginning of both */
	union flow_key *key =
		(union flow_key *)&entry.v6.key; /* behind it in both, and as long as there is room: the stack has none for a copy */

	_Static_assert(offsetof(struct pc_flow4, key) == offsetof(struct pc_flow6, key), "one place for both");
	_Static_assert(sizeof(entry) - offsetof(struct pc_flow6, key) == sizeof(union flow_key), "room");
	*tag = make_key(&packet->ends, key, at->tag_seed, at->direction, at->port_id);
	flow->word = opening->word | (*tag & PC_WORD_TAG_MASK);
	flow->group_rule = opening->group_rule;
	flow->acl_rule[PC_OUTBOUND] = opening->acl_rule[PC_OUTBOUND];
	flow->acl_rule[PC_INBOUND] = opening->acl_rule[PC_INBOUND];
	fill_flow(at, packet, *tag, flow);
	return packet->family == PC_IPV4 ? insert_entry4(&entry.v4, shard_of(*tag)) : insert_entry6(&entry.v6, shard_of(*tag));
}

/* Opens a flow for which there is room. An enum pc_reason; flow_busy: another CPU opened it meanwhile, look again. */
__noinline int open_flow(struct gate_numbers *at, const struct packet *packet, const struct opening *opening)
{
	__u64 tag;

	if (!at || !packet || !opening)
		return PC_REASON_inconsistent;
	long error = insert_flow(at, packet, opening, &tag);
	if (!error) {
		if (word_flags(opening->word) & PC_FLOW_SERVICE)
			count_in_shard(at->slot, shard_of(tag), 1);
		return PC_REASON_passed;
	}
	give_back(at->slot, at->port_id, word_flags(opening->word), PC_FLOW_SHARDS);
	return error == -EEXIST ? PC_REASON_flow_busy : PC_REASON_flow_table_full;
}

/* Gives a half-open flow that is about to be opened its place in the order of eviction: without one it could never give way. An enum pc_reason. */
__noinline int queue_flow(struct gate_numbers *at, const struct packet *packet)
{
	union flow_key key = {};

	if (!at || !packet)
		return PC_REASON_inconsistent;
	make_key(&packet->ends, &key, at->tag_seed, at->direction, at->port_id);
	key.record.family = packet->family;
	if (enqueue(&key, at->slot, at->direction, at->tag_seed))
		return PC_REASON_passed;
	give_back(at->slot, at->port_id, at->direction == PC_INBOUND ? PC_FLOW_STARTED_IN : 0, PC_FLOW_SHARDS);
	return PC_REASON_flow_table_full;
}
