/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The memory of admitted first fragments (docs/semantics.md 9): a ring per port and family. Entries are whole or empty to whoever reads them: a
 * writer empties the word, writes the key, then the word, and a reader believes a key only if the word was the same before and after.
 */
#pragma once
#include "bpf/gate.h"
#include "bpf/packet.h"

#define FRAGMENT_TICKS ((30ull * 1000000000ull >> PC_TICK_SHIFT) + 1)

static __always_inline __u64 fragment_word(const struct gate *gate)
{
	return (__u64)(gate->view->epoch & PC_WORD_EPOCH_MASK) << 32 | (__u64)gate->at->entrance << PC_WORD_ENTRANCE_SHIFT;
}

/* Whether an entry's word is of this epoch and entrance, and not too old. */
static __always_inline bool is_current(const struct gate *gate, __u64 word)
{
	return word && !((word ^ fragment_word(gate)) >> 32) && (__s32)(gate->at->now - (__u32)word) <= (__s32)FRAGMENT_TICKS;
}

/* IPv4 addresses stand in the first 4 bytes of both, zeroes behind them. */
static __always_inline bool is_fragment_of(const struct gate *gate, const struct packet *packet, const struct pc_fragment *entry)
{
	const __u64 *source = (const __u64 *)entry->source, *destination = (const __u64 *)entry->destination;

	return entry->id == packet->fragment_id && source[0] == packet->source.halves[0] && source[1] == packet->source.halves[1] &&
	       destination[0] == packet->destination.halves[0] && destination[1] == packet->destination.halves[1] &&
	       entry->protocol == packet->fragment_protocol && entry->direction == gate->at->direction;
}

/* Position of the packet's entry, and in `*found` its word; PC_FRAGMENTS_PER_PORT: none. 32 steps. */
static __noinline __u32 find_fragment(const struct gate *gate, const struct packet *packet, const struct pc_fragments *ring, __u64 *found)
{
	for (__u32 i = 0; i < PC_FRAGMENTS_PER_PORT; i++) {
		__u64 word = READ_ONCE(ring->entries[i].word);

		barrier();
		if (!is_current(gate, word) || !is_fragment_of(gate, packet, &ring->entries[i]))
			continue;
		barrier();
		if (READ_ONCE(ring->entries[i].word) == word) {
			*found = word;
			return i;
		}
	}
	return PC_FRAGMENTS_PER_PORT;
}

/* The port's ring; NULL if it is still a former port's. */
static __always_inline struct pc_fragments *ring_of(const struct gate *gate, const struct packet *packet)
{
	__u32 row = gate->at->slot * 2 + (packet->family == PC_IPV6);
	struct pc_fragments *ring = bpf_map_lookup_elem(&pc_fragments, &row);

	return ring && ring->port_id == gate->at->port_id ? ring : NULL;
}

static __noinline bool was_first_admitted(const struct gate *gate, const struct packet *packet)
{
	const struct pc_fragments *ring = ring_of(gate, packet);
	__u64 word;

	return ring && find_fragment(gate, packet, ring, &word) < PC_FRAGMENTS_PER_PORT;
}

static __always_inline void remember_fragment(const struct gate *gate, const struct packet *packet, struct pc_fragment *entry)
{
	WRITE_ONCE(entry->word, 0);
	barrier();
	__builtin_memcpy(entry->source, &packet->source, 16);
	__builtin_memcpy(entry->destination, &packet->destination, 16);
	entry->id = packet->fragment_id;
	entry->protocol = packet->fragment_protocol;
	entry->direction = gate->at->direction;
	barrier();
	WRITE_ONCE(entry->word, fragment_word(gate) | gate->at->now);
}

/* Keeps or erases the memory of a first fragment that was judged. */
__noinline int settle_first(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u32 is_admitted)
{
	struct gate gate;
	__u64 word = 0;

	if (!packet || !reopen(&gate, skb, numbers))
		return 0;
	struct pc_fragments *ring = ring_of(&gate, packet);
	if (!ring)
		return 0;
	__u32 at = find_fragment(&gate, packet, ring, &word);
	if (at < PC_FRAGMENTS_PER_PORT) /* a failure means that the entry is being given to another datagram */
		__sync_val_compare_and_swap(&ring->entries[at].word, word, is_admitted ? fragment_word(&gate) | gate.at->now : 0);
	else if (is_admitted)
		remember_fragment(&gate, packet, &ring->entries[__sync_fetch_and_add(&ring->next, 1) & (PC_FRAGMENTS_PER_PORT - 1)]);
	return 0;
}
