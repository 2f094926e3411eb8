/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sweeping: frees the entries of flows whose time is over, of ports that are gone and of addresses that have departed, shard by shard. Run by the
 * daemon now and then, and by an insertion that finds no room. The gate itself takes an expired entry for absent.
 */
#pragma once
#include "bpf/flow_table.h"

/* Verdicts this many epochs old are forgotten, long before the circle closes and an old epoch could pass for a new one. */
#define EPOCH_AGE_MAX (PC_WORD_EPOCH_MASK / 4)

struct sweep {
	__u32 parity;
	__u32 now;
	__u32 live;
	__u32 freed;
	__u32 ends_departed;
	__u32 zone; /* of the flow at hand */
};

static __always_inline void forget_old_epoch(struct pc_flow *flow, __u64 word, const struct pc_port_view *view)
{
	__u32 epoch = word_epoch(word);

	if (!epoch || ((view->epoch - epoch) & PC_WORD_EPOCH_MASK) < EPOCH_AGE_MAX)
		return;
	/* a failure means that the flow was used meanwhile: its epoch is fresh */
	__sync_val_compare_and_swap(&flow->word, word, word_of_epoch(word, 0, 0));
}

static __noinline bool has_departed4(__u32 zone, __be32 address)
{
	struct pc_member4_key key = {.prefixlen = 64, .zone = zone, .address = address};
	bool is_found = bpf_map_lookup_elem(&pc_departed4, &key) != NULL;

	barrier_var(is_found);
	return is_found;
}

static __noinline bool has_departed6(__u32 zone, const __u8 *address)
{
	struct pc_member6_key key = {.prefixlen = 160, .zone = zone};

	__builtin_memcpy(key.address, address, 16);
	bool is_found = bpf_map_lookup_elem(&pc_departed6, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* Whether an entry is over, but for departed addresses. The zone of its port is left in `sweep`. */
static __always_inline bool is_finished(struct sweep *sweep, struct pc_flow *flow, __u32 port_id)
{
	__u32 slot = port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	__u64 word = READ_ONCE(flow->word);
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);

	if (!port || port->port_id != port_id)
		return true;
	const struct pc_port_view *view = PC_VERSION(port->view, sweep->parity);
	if (is_over(view, READ_ONCE(flow->seen), word_state(word), sweep->now))
		return true;
	sweep->zone = view->zone;
	forget_old_epoch(flow, word, view);
	return false;
}

/* Whether the entry is to be deleted by the caller. A dead one is by who ended the flow, unless it was left. */
static __always_inline bool is_to_delete(struct sweep *sweep, struct pc_flow *flow, __u64 word, __u32 port_id)
{
	bool is_dead = word_state(word) == PC_FLOW_DEAD;

	if (is_dead ? take_left(flow, word) : kill(flow, word, port_id)) {
		sweep->freed++;
		return true;
	}
	sweep->live += !is_dead;
	return false;
}

static long sweep_flow4(void *map, const struct pc_flow4_key *key, struct pc_flow4 *entry, struct sweep *sweep)
{
	__u64 word = READ_ONCE(entry->flow.word);

	if (word_state(word) != PC_FLOW_DEAD && !is_finished(sweep, &entry->flow, key->port_id) &&
	    !(sweep->ends_departed && (has_departed4(sweep->zone, key->local) || has_departed4(sweep->zone, key->remote)))) {
		sweep->live++;
		return 0;
	}
	PC_STALL(STALL_SWEEP);
	if (is_to_delete(sweep, &entry->flow, word, key->port_id))
		note_deletion(&entry->flow, bpf_map_delete_elem(map, key));
	return 0;
}

static long sweep_flow6(void *map, const struct pc_flow6_key *key, struct pc_flow6 *entry, struct sweep *sweep)
{
	__u64 word = READ_ONCE(entry->flow.word);

	if (word_state(word) != PC_FLOW_DEAD && !is_finished(sweep, &entry->flow, key->port_id) &&
	    !(sweep->ends_departed && (has_departed6(sweep->zone, key->local) || has_departed6(sweep->zone, key->remote)))) {
		sweep->live++;
		return 0;
	}
	PC_STALL(STALL_SWEEP);
	if (is_to_delete(sweep, &entry->flow, word, key->port_id))
		note_deletion(&entry->flow, bpf_map_delete_elem(map, key));
	return 0;
}

/* Sweeps both tables' shard of that number. Freed << 32 | live. */
__noinline __u64 sweep_shard(__u32 shard, __u32 parity, __u32 now, __u32 ends_departed)
{
	struct sweep sweep = {.parity = parity, .now = now, .ends_departed = ends_departed};
	void *flows = bpf_map_lookup_elem(&pc_flows4, &shard);

	if (flows)
		bpf_for_each_map_elem(flows, sweep_flow4, &sweep, 0);
	flows = bpf_map_lookup_elem(&pc_flows6, &shard);
	if (flows)
		bpf_for_each_map_elem(flows, sweep_flow6, &sweep, 0);
	return (__u64)sweep.freed << 32 | sweep.live;
}

static __always_inline void forget_fragments(__u32 row, __u32 port_id)
{
	struct pc_fragments *ring = bpf_map_lookup_elem(&pc_fragments, &row);

	if (!ring)
		return;
	for (__u32 i = 0; i < PC_FRAGMENTS_PER_PORT; i++)
		ring->entries[i].word = 0;
	ring->port_id = port_id;
}

static __always_inline void begin_port(__u32 port_id)
{
	__u32 slot = port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (!state)
		return;
	state->answered = state->half_open[PC_OUTBOUND] = state->half_open[PC_INBOUND] = state->services = state->claims = 0;
	state->port_id = port_id;
	forget_fragments(slot * 2, port_id);
	forget_fragments(slot * 2 + 1, port_id);
}

static __always_inline int sweep_request(struct __sk_buff *skb)
{
	__u32 zero = 0, shard = skb->cb[0] & (PC_FLOW_SHARDS - 1), ends_departed = skb->cb[1], begin_port_id = skb->cb[2];
	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	if (!host)
		return TC_ACT_SHOT;
	if (begin_port_id == PC_SWEEP_JIFFIES) {
		__u64 jiffies = bpf_jiffies64();

		skb->cb[3] = (__u32)jiffies;
		skb->cb[4] = jiffies >> 32;
		return TC_ACT_UNSPEC;
	}
	if (begin_port_id) {
		begin_port(begin_port_id);
		return TC_ACT_UNSPEC;
	}
	__u64 swept = sweep_shard(shard, READ_ONCE(host->generation) & 1, ticks_now(host), ends_departed);
	skb->cb[3] = (__u32)swept;
	skb->cb[4] = swept >> 32;
	return TC_ACT_UNSPEC;
}
