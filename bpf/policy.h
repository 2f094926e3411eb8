/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a compiled policy decides about a remote address and a port. bpf/abi.h defines each step; all of it runs when a flow is opened, or its cached
 * verdicts are stale, not for every packet.
 */
#pragma once
#include "bpf/packet.h"

/* A decision that no policy gives: the loaded maps contradict themselves. Denies. */
#define DECISION_INCONSISTENT 0xffffffffu

/*
 * What a policy is asked about: protocol << 16 | destination port, or ICMP type << 8 | code; with SUBJECT_UNKNOWN of a fragment whose ports are not known.
 */
#define SUBJECT_UNKNOWN 0x1000000u

static __always_inline __u32 subject_of(__u32 protocol, __u32 port)
{
	return protocol << 16 | port;
}

static __always_inline __u32 packet_subject(const struct packet *packet)
{
	if (packet->fragment == FRAGMENT_LATER)
		return SUBJECT_UNKNOWN | subject_of(packet->protocol, 0);
	if (packet->protocol == ICMP_PROTOCOL || packet->protocol == ICMPV6_PROTOCOL)
		return subject_of(packet->protocol, (__u32)packet->icmp_type << 8 | packet->icmp_code);
	return subject_of(packet->protocol, bpf_ntohs(packet->destination_port));
}

/* The length mask of a protocol in a set's head. */
static __always_inline const __u32 *lengths_of(const struct pc_set_head *head, __u32 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return &head->lengths[PC_LENGTHS_TCP];
	case IPPROTO_UDP:
		return &head->lengths[PC_LENGTHS_UDP];
	case ICMP_PROTOCOL:
		return &head->lengths[PC_LENGTHS_ICMP];
	case ICMPV6_PROTOCOL:
		return &head->lengths[PC_LENGTHS_ICMPV6];
	}
	return &head->has_others; /* 1, the mask of length 0 alone, or 0 */
}

static __always_inline __u32 decide_unknown_ports(const struct pc_set_head *head, __u32 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return head->unknown_ports[PC_LENGTHS_TCP];
	case IPPROTO_UDP:
		return head->unknown_ports[PC_LENGTHS_UDP];
	case ICMP_PROTOCOL:
		return head->unknown_ports[PC_LENGTHS_ICMP];
	}
	return head->unknown_ports[PC_LENGTHS_ICMPV6];
}

static __always_inline bool are_ports_needed(__u32 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == ICMP_PROTOCOL || protocol == ICMPV6_PROTOCOL;
}

/* What a port set decides. At most 17 look-ups. */
__noinline __u32 decide_port_set(__u32 set, __u32 subject)
{
	const struct pc_set_head *head = bpf_map_lookup_elem(&pc_set_heads, &set);
	__u32 protocol = subject >> 16 & 0xff, port = subject & 0xffff;

	if (!head || head->number != set)
		return DECISION_INCONSISTENT;
	if ((subject & SUBJECT_UNKNOWN) && are_ports_needed(protocol))
		return decide_unknown_ports(head, protocol);
	const __u32 *lengths = lengths_of(head, protocol);
	if (!*lengths)
		return head->any;
	for (int length = 16; length >= 0; length--) {
		/* read anew each time: of a mask in a register the verifier would follow every combination of bits */
		if (!(READ_ONCE(*lengths) >> length & 1))
			continue;
		struct pc_port_set_key key = {
			.set = set,
			.port = port & (0xffff0000u >> length),
			.protocol = protocol,
			.length = length,
		};
		const __u32 *decision = bpf_map_lookup_elem(&pc_port_sets, &key);
		if (decision)
			return *decision;
	}
	return head->any;
}

/* The port set of an address in a policy; 0: none. */
static __always_inline __u32 find_port_set(const struct pc_policy *policy, __u32 family, const union address *address)
{
	const __u32 *set = NULL;

	if (family == PC_IPV4) {
		if (policy->flags & PC_POLICY_CIDRS4) {
			struct pc_cidr4_key key = {.prefixlen = 64, .policy = policy->number, .address = address->v4};

			set = bpf_map_lookup_elem(&pc_cidrs4, &key);
		}
		return set ? *set : policy->default_set[PC_IPV4];
	}
	if (policy->flags & PC_POLICY_CIDRS6) {
		struct pc_cidr6_key key = {.prefixlen = 160, .policy = policy->number};

		__builtin_memcpy(key.address, address->v6, 16);
		set = bpf_map_lookup_elem(&pc_cidrs6, &key);
	}
	return set ? *set : policy->default_set[PC_IPV6];
}

/* The first decision among the remote interface's groups. At most 16 steps. */
__noinline __u32 decide_groups(__u32 parity, __u32 policy, __u32 interface, __u32 subject)
{
	const struct pc_interface *row = bpf_map_lookup_elem(&pc_interfaces, &interface);

	if (!row)
		return DECISION_INCONSISTENT;
	const __u32 *groups = parity ? row->groups[1] : row->groups[0];
	__u32 count = *PC_VERSION(row->group_count, parity);
	for (__u32 i = 0; i < PC_GROUPS_PER_INTERFACE && i < count; i++) {
		struct pc_group_set_key key = {.policy = policy, .group = groups[i]};
		const __u32 *set = bpf_map_lookup_elem(&pc_group_sets, &key);
		if (!set)
			continue;
		__u32 decision = decide_port_set(*set, subject);
		if (decision)
			return decision;
	}
	return 0;
}

/* What one policy is asked. */
struct query {
	__u32 policy;
	__u32 interface; /* the remote's; 0: group references do not apply */
	__u32 subject;
	__u32 family;
	__u32 parity;
};

/* Decision of a policy (bpf/abi.h, "policies"): 0 none, else a rule with or without PC_DENY. Number 0 is no policy and decides nothing. */
__noinline __u32 decide_policy(const union address *remote, const struct query *query)
{
	if (!remote || !query)
		return DECISION_INCONSISTENT;
	__u32 number = query->policy;
	if (!number)
		return 0;
	const struct pc_policy *policy = bpf_map_lookup_elem(&pc_policies, &number);
	if (!policy || policy->number != number)
		return DECISION_INCONSISTENT;
	__u32 set = find_port_set(policy, query->family, remote);
	__u32 decision = set ? decide_port_set(set, query->subject) : 0;
	if (decision || !query->interface || !(policy->flags & PC_POLICY_GROUPS))
		return decision;
	return decide_groups(query->parity, number, query->interface, query->subject);
}

/* Decision of those rules of a group policy alone whose source is literally anywhere (7.5). */
__noinline __u32 decide_literal(__u32 number, __u32 family, __u32 subject)
{
	if (!number)
		return 0;
	const struct pc_policy *policy = bpf_map_lookup_elem(&pc_policies, &number);
	if (!policy || policy->number != number)
		return DECISION_INCONSISTENT;
	__u32 set = family == PC_IPV4 ? policy->literal_set[PC_IPV4] : policy->literal_set[PC_IPV6];
	return set ? decide_port_set(set, subject) : 0;
}

/* Whether a decision of a group policy admits. */
static __always_inline bool admits(__u32 decision)
{
	return decision && !(decision & PC_DENY);
}

static __always_inline void count_rule(__u32 decision)
{
	__u32 rule = decision & ~PC_DENY;
	__u64 *hits = bpf_map_lookup_elem(&pc_rule_hits, &rule);

	if (hits)
		__sync_fetch_and_add(hits, 1);
}
