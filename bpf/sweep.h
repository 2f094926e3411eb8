/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sweeping: frees the entries of flows whose time is over and of ports that are gone. It only frees memory: the gate itself takes an expired
 * entry for absent. An entry dies in two steps: its word is swapped for a dead one, so that no program changes it any more, then it is
 * deleted.
 */
#pragma once
#include "bpf/conntrack.h"

/* Verdicts this many epochs old are forgotten, long before the circle closes and an old epoch could pass for a new one. */
#define EPOCH_AGE_MAX (PC_WORD_EPOCH_MASK / 4)

struct sweep {
	struct pc_sweep_report report;
	__u32 parity;
	__u32 now;
};

static __always_inline void forget_old_epoch(struct pc_flow *flow, __u64 word, const struct pc_port_view *view)
{
	__u32 epoch = word_epoch(word);

	if (!epoch || ((view->epoch - epoch) & PC_WORD_EPOCH_MASK) < EPOCH_AGE_MAX)
		return;
	/* a failure means that the flow was used meanwhile: its epoch is fresh */
	__sync_val_compare_and_swap(&flow->word, word, word_of_epoch(word, 0, false));
}

/* Whether the entry is to be deleted now. */
static __always_inline bool kill_if_over(struct sweep *sweep, struct pc_flow *flow, __u32 port_id)
{
	__u32 slot = port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	__u64 word = READ_ONCE(flow->word);
	__u64 seen = READ_ONCE(flow->seen);
	__u32 state = word_state(word);
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);

	if (state == PC_FLOW_DEAD)
		return true; /* a former sweep was interrupted between its two steps */
	if (port && port->port_id == port_id) {
		const struct pc_port_view *view = PC_VERSION(port->view, sweep->parity);

		if ((__s32)(sweep->now - (__u32)seen) <= (__s32)view->timeout_ticks[state & (PC_FLOW_STATES - 1)]) {
			forget_old_epoch(flow, word, view);
			return false;
		}
	}
	return __sync_val_compare_and_swap(&flow->word, word, make_word(word, 0, PC_FLOW_DEAD, 0)) == word;
}

static long sweep_flow4(void *map, const struct pc_flow4_key *key, struct pc_flow4 *entry, struct sweep *sweep)
{
	if (kill_if_over(sweep, &entry->flow, key->port_id)) {
		bpf_map_delete_elem(&pc_flows4, key);
		sweep->report.freed++;
	} else {
		sweep->report.live++;
	}
	return 0;
}

static long sweep_flow6(void *map, const struct pc_flow6_key *key, struct pc_flow6 *entry, struct sweep *sweep)
{
	if (kill_if_over(sweep, &entry->flow, key->port_id)) {
		bpf_map_delete_elem(&pc_flows6, key);
		sweep->report.freed++;
	} else {
		sweep->report.live++;
	}
	return 0;
}

static __always_inline int sweep_all(struct pc_sweep_report *report)
{
	/* the precise clock: programs of this type are not offered the coarse one, which is at most one timer tick behind it */
	struct sweep sweep = {.now = (__u32)(bpf_ktime_get_ns() >> PC_TICK_SHIFT)};
	__u32 zero = 0;
	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	if (!host)
		return -1;
	sweep.parity = READ_ONCE(host->generation) & 1;
	bpf_for_each_map_elem(&pc_flows4, sweep_flow4, &sweep, 0);
	bpf_for_each_map_elem(&pc_flows6, sweep_flow6, &sweep, 0);
	*report = sweep.report;
	return 0;
}
