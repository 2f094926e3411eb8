/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The single exit: counts the verdict and turns it into the hook's code. Passing is "next" (TCX_NEXT, TC_ACT_UNSPEC: both -1), never "ok":
 * programs and filters behind ours still run.
 */
#pragma once
#include <linux/pkt_cls.h>

#include "bpf/gate.h"

/* Segments of a GSO packet: gso_segs is 0 where a tap made it. `headers` is what every segment repeats. */
static __always_inline __u64 segments(const struct __sk_buff *skb, __u32 headers)
{
	__u32 size = skb->gso_size;

	if (likely(!size) || skb->len <= headers)
		return 1;
	return (skb->len - headers + size - 1) / size;
}

static __always_inline int finish(const struct gate *gate, enum pc_reason reason, __u32 headers)
{
	__u32 row = (gate->slot * 2 + gate->direction) * PC_REASONS_MAX + reason;
	struct pc_counter *counter = bpf_map_lookup_elem(&pc_counters, &row);

	if (counter) {
		counter->packets += segments(gate->skb, headers);
		counter->bytes += gate->skb->len;
	}
	return reason == PC_REASON_passed ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}
