/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Denials as they were last found: a packet without a flow that is denied by the groups or the ACL is denied likewise as long as the generation holds
 * and its flow does not come about (docs/decisions/0013-remembered-denials.md). Whoever sends it again and again does not have all rules asked each time.
 *
 * A denial is of one flow's key, which names the port's incarnation, one entrance, which tells directions apart, and one generation: all that those
 * verdicts are made of. What they are made of besides is seen anew in every packet, before the denial is looked for (bpf/established.h). It can make a
 * packet be denied and nothing else, and counts what judging would count.
 *
 * An array of the programs that wrote it, and of no pin: other programs judge for themselves. All CPUs share it. Who writes an entry takes it by a
 * compare-and-swap, so that its parts are of one writer; who reads it believes it if the word was the same before and after.
 */
#pragma once
#include "bpf/conntrack.h"
#include "bpf/policy.h"

#define DENIALS 4096u /* a power of two */

/* bits 0-31 generation | 32-37 reason, which is never 0 | 38-49 entrance | 50-63 of the key's hash */
#define DENIAL_REASON_SHIFT 32
#define DENIAL_REASON_MASK 0x3full
#define DENIAL_ENTRANCE_SHIFT 38
#define DENIAL_TAG_MASK 0xfffc000000000000ull
#define DENIAL_TAKEN 1ull /* being written; it has no reason */

struct denial {
	__u64 word;
	union {
		struct pc_flow4_key v4;
		struct pc_flow6_key v6;
	} key;
	__u32 family;
	__u32 group_rule; /* what its judging counted; 0: none */
	__u32 acl_rule;
};
_Static_assert(sizeof(struct denial) == 64, "one cache line");
_Static_assert(PC_REASONS_MAX - 1 <= DENIAL_REASON_MASK, "room for reasons");

static struct denial denials[DENIALS] __attribute__((aligned(64)));

static __always_inline struct denial *denial_at(__u64 tag)
{
	return &denials[tag >> 12 & (DENIALS - 1)];
}

static __always_inline __u64 denial_word(const struct gate_numbers *at, __u64 tag, __u32 reason)
{
	return (tag & DENIAL_TAG_MASK) | (__u64)at->entrance << DENIAL_ENTRANCE_SHIFT | (__u64)reason << DENIAL_REASON_SHIFT |
	       at->generation;
}

static __always_inline bool is_denial_of(const struct denial *denial, const union flow_key *key, __u32 family)
{
	if (READ_ONCE(denial->family) != family)
		return false;
	return family == PC_IPV4 ? same_key4(&denial->key.v4, &key->v4) : same_key6(&denial->key.v6, &key->v6);
}

/* A denial that is known. */
struct recalled {
	__u32 reason;
	__u32 group_rule;
	__u32 acl_rule;
};

/* False: none is known of such a packet. */
static __always_inline bool recall_denial(const struct gate_numbers *at, const union flow_key *key, __u32 family, __u64 tag,
					  struct recalled *recalled)
{
	const struct denial *denial = denial_at(tag);
	__u64 word = READ_ONCE(denial->word);

	recalled->reason = word >> DENIAL_REASON_SHIFT & DENIAL_REASON_MASK;
	if (word != denial_word(at, tag, recalled->reason) || !recalled->reason)
		return false;
	barrier();
	if (!is_denial_of(denial, key, family))
		return false;
	recalled->group_rule = READ_ONCE(denial->group_rule);
	recalled->acl_rule = READ_ONCE(denial->acl_rule);
	barrier();
	return READ_ONCE(denial->word) == word;
}

/* Whether the denial of a packet without a flow follows from what a denial is of. Answers are made of the packet, and belong to it (13.5). */
static __always_inline bool is_lasting(const struct gate *gate, const struct packet *packet, enum pc_reason reason)
{
	__u8 flags = packet->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

	if ((reason != PC_REASON_security_group && reason != PC_REASON_network_acl) || (gate->view->flags & PC_PORT_REJECT))
		return false;
	if (packet->fragment != FRAGMENT_NONE || packet->to_group)
		return false;
	if (packet->family == PC_IPV6 && (is_link_local_ipv6(&packet->source) || is_link_local_ipv6(&packet->destination)))
		return false; /* claims come and go */
	return packet->protocol == IPPROTO_UDP || (packet->protocol == IPPROTO_TCP && (flags == TCP_SYN || flags == TCP_ACK));
}

/* Pre: is_lasting. */
__noinline int remember_denial(struct gate_numbers *at, const struct packet *packet, const struct opening *opening, __u32 reason)
{
	union flow_key key = {};

	if (!at || !packet || !opening)
		return 0;
	__u64 tag = make_key(&packet->ends, &key, at->tag_seed, at->direction, at->port_id);
	struct denial *denial = denial_at(tag);
	__u64 former = READ_ONCE(denial->word);
	if (former == DENIAL_TAKEN || __sync_val_compare_and_swap(&denial->word, former, DENIAL_TAKEN) != former)
		return 0;
	denial->key.v6 = key.v6;
	denial->family = packet->family;
	denial->group_rule = opening->group_rule;
	denial->acl_rule = at->direction == PC_OUTBOUND ? opening->acl_rule[PC_OUTBOUND] : opening->acl_rule[PC_INBOUND];
	__sync_val_compare_and_swap(&denial->word, DENIAL_TAKEN, denial_word(at, tag, reason));
	return 0;
}
