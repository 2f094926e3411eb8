/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that need no flow, because their flow passes by the rules alone in both directions (docs/semantics.md 7.5). */
#pragma once
#include "bpf/remote.h"

/* A flow as the rules see it from the port. */
struct two_ways {
	__u32 protocol;
	__u32 local_port; /* host order */
	__u32 remote_port;
	__u32 pad;
	union address remote;
};

static __always_inline bool admits_literally(const struct gate *gate, __u32 family, __u32 policy, __u32 subject)
{
	return admits(decide_literal(policy, family, subject));
}

static __noinline bool is_untracked(const struct gate *gate, __u32 family, const struct two_ways *ways)
{
	const struct pc_port_view *view = gate->view;
	bool is_ipv6 = family == PC_IPV6, is_udp = ways->protocol == IPPROTO_UDP;
	__u32 bit = is_ipv6 * 2 + is_udp;
	bool out = view->wide >> bit & 1, in = view->wide >> (4 + bit) & 1;

	if ((!out && !in) || (view->flags & PC_PORT_TRACK_ALL) || (!is_udp && ways->protocol != IPPROTO_TCP))
		return false;
	if (!out && !admits_literally(gate, family, view->group_policy[PC_OUTBOUND], subject_of(ways->protocol, ways->remote_port)))
		return false;
	if (!in && !admits_literally(gate, family, view->group_policy[PC_INBOUND], subject_of(ways->protocol, ways->local_port)))
		return false;
	if ((view->flags & PC_PORT_HOST_SERVICES) && is_host_address(family, &ways->remote))
		return false;
	return !view->deny_set || find_denial(gate, family, &ways->remote) != PC_DENIED_NEW_ONLY;
}

static __noinline bool passes_untracked(const struct gate *gate, const struct packet *packet)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	struct two_ways ways = {
		.protocol = packet->protocol,
		.local_port = bpf_ntohs(is_outbound ? packet->source_port : packet->destination_port),
		.remote_port = bpf_ntohs(is_outbound ? packet->destination_port : packet->source_port),
		.remote = *remote_address(gate->at, packet),
	};

	if (!gate->view->wide || !is_untracked(gate, packet->family, &ways))
		return false;
	count_rule(decide_literal(is_outbound ? gate->view->group_policy[PC_OUTBOUND] : gate->view->group_policy[PC_INBOUND],
				  packet->family, subject_of(packet->protocol, bpf_ntohs(packet->destination_port))));
	return true;
}
