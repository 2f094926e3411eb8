/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Verdicts by port, direction and reason. */
#pragma once
#include "bpf/gate.h"

static __always_inline void count_verdict(const struct gate *gate, enum pc_reason reason, __u64 packets)
{
	__u32 row = (gate->at->slot * 2 + gate->at->direction) * PC_REASONS_MAX + reason;
	struct pc_counter *counter = bpf_map_lookup_elem(&pc_counters, &row);

	if (!counter)
		return;
	counter->packets += packets;
	counter->bytes += context_length(gate->skb);
}
