/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The single exit: counts the verdict and turns it into the hook's code. Passing is "next" (TCX_NEXT, TC_ACT_UNSPEC: both -1), never "ok":
 * programs and filters behind ours still run.
 */
#pragma once
#include <linux/pkt_cls.h>

#include "bpf/counters.h"
#include "bpf/events.h"

/* Segments of a GSO packet: gso_segs is 0 where a tap made it. `headers` is what every segment repeats. */
static __always_inline __u64 segments(const struct __sk_buff *skb, __u32 headers)
{
	__u32 size = skb->gso_size;

	if (likely(!size) || skb->len <= headers)
		return 1;
	return (skb->len - headers + size - 1) / size;
}

/* Without a record of a denial. `headers`: their bytes. */
static __always_inline int finish_silently(const struct gate *gate, __u32 headers, enum pc_reason reason)
{
	count_verdict(gate, reason, segments(gate->skb, headers));
	return likely(reason == PC_REASON_passed) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

static __always_inline int finish(const struct gate *gate, const struct packet *packet, enum pc_reason reason)
{
	int code = finish_silently(gate, packet->headers, reason);

	if (unlikely(reason) && gate->view && (gate->view->flags & PC_PORT_LOG))
		report(gate->skb, gate->at, packet, reason);
	return code;
}
