/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What passes, or is made, at a limited rate per port. */
#pragma once
#include "bpf/gate.h"

#define RATE_ATTEMPTS 4

/* Whether one more of the kind PC_RATE_* would stay within `limit` per window. */
static __always_inline bool may_be_within_limit(const struct gate *gate, const struct pc_port_state *state, __u32 rate, __u32 limit)
{
	__u64 counted = READ_ONCE(state->rates[rate & (PC_RATES - 1)]);

	return counted >> 32 != gate->at->now >> PC_RATE_WINDOW_SHIFT || (__u32)counted < limit;
}

/* Whether one more of the kind PC_RATE_* stays within `limit` per window; counts it if so. Contention counts as too many. */
static __noinline bool may_pass_at_rate(const struct gate *gate, __u32 rate, __u32 limit)
{
	__u32 slot = gate->at->slot;
	__u64 window = (__u64)(gate->at->now >> PC_RATE_WINDOW_SHIFT) << 32;
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (!state)
		return false;
	__u64 *counted = &state->rates[rate & (PC_RATES - 1)];
	for (int attempt = 0; attempt < RATE_ATTEMPTS; attempt++) {
		__u64 old = READ_ONCE(*counted);
		__u64 base = (old ^ window) >> 32 ? window : old;

		if ((__u32)base >= limit)
			return false;
		if (__sync_val_compare_and_swap(counted, old, base + 1) == old)
			return true;
	}
	return false;
}
