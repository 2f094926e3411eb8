/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Look-ups in the compiled policy: is an address the port's own, whose is a remote address, and what does a policy decide. bpf/abi.h
 * defines each step; all of it runs when a flow is opened, or its cached verdicts are stale, not for every packet.
 */
#pragma once
#include "bpf/packet.h"

/* A decision that no policy gives: the loaded maps contradict themselves. Denies. */
#define DECISION_INCONSISTENT 0xffffffffu

static __always_inline bool is_own_ipv4(const struct gate *gate, __be32 address)
{
	struct pc_address4_key key = {.prefixlen = 64, .address_set = gate->view->address_set, .address = address};

	bool is_found = bpf_map_lookup_elem(&pc_addresses4, &key) != NULL;
	barrier_var(is_found); /* else clang combines two answers by arithmetic on the pointers, which the verifier refuses */
	return is_found;
}

static __always_inline bool is_own_ipv6(const struct gate *gate, const __u8 *address)
{
	struct pc_address6_key key = {.prefixlen = 160, .address_set = gate->view->address_set};

	__builtin_memcpy(key.address, address, 16);
	bool is_found = bpf_map_lookup_elem(&pc_addresses6, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

static __always_inline bool is_own(const struct gate *gate, const struct packet *packet, const union address *address)
{
	return packet->family == PC_IPV4 ? is_own_ipv4(gate, address->v4) : is_own_ipv6(gate, address->v6);
}

/* Who the remote is: its interface (0: none that a group reference matches) and its subnet (0: outside all subnets of the zone). */
struct remote {
	__u32 interface;
	__u32 subnet;
};

/* How an inbound packet came to the host. Outbound packets come by the port itself. */
enum entrance {
	ENTERED_BY_PORT,
	ENTERED_BY_HOST, /* sent or routed by the host */
	ENTERED_ELSEWHERE,
};

/* At the egress hook `ingress_ifindex` is the bridge port that a bridged packet came by, the bridge for a routed one, 0 for the host's own
 * (observed on 6.18; set by __netif_receive_skb_core since long before). What we do not know is no member's packet. */
static __always_inline enum entrance entrance_of(const struct __sk_buff *skb)
{
	__u32 ifindex = skb->ingress_ifindex;

	if (!ifindex)
		return ENTERED_BY_HOST;
	const struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);
	if (!device)
		return ENTERED_ELSEWHERE;
	if (device->kind == PC_DEVICE_BRIDGE)
		return ENTERED_BY_HOST;
	return device->kind == PC_DEVICE_PORT ? ENTERED_BY_PORT : ENTERED_ELSEWHERE;
}

/* docs/semantics.md 2.5: did the packet come straight from a port of another VPC? */
static __noinline bool is_from_other_vpc(const struct gate *gate)
{
	__u32 ifindex = gate->skb->ingress_ifindex;

	if (gate->direction == PC_OUTBOUND)
		return false;
	const struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);
	if (!device || device->kind != PC_DEVICE_PORT)
		return false;
	__u32 slot = device->slot;
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);
	return !port || PC_VERSION(port->view, gate->parity)->zone != gate->view->zone;
}

/* docs/semantics.md 6.6: may this packet use the address of that interface? */
static __always_inline bool may_speak_for(const struct __sk_buff *skb, __u32 interface, __u32 parity)
{
	const struct pc_interface *row = bpf_map_lookup_elem(&pc_interfaces, &interface);

	if (!row)
		return false;
	__u32 bound_to = *PC_VERSION(row->ifindex, parity);
	return !bound_to || bound_to == skb->ingress_ifindex || entrance_of(skb) == ENTERED_BY_HOST;
}

static __always_inline bool is_link_local(const struct packet *packet, const union address *address)
{
	return packet->family == PC_IPV6 && address->v6[0] == 0xfe && (address->v6[1] & 0xc0) == 0x80;
}

static __always_inline const __u32 *find_member(const struct packet *packet, const union address *address, __u32 zone)
{
	if (packet->family == PC_IPV4) {
		struct pc_member4_key key = {.prefixlen = 64, .zone = zone, .address = address->v4};

		return bpf_map_lookup_elem(&pc_members4, &key);
	}
	struct pc_member6_key key = {.prefixlen = 160, .zone = zone};

	__builtin_memcpy(key.address, address->v6, 16);
	return bpf_map_lookup_elem(&pc_members6, &key);
}

