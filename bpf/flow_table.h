/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow tables: look-up in the shard of a key, and death.
 *
 * The kernel gives a deleted element of a hash map to the next insertion at once, under a program that may still hold it. So an entry is used
 * only after its word's tag and the copy of its key were compared, whatever is written into it is written by a compare-and-swap that fails on
 * another flow's entry (where a field has no room for a tag, `seen` is asked after the field was read), and it dies by a change of its word before
 * it is deleted: who makes that change gives back its room and deletes it, and nobody else does.
 */
#pragma once
#include "bpf/flow_key.h"
#include "bpf/flow_word.h"

#ifndef ENOENT
#define ENOENT 2
#endif

/* Points between the look-up of an entry and its use, at which a test holds the programs up (tests/dataplane/stall.bpf.c). */
#ifndef PC_STALL
#define PC_STALL(point)
#endif

struct tracked {
	struct pc_flow *flow; /* not NULL when live */
	__u64 word;
	__u64 tag;
	union flow_key key;
};

static __always_inline struct pc_flow4 *find_entry4(const struct pc_flow4_key *key, __u32 shard)
{
	void *flows = bpf_map_lookup_elem(&pc_flows4, &shard);

	return flows ? bpf_map_lookup_elem(flows, key) : NULL;
}

static __always_inline struct pc_flow6 *find_entry6(const struct pc_flow6_key *key, __u32 shard)
{
	void *flows = bpf_map_lookup_elem(&pc_flows6, &shard);

	return flows ? bpf_map_lookup_elem(flows, key) : NULL;
}

static __noinline long delete_entry(const union flow_key *key, __u32 family, __u32 shard)
{
	void *flows = family == PC_IPV4 ? bpf_map_lookup_elem(&pc_flows4, &shard) : NULL;

	if (flows)
		return bpf_map_delete_elem(flows, &key->v4);
	flows = family == PC_IPV6 ? bpf_map_lookup_elem(&pc_flows6, &shard) : NULL;
	return flows ? bpf_map_delete_elem(flows, &key->v6) : 0;
}

/* The entry of the key, its word read before its key was compared; NULL: none. `*is_moving`: the element was not, or not any more, the key's. */
static __always_inline struct pc_flow *look_up(const union flow_key *key, __u32 family, __u64 tag, __u64 *word, bool *is_moving)
{
	*is_moving = false;
	if (family == PC_IPV4) {
		struct pc_flow4 *entry = find_entry4(&key->v4, shard_of(tag));

		if (!entry)
			return NULL;
		PC_STALL(STALL_FOUND);
		*word = READ_ONCE(entry->flow.word);
		barrier();
		PC_STALL(STALL_READ);
		*is_moving = !same_key4(&entry->key, &key->v4);
		return &entry->flow;
	}
	struct pc_flow6 *entry = find_entry6(&key->v6, shard_of(tag));

	if (!entry)
		return NULL;
	PC_STALL(STALL_FOUND);
	*word = READ_ONCE(entry->flow.word);
	barrier();
	PC_STALL(STALL_READ);
	*is_moving = !same_key6(&entry->key, &key->v6);
	return &entry->flow;
}

/* Whether the element is still the flow's: asked after something was read from it that has no tag. */
static __always_inline bool is_still_own(const struct tracked *tracked)
{
	barrier();
	return !((READ_ONCE(tracked->flow->seen) ^ tracked->tag) >> 32);
}

/* Signed: another CPU may already have seen the next tick. */
static __always_inline bool is_over(const struct pc_port_view *view, __u64 seen, __u32 state, __u32 now)
{
	return (__s32)(now - (__u32)seen) > (__s32)view->timeout_ticks[state & (PC_FLOW_STATES - 1)];
}

/* How many answered and service flows of the slot the shard holds. */
__noinline int count_in_shard(__u32 slot, __u32 shard, __u32 change)
{
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (state && shard < PC_FLOW_SHARDS)
		__sync_fetch_and_add(&state->in_shards[shard], change);
	return 0;
}

/* Gives back what a flow with these flags has taken (bpf/room.h takes it). `shard`: that it was in; PC_FLOW_SHARDS: not in any yet. */
__noinline int give_back(__u32 slot, __u32 port_id, __u32 flags, __u32 shard)
{
	__u32 zero = 0;
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);
	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	struct pc_flow_pool *pool = bpf_map_lookup_elem(&pc_flow_pool, &zero);

	if (!state || !host || !pool)
		return 0;
	if (state->port_id == port_id) { /* else the port is gone, and its counts with it */
		if (flags & PC_FLOW_SERVICE)
			__sync_fetch_and_sub(&state->services, 1);
		else if (flags & PC_FLOW_ANSWERED)
			__sync_fetch_and_sub(&state->answered, 1);
		else if (flags & PC_FLOW_STARTED_IN)
			__sync_fetch_and_sub(&state->half_open[PC_INBOUND], 1);
		else
			__sync_fetch_and_sub(&state->half_open[PC_OUTBOUND], 1);
	}
	if (shard < PC_FLOW_SHARDS && (flags & (PC_FLOW_SERVICE | PC_FLOW_ANSWERED)))
		__sync_fetch_and_sub(&state->in_shards[shard], 1);
	if (__sync_fetch_and_sub(&state->entries, 1) > host->flow_reserve)
		__sync_fetch_and_sub(&pool->shared, 1);
	return 0;
}

/* Ends a flow: true for the one caller whose change of the word it was, who is to delete the entry. */
static __always_inline bool kill(struct pc_flow *flow, __u64 word, __u32 port_id)
{
	__u32 shard = shard_of(READ_ONCE(flow->seen));

	PC_STALL(STALL_KILL);
	if (__sync_val_compare_and_swap(&flow->word, word, make_word(word, 0, PC_FLOW_DEAD, 0)) != word)
		return false;
	give_back(port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1), port_id, word_flags(word), shard);
	return true;
}

/* After the deletion of a dead entry: where the kernel did not get at it in time (its lock was held too long), it is left to the sweep. */
static __always_inline void note_deletion(struct pc_flow *flow, long error)
{
	__u64 word = READ_ONCE(flow->word);

	if (error && error != -ENOENT && word_state(word) == PC_FLOW_DEAD)
		__sync_val_compare_and_swap(&flow->word, word, word | WORD_FLAG(PC_FLOW_LEFT));
}

/* Makes the caller the one who is to delete a dead entry that was left. */
static __always_inline bool take_left(struct pc_flow *flow, __u64 word)
{
	return (word & WORD_FLAG(PC_FLOW_LEFT)) && __sync_val_compare_and_swap(&flow->word, word, word & ~WORD_FLAG(PC_FLOW_LEFT)) == word;
}
