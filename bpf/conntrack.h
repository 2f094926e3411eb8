/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows (docs/semantics.md 7): keys, look-up, the verdict word, states, insertion.
 *
 * The kernel gives a deleted element of a hash map to the next insertion at once, under a program that may still hold it. So an entry is used
 * only after its word's tag and the copy of its key were compared, its verdicts are one word that is changed by compare-and-swap, and it
 * dies by a change of that word before it is deleted (bpf/sweep.h).
 */
#pragma once
#include "bpf/policy.h"

#ifndef EEXIST
#define EEXIST 17
#endif

union flow_key {
	struct pc_flow4_key v4;
	struct pc_flow6_key v6;
	__u64 parts[6]; /* whole, for hashing */
};

/* The keyed hash of a key: its lowest bits tag the word, its upper half the time of last use. */
static __always_inline __u64 tag_of(const union flow_key *key, __u32 family, __u64 seed)
{
	const __u64 *parts = key->parts;
	__u64 hash = seed;

	hash = (hash ^ parts[0]) * 0x9e3779b97f4a7c15ull;
	hash = (hash ^ hash >> 32 ^ parts[1]) * 0xbf58476d1ce4e5b9ull;
	hash = (hash ^ hash >> 29 ^ parts[2]) * 0x94d049bb133111ebull;
	if (family == PC_IPV6) {
		hash = (hash ^ hash >> 32 ^ parts[3]) * 0x9e3779b97f4a7c15ull;
		hash = (hash ^ hash >> 29 ^ parts[4]) * 0xbf58476d1ce4e5b9ull;
		hash = (hash ^ hash >> 32 ^ parts[5]) * 0x94d049bb133111ebull;
	}
	return hash ^ hash >> 32;
}

/* Fills in the key (7.2) of a packet and returns its tag. Global, so that the verifier takes the key as unknown bytes. */
__noinline __u64 make_key(const struct packet *packet, union flow_key *key, __u64 seed, __u32 direction, __u32 port_id)
{
	if (!packet || !key)
		return 0;
	bool is_outbound = direction == PC_OUTBOUND;
	__be16 local_port = is_outbound ? packet->source_port : packet->destination_port;
	__be16 remote_port = is_outbound ? packet->destination_port : packet->source_port;
	__u8 asker = 0;

	if (packet->message != MESSAGE_DATA) {
		local_port = packet->icmp_id;
		remote_port = packet->query_type;
		asker = packet->message == MESSAGE_QUERY ? direction : !direction;
	}
	__builtin_memset(key, 0, sizeof(*key));
	if (packet->family == PC_IPV4) {
		key->v4.port_id = port_id;
		key->v4.local = is_outbound ? packet->source.v4 : packet->destination.v4;
		key->v4.remote = is_outbound ? packet->destination.v4 : packet->source.v4;
		key->v4.local_port = local_port;
		key->v4.remote_port = remote_port;
		key->v4.protocol = packet->protocol;
		key->v4.asker = asker;
	} else {
		key->v6.port_id = port_id;
		__builtin_memcpy(key->v6.local, is_outbound ? &packet->source : &packet->destination, 16);
		__builtin_memcpy(key->v6.remote, is_outbound ? &packet->destination : &packet->source, 16);
		key->v6.local_port = local_port;
		key->v6.remote_port = remote_port;
		key->v6.protocol = packet->protocol;
		key->v6.asker = asker;
	}
	return tag_of(key, packet->family, seed);
}

/* ---- the word ---------------------------------------------------------------------------------------------------------------------- */

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

/*
 * Words are changed by global functions: their results are unknown numbers to the verifier, which would otherwise follow every combination
 * of flags through the rest of the program.
 */
__noinline __u64 make_word(__u64 tag, __u32 epoch, __u32 state, __u32 flags)
{
	return (tag & PC_WORD_TAG_MASK) | (__u64)epoch << PC_WORD_EPOCH_SHIFT | (__u64)state << PC_WORD_STATE_SHIFT |
	       (__u64)flags << PC_WORD_FLAGS_SHIFT | (__u64)PC_ENTRANCE_NONE << PC_WORD_ENTRANCE_SHIFT;
}

#define WORD_FLAG(flag) ((__u64)(flag) << PC_WORD_FLAGS_SHIFT)