/* Where and how the remote is looked up. */
struct place {
	__u32 direction;
	__u32 parity;
	__u32 zone;
};

/* Global, as decide_policy() and what it calls: the verifier checks a global function once instead of at every call. */
__noinline int find_remote(struct __sk_buff *skb, const struct packet *packet, const struct place *place, struct remote *remote)
{
	if (!packet || !place || !remote)
		return 0;
	remote->interface = remote->subnet = 0;
	const union address *address = place->direction == PC_OUTBOUND ? &packet->destination : &packet->source;
	const __u32 *number = find_member(packet, address, place->zone);
	if (!number)
		return 0;
	__u32 row = *number;
	const struct pc_owner *owner = bpf_map_lookup_elem(&pc_owners, &row);
	if (!owner)
		return 0;
	__u32 interface = *PC_VERSION(owner->interface, place->parity);
	__u32 subnet = *PC_VERSION(owner->subnet, place->parity);
	if (place->direction == PC_INBOUND) {
		if (interface && !may_speak_for(skb, interface, place->parity))
			return 0;
		if (is_link_local(packet, address) && entrance_of(skb) == ENTERED_ELSEWHERE)
			return 0;
	}
	remote->interface = interface;
	remote->subnet = subnet;
	return 0;
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

/* What a port set decides about a protocol and port (or ICMP type << 8 | code; 0 for protocols without). At most 17 look-ups. */
__noinline __u32 decide_port_set(__u32 set, __u32 protocol, __u32 port)
{
	const struct pc_set_head *head = bpf_map_lookup_elem(&pc_set_heads, &set);

	if (!head || head->number != set)
		return DECISION_INCONSISTENT;
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
static __always_inline __u32 find_port_set(const struct pc_policy *policy, const struct packet *packet, const union address *address)
{
	const __u32 *set = NULL;

	if (packet->family == PC_IPV4) {
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
		__u32 decision = decide_port_set(*set, subject >> 16, subject & 0xffff);
		if (decision)
			return decision;
	}
	return 0;
}

/* What one policy is asked. */
struct query {
	__u32 policy;
	__u32 interface; /* the remote's; 0: group references do not apply */
	__u32 subject;   /* protocol << 16 | destination port, or ICMP type << 8 | code */
	__u32 direction;
	__u32 parity;
};

/* Decision of a policy (bpf/abi.h, "policies"): 0 none, else a rule with or without PC_DENY. Number 0 is no policy and decides nothing. */
__noinline __u32 decide_policy(const struct packet *packet, const struct query *query)
{
	if (!packet || !query)
		return DECISION_INCONSISTENT;
	__u32 number = query->policy;
	if (!number)
		return 0;
	const struct pc_policy *policy = bpf_map_lookup_elem(&pc_policies, &number);
	if (!policy || policy->number != number)
		return DECISION_INCONSISTENT;
	const union address *remote = query->direction == PC_OUTBOUND ? &packet->destination : &packet->source;
	__u32 set = find_port_set(policy, packet, remote);
	__u32 decision = set ? decide_port_set(set, query->subject >> 16, query->subject & 0xffff) : 0;
	if (decision || !query->interface || !(policy->flags & PC_POLICY_GROUPS))
		return decision;
	return decide_groups(query->parity, number, query->interface, query->subject);
}

static __always_inline void count_rule(__u32 decision)
{
	__u32 rule = decision & ~PC_DENY;
	__u64 *hits = bpf_map_lookup_elem(&pc_rule_hits, &rule);

	if (hits)
		__sync_fetch_and_add(hits, 1);
}

/* Port or ICMP type and code, as policies see it. */
static __always_inline __u32 subject_of(__u32 protocol, __u32 port)
{
	return protocol << 16 | port;
}

static __always_inline __u32 packet_subject(const struct packet *packet)
{
	if (packet->protocol == ICMP_PROTOCOL || packet->protocol == ICMPV6_PROTOCOL)
		return subject_of(packet->protocol, (__u32)packet->icmp_type << 8 | packet->icmp_code);
	return subject_of(packet->protocol, bpf_ntohs(packet->destination_port));
}
