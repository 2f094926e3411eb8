/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verdict word of a flow (bpf/abi.h). Words are changed by global functions: their results are unknown numbers to the verifier, which would
 * otherwise follow every combination of flags through the rest of the program.
 */
#pragma once
#include "bpf/gate.h"

#define WORD_FLAG(flag) ((__u64)(flag) << PC_WORD_FLAGS_SHIFT)
#define WORD_STATE(state) ((__u64)(state) << PC_WORD_STATE_SHIFT)

#define FLOW_HISTORY                                                                                                                       \
	(PC_FLOW_STARTED_IN | PC_FLOW_COUNTS | PC_FLOW_SERVICE | PC_FLOW_ANSWERED | PC_FLOW_CLOSER_IN | PC_FLOW_RENEW_OUT |                \
	 PC_FLOW_RENEW_IN | PC_FLOW_RENEW_COUNTS)

static __always_inline __u32 word_epoch(__u64 word)
{
	return word >> PC_WORD_EPOCH_SHIFT & PC_WORD_EPOCH_MASK;
}

static __always_inline __u32 word_state(__u64 word)
{
	return word >> PC_WORD_STATE_SHIFT & PC_WORD_STATE_MASK;
}

static __always_inline __u32 word_flags(__u64 word)
{
	return word >> PC_WORD_FLAGS_SHIFT & PC_WORD_FLAGS_MASK;
}

static __always_inline __u32 word_entrance(__u64 word)
{
	return word >> PC_WORD_ENTRANCE_SHIFT;
}

static __always_inline __u64 with_state(__u64 word, __u32 state)
{
	return (word & ~WORD_STATE(PC_WORD_STATE_MASK)) | WORD_STATE(state);
}

static __always_inline bool is_from_opener(__u32 direction, __u64 word)
{
	return (direction == PC_INBOUND) == !!(word & WORD_FLAG(PC_FLOW_STARTED_IN));
}

static __always_inline __u64 compose_word(__u64 tag, __u32 epoch, __u32 state, __u32 flags)
{
	return (tag & PC_WORD_TAG_MASK) | (__u64)(epoch & PC_WORD_EPOCH_MASK) << PC_WORD_EPOCH_SHIFT | WORD_STATE(state) |
	       WORD_FLAG(flags) | (__u64)PC_ENTRANCE_NONE << PC_WORD_ENTRANCE_SHIFT;
}

__noinline __u64 make_word(__u64 tag, __u32 epoch, __u32 state, __u32 flags)
{
	return compose_word(tag, epoch, state, flags);
}

/* The word with what is known of one direction; `verdict`: PC_FLOW_ACL_OUT, PC_FLOW_POLICY_OUT as outbound packets have them, whatever the direction. */
__noinline __u64 word_with_verdict(__u64 word, __u32 direction, __u32 verdict, __u32 entrance)
{
	if (direction == PC_OUTBOUND)
		return (word & ~WORD_FLAG(PC_FLOW_ACL_OUT | PC_FLOW_POLICY_OUT)) | WORD_FLAG(PC_FLOW_OUT_KNOWN | verdict);
	word &= ~(WORD_FLAG(PC_FLOW_ACL_IN | PC_FLOW_POLICY_IN) | (__u64)0xfff << PC_WORD_ENTRANCE_SHIFT);
	if (verdict & PC_FLOW_ACL_OUT)
		word |= WORD_FLAG(PC_FLOW_ACL_IN);
	if (verdict & PC_FLOW_POLICY_OUT)
		word |= WORD_FLAG(PC_FLOW_POLICY_IN);
	return word | (__u64)entrance << PC_WORD_ENTRANCE_SHIFT;
}

/* The word as a new epoch begins: state and history stay; `flags`: PC_FLOW_BOUND and PC_FLOW_GROUPS as they are now. */
__noinline __u64 word_of_epoch(__u64 word, __u32 epoch, __u32 flags)
{
	return compose_word(word, epoch, word_state(word), (word_flags(word) & FLOW_HISTORY) | flags);
}