/* The word with what one direction's ACL says. */
__noinline __u64 word_with_acl(__u64 word, __u32 direction, __u32 allows, __u32 entrance)
{
	if (direction == PC_OUTBOUND)
		return word | WORD_FLAG(PC_FLOW_ACL_OUT_KNOWN | (allows ? PC_FLOW_ACL_OUT : 0));
	word &= ~(WORD_FLAG(PC_FLOW_ACL_IN) | (__u64)PC_ENTRANCE_NONE << PC_WORD_ENTRANCE_SHIFT);
	return word | WORD_FLAG(allows ? PC_FLOW_ACL_IN : 0) | (__u64)entrance << PC_WORD_ENTRANCE_SHIFT;
}

/* The word as a new epoch begins: state and history stay, verdicts are to be computed. */
__noinline __u64 word_of_epoch(__u64 word, __u32 epoch, __u32 is_bound)
{
	__u32 history = word_flags(word) & (PC_FLOW_STARTED_IN | PC_FLOW_FIN_OUT | PC_FLOW_FIN_IN);

	return make_word(word, epoch, word_state(word), history | (is_bound ? PC_FLOW_BOUND : 0));
}

/* ---- look-up ----------------------------------------------------------------------------------------------------------------------- */

enum presence {
	FLOW_ABSENT,
	FLOW_LIVE,
	FLOW_EXPIRED, /* the entry stands, its time is over: it may be used again for the same key */
	FLOW_MOVING,  /* being deleted, or given to another flow at this instant */
};

struct tracked {
	struct pc_flow *flow; /* not NULL when live or expired */
	__u64 word;
	__u64 tag;
	union flow_key key;
};

