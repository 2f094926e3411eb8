/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Room in the flow tables (docs/semantics.md 7.10), without the daemon's help.
 *
 * Every entry counts once for its slot (`entries`: the first `flow_reserve` are the port's own, further ones are taken from what all ports share) and
 * once for its class: service flows, answered flows, or half-open ones by side. A full class of half-open flows makes room by ending its oldest; any
 * other lack of room by freeing what is expired in one shard after another, a bounded number of steps, at most one fruitless try in a tick: for the
 * port's own quotas in shards that hold such flows of its slot, for room in the table in any.
 */
#pragma once
#include "bpf/flow_table.h"
#include "bpf/sweep.h"

#define EVICTION_STEPS 8 /* answered or ended flows that are skipped to find the oldest half-open one */
#define RECLAIM_SHARDS 4 /* shards that one try looks through */

static __always_inline struct pc_port_state *state_of(__u32 slot)
{
	return bpf_map_lookup_elem(&pc_port_states, &slot);
}

static __always_inline bool is_half_open_of(__u64 word, __u32 side)
{
	__u32 flags = word_flags(word);

	return word_state(word) != PC_FLOW_DEAD && !(flags & (PC_FLOW_SERVICE | PC_FLOW_ANSWERED)) &&
	       !!(flags & PC_FLOW_STARTED_IN) == (side == PC_INBOUND);
}

#define ANY_FLOW 2u /* in place of a side: answered ones as well, of both sides */

/* Ends the flow of the record, if it still is a half-open one of the side. The record becomes the mere key. Not global, since Linux 6.1 takes keys from
 * the stack alone. */
static __noinline int end_recorded(union flow_key *key, __u64 seed, __u32 side)
{
	__u64 word = 0;
	bool is_moving;
	__u32 family = key->record.family;

	key->record.family = 0;
	__u64 tag = tag_of(key, family, seed);
	struct pc_flow *flow = look_up(key, family, tag, &word, &is_moving);
	if (!flow || is_moving || ((word ^ tag) & PC_WORD_TAG_MASK))
		return 0;
	if (side == ANY_FLOW ? word_state(word) == PC_FLOW_DEAD : !is_half_open_of(word, side))
		return 0;
	if (!kill(flow, word, key->v4.port_id))
		return 0;
	note_deletion(flow, delete_entry(key, family, shard_of(tag)));
	return 1;
}

/* Ends the oldest half-open flow of the side. */
__noinline int evict_half_open(__u32 slot, __u32 side, __u64 seed)
{
	__u32 index = slot * 2 + (side & 1);
	union flow_key oldest = {};
	void *queue = bpf_map_lookup_elem(&pc_half_open, &index);

	if (!queue)
		return 0;
	for (int i = 0; i < EVICTION_STEPS; i++) {
		if (bpf_map_pop_elem(queue, &oldest))
			return 0;
		if (end_recorded(&oldest, seed, side))
			return 1;
	}
	return 0;
}

/* Takes the oldest out of a full queue: a flow that was answered or is gone meanwhile, or else a half-open one, which gives way. */
__noinline int shorten_queue(__u32 slot, __u32 side, __u64 seed)
{
	__u32 index = slot * 2 + (side & 1);
	union flow_key oldest = {};
	void *queue = bpf_map_lookup_elem(&pc_half_open, &index);

	if (queue && !bpf_map_pop_elem(queue, &oldest))
		end_recorded(&oldest, seed, side);
	return 0;
}

static __always_inline bool enqueue(union flow_key *record, __u32 slot, __u32 side, __u64 seed)
{
	__u32 index = slot * 2 + (side & 1);
	void *queue = bpf_map_lookup_elem(&pc_half_open, &index);

	if (!queue)
		return false;
	if (!bpf_map_push_elem(queue, record, 0))
		return true;
	shorten_queue(slot, side, seed);
	return !bpf_map_push_elem(queue, record, 0);
}

/* The next shard to look for expired entries in: of the slot's own (`is_own`), one that holds some that quotas count. PC_FLOW_SHARDS: none. */
__noinline __u32 next_shard(__u32 slot, __u32 is_own)
{
	struct pc_port_state *state = state_of(slot);

	if (!state)
		return PC_FLOW_SHARDS;
	for (int i = 0; i < (int)PC_FLOW_SHARDS; i++) {
		__u32 shard = __sync_fetch_and_add(&state->shard, 1) & (PC_FLOW_SHARDS - 1);

		if (!is_own || (__s32)READ_ONCE(state->in_shards[shard]) > 0)
			return shard;
	}
	return PC_FLOW_SHARDS;
}

/* Frees expired entries: of the port, until its class of that count has room, or where there is no `count`, any. Whether it did. */
static __always_inline bool reclaim(const struct gate_numbers *at, const __u32 *count, __u32 quota)
{
	struct pc_port_state *state = state_of(at->slot);

	if (!state || READ_ONCE(state->reclaimed) == at->now)
		return false;
	for (int i = 0; i < RECLAIM_SHARDS; i++) {
		__u32 shard = next_shard(at->slot, !!count);
		__u32 freed = sweep_shard(shard, at->parity, at->now, 0) >> 32;

		if (count ? (__s32)READ_ONCE(*count) < (__s32)quota : freed)
			return true;
	}
	state->reclaimed = at->now;
	return false;
}

/* One of a counted class, up to its quota. Signed: what is given back by who did not take it yet (give_back) may be counted first. */
static __always_inline bool take(__u32 *count, __u32 quota)
{
	if ((__s32)__sync_fetch_and_add(count, 1) < (__s32)quota)
		return true;
	__sync_fetch_and_sub(count, 1);
	return false;
}

static __always_inline bool take_half_open(const struct gate *gate, struct pc_port_state *state)
{
	__u32 *count = gate->at->direction == PC_INBOUND ? &state->half_open[PC_INBOUND] : &state->half_open[PC_OUTBOUND];
	__u32 quota = gate->view->half_open_quota;

	barrier_var(count);
	return take(count, quota) || (evict_half_open(gate->at->slot, gate->at->direction, gate->at->tag_seed) && take(count, quota));
}

static __always_inline bool take_or_reclaim(const struct gate *gate, __u32 *count, __u32 quota)
{
	return take(count, quota) || (reclaim(gate->at, count, quota) && take(count, quota));
}

/* Room for one more answered flow of the port. */
__noinline int take_answered(struct __sk_buff *skb, struct gate_numbers *numbers)
{
	struct gate gate;

	if (!reopen(&gate, skb, numbers))
		return 0;
	struct pc_port_state *state = state_of(gate.at->slot);
	return state && take_or_reclaim(&gate, &state->answered, gate.view->flow_quota);
}

static __always_inline bool take_entry(struct pc_port_state *state)
{
	__u32 zero = 0;
	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	struct pc_flow_pool *pool = bpf_map_lookup_elem(&pc_flow_pool, &zero);

	if (!host || !pool)
		return false;
	if (__sync_fetch_and_add(&state->entries, 1) < host->flow_reserve || take(&pool->shared, host->flow_shared))
		return true;
	/* An entry that was freed meanwhile has given back, in its stead, what this one did not get. */
	if (__sync_fetch_and_sub(&state->entries, 1) <= host->flow_reserve)
		__sync_fetch_and_add(&pool->shared, 1);
	return false;
}

/* Room for a new flow. What it takes is given back by give_back() with the same flags. An enum pc_reason. */
__noinline int take_room(struct __sk_buff *skb, struct gate_numbers *numbers, __u32 flags)
{
	struct gate gate;

	if (!reopen(&gate, skb, numbers))
		return PC_REASON_inconsistent;
	struct pc_port_state *state = state_of(gate.at->slot);
	if (!state || state->port_id != gate.at->port_id)
		return PC_REASON_inconsistent;
	if (!(flags & PC_FLOW_SERVICE ? take_or_reclaim(&gate, &state->services, PC_SERVICE_FLOWS_MAX) : take_half_open(&gate, state)))
		return PC_REASON_flow_quota;
	if (take_entry(state))
		return PC_REASON_passed;
	if ((evict_half_open(gate.at->slot, gate.at->direction, gate.at->tag_seed) || reclaim(gate.at, NULL, 0)) && take_entry(state))
		return PC_REASON_passed;
	/* give_back() would take an entry off as well */
	__u32 *count = flags & PC_FLOW_SERVICE            ? &state->services
		       : gate.at->direction == PC_INBOUND ? &state->half_open[PC_INBOUND]
							  : &state->half_open[PC_OUTBOUND];
	barrier_var(count);
	__sync_fetch_and_sub(count, 1);
	return PC_REASON_flow_table_full;
}

/* ---- records that the daemon gives --------------------------------------------------------------------------------------------------------- */

static __noinline bool is_half_open_still(union flow_key *key, __u64 seed, __u32 side)
{
	__u64 word = 0;
	bool is_moving;
	__u32 family = key->record.family;

	key->record.family = 0;
	__u64 tag = tag_of(key, family, seed);
	const struct pc_flow *flow = look_up(key, family, tag, &word, &is_moving);
	key->record.family = family;
	return flow && !is_moving && !((word ^ tag) & PC_WORD_TAG_MASK) && is_half_open_of(word, side);
}

/* The record at that place of the frame; 0: there is none. */
__noinline int requeue_one(struct __sk_buff *skb, __u32 offset, __u32 row, __u64 seed)
{
	union flow_key key = {};

	if (bpf_skb_load_bytes(skb, offset, &key.record, sizeof(key.record)))
		return 0;
	if (is_half_open_still(&key, seed, row & 1))
		enqueue(&key, row / 2, row & 1, seed);
	return 1;
}

/* The flow of the record at that place of the frame. How many ended; -1: there is no record. */
__noinline int end_one(struct __sk_buff *skb, __u32 offset, __u64 seed)
{
	union flow_key key = {};

	if (bpf_skb_load_bytes(skb, offset, &key.record, sizeof(key.record)))
		return -1;
	return end_recorded(&key, seed, ANY_FLOW);
}

static __always_inline int take_records(struct __sk_buff *skb)
{
	__u32 zero = 0, row = skb->cb[0], ended = 0;
	bool ends = skb->cb[2] == PC_SWEEP_END_RECORDS;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	if (!host)
		return TC_ACT_SHOT;
	for (__u32 i = 0; i < PC_REQUEUE_MAX; i++) {
		__u32 offset = ETH_HLEN + i * sizeof(struct pc_half_open_record);
		int done = ends ? end_one(skb, offset, host->tag_seed) : requeue_one(skb, offset, row, host->tag_seed) - 1;

		if (done < 0)
			break;
		ended += done;
	}
	skb->cb[4] = ended;
	return TC_ACT_UNSPEC;
}