static __always_inline bool same_key4(const struct pc_flow4_key *a, const struct pc_flow4_key *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

static __always_inline bool same_key6(const struct pc_flow6_key *a, const struct pc_flow6_key *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;
	__u32 difference = 0;

#pragma unroll
	for (int i = 0; i < 11; i++)
		difference |= x[i] ^ y[i];
	return !difference;
}

/* The entry of the key, its word read before its key was compared; NULL: none. `*is_moving`: the element was not, or not any more, the key's. */
static __always_inline struct pc_flow *look_up(const struct packet *packet, struct tracked *tracked, bool *is_moving)
{
	*is_moving = false;
	if (packet->family == PC_IPV4) {
		struct pc_flow4 *entry = bpf_map_lookup_elem(&pc_flows4, &tracked->key.v4);

		if (!entry)
			return NULL;
		tracked->word = READ_ONCE(entry->flow.word);
		barrier();
		*is_moving = !same_key4(&entry->key, &tracked->key.v4);
		return &entry->flow;
	}
	struct pc_flow6 *entry = bpf_map_lookup_elem(&pc_flows6, &tracked->key.v6);

	if (!entry)
		return NULL;
	tracked->word = READ_ONCE(entry->flow.word);
	barrier();
	*is_moving = !same_key6(&entry->key, &tracked->key.v6);
	return &entry->flow;
}

static __always_inline bool is_expired(const struct gate *gate, __u64 seen, __u32 state)
{
	__u32 timeout = gate->view->timeout_ticks[state & (PC_FLOW_STATES - 1)];

	/* signed: another CPU may already have seen the next tick */
	return (__s32)(gate->now - (__u32)seen) > (__s32)timeout;
}

static __always_inline enum presence find_flow(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	bool is_moving;

	tracked->flow = look_up(packet, tracked, &is_moving);
	if (!tracked->flow)
		return FLOW_ABSENT;
	__u64 seen = READ_ONCE(tracked->flow->seen);
	__u32 state = word_state(tracked->word);
	if (is_moving || ((tracked->word ^ tracked->tag) & PC_WORD_TAG_MASK) || (seen ^ tracked->tag) >> 32 || state == PC_FLOW_DEAD)
		return FLOW_MOVING;
	return is_expired(gate, seen, state) ? FLOW_EXPIRED : FLOW_LIVE;
}

/* ---- states ------------------------------------------------------------------------------------------------------------------------ */

static __always_inline bool is_bare_syn(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline bool is_from_opener(__u32 direction, __u64 word)
{
	return (direction == PC_INBOUND) == !!(word & WORD_FLAG(PC_FLOW_STARTED_IN));
}

/* 7.5: the SYN of the side that did not open the flow while the opener's SYN is unanswered. */
static __always_inline bool is_simultaneous_open(const struct gate *gate, __u64 word)
{
	return word_state(word) == PC_FLOW_SYN_SENT && !is_from_opener(gate->direction, word);
}

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

/* The word after an admitted TCP segment (7.6). */
__noinline __u64 advance_tcp(__u64 word, __u32 direction, __u32 tcp)
{
	bool from_opener = is_from_opener(direction, word);
	__u32 state = word_state(word);

	if (tcp & TCP_RST)
		return word;
	if (state >= PC_FLOW_FIN_WAIT && (tcp & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		state = PC_FLOW_SYN_SENT;
		word &= ~WORD_FLAG(PC_FLOW_FIN_OUT | PC_FLOW_FIN_IN | PC_FLOW_STARTED_IN);
		word |= WORD_FLAG(direction == PC_INBOUND ? PC_FLOW_STARTED_IN : 0);
	} else if (state == PC_FLOW_SYN_SENT && !from_opener && (tcp & TCP_SYN)) {
		state = PC_FLOW_SYN_RECEIVED;
	} else if (state == PC_FLOW_SYN_RECEIVED && from_opener && (tcp & TCP_ACK) && !(tcp & TCP_SYN)) {
		state = PC_FLOW_ESTABLISHED;
	} else if (state == PC_FLOW_PICKED_UP && !from_opener) {
		state = PC_FLOW_ESTABLISHED;
	}
	if ((tcp & TCP_FIN) && state >= PC_FLOW_SYN_RECEIVED) {
		word |= WORD_FLAG(direction == PC_INBOUND ? PC_FLOW_FIN_IN : PC_FLOW_FIN_OUT);
		bool both = (word & WORD_FLAG(PC_FLOW_FIN_IN)) && (word & WORD_FLAG(PC_FLOW_FIN_OUT));
		state = both ? PC_FLOW_TIME_WAIT : PC_FLOW_FIN_WAIT;
	}
	return (word & ~((__u64)PC_WORD_STATE_MASK << PC_WORD_STATE_SHIFT)) | (__u64)state << PC_WORD_STATE_SHIFT;
}

/* The word after an admitted packet. Most packets of most flows change nothing. */
static __always_inline __u64 advance(const struct gate *gate, const struct packet *packet, __u64 word)
{
	__u32 state = word_state(word);

	if (packet->protocol == IPPROTO_TCP) {
		if (state == PC_FLOW_ESTABLISHED && !(packet->tcp_flags & TCP_FIN))
			return word;
		return advance_tcp(word, gate->direction, packet->tcp_flags);
	}
	if (state == PC_FLOW_UDP && !is_from_opener(gate->direction, word))
		return word + ((__u64)(PC_FLOW_UDP_STREAM - PC_FLOW_UDP) << PC_WORD_STATE_SHIFT);
	return word;
}

static __always_inline bool swap_word(struct tracked *tracked, __u64 word)
{
	if (word == tracked->word)
		return true;
	if (__sync_val_compare_and_swap(&tracked->flow->word, tracked->word, word) != tracked->word)
		return false;
	tracked->word = word;
	return true;
}

/* Time and counters of an admitted packet. The time is written once per tick; compare-and-swap keeps it out of another flow's entry. */
static __always_inline void refresh(const struct gate *gate, const struct packet *packet, struct tracked *tracked)
{
	__u64 now = (tracked->tag & 0xffffffff00000000ull) | gate->now;
	__u64 seen = READ_ONCE(tracked->flow->seen);

	if (seen != now && (seen ^ now) >> 32 == 0 && !(packet->tcp_flags & TCP_RST))
		__sync_val_compare_and_swap(&tracked->flow->seen, seen, now);
	if (gate->direction == PC_OUTBOUND) {
		__sync_fetch_and_add(&tracked->flow->packets[PC_OUTBOUND], 1);
		__sync_fetch_and_add(&tracked->flow->bytes[PC_OUTBOUND], gate->skb->len);
	} else {
		__sync_fetch_and_add(&tracked->flow->packets[PC_INBOUND], 1);
		__sync_fetch_and_add(&tracked->flow->bytes[PC_INBOUND], gate->skb->len);
	}
}
