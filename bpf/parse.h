/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stages 1 and 3: a frame becomes a struct packet. */
#pragma once
#include "bpf/frame.h"
#include "bpf/ipv6.h"
#include "bpf/transport.h"

#define ICMPV6_LISTENER_QUERY 130
#define ICMPV6_LISTENER_REPORT 131
#define ICMPV6_LISTENER_DONE 132
#define ICMPV6_ROUTER_SOLICITATION 133
#define ICMPV6_ROUTER_ADVERTISEMENT 134
#define ICMPV6_NEIGHBOR_SOLICITATION 135
#define ICMPV6_NEIGHBOR_ADVERTISEMENT 136
#define ICMPV6_REDIRECT 137
#define ICMPV6_ROUTER_RENUMBERING 138
#define ICMPV6_LISTENER_REPORT2 143

/* 3.1.2: what routers also send to one instance alone. */
static __always_inline bool may_misfit(const struct packet *packet, __u32 direction)
{
	return direction == PC_INBOUND && packet->protocol == ICMPV6_PROTOCOL &&
	       (packet->icmp_type == ICMPV6_ROUTER_ADVERTISEMENT || packet->icmp_type == ICMPV6_LISTENER_QUERY);
}

/* Stage 3. An enum pc_reason. Global, so that the verifier takes what it leaves in `packet` as one unknown instead of following every kind
 * of packet through all that comes after. Never called with NULL; the verifier cannot know. */
__noinline int parse_ip(context *skb, struct packet *packet, __u32 direction)
{
	enum pc_reason reason;
	bool is_misfit = false;

	if (!packet)
		return PC_REASON_inconsistent;
	if (packet->ethertype == bpf_htons(ETH_P_IP))
		reason = parse_ipv4(skb, packet);
	else
		reason = parse_ipv6(skb, packet, &is_misfit);
	if (!reason)
		reason = parse_transport(skb, packet);
	/* that comes first in 3.1, but what the message is had to be read */
	if (is_misfit && (reason || !may_misfit(packet, direction)))
		return PC_REASON_multicast;
	return reason;
}

static __always_inline enum pc_reason parse(struct gate *gate, struct packet *packet)
{
	packet->family = PC_FAMILY_NONE;
	enum pc_reason reason = parse_frame(gate, packet);
	if (reason || (packet->ethertype != bpf_htons(ETH_P_IP) && packet->ethertype != bpf_htons(ETH_P_IPV6)))
		return reason;
	return parse_ip(gate->skb, packet, gate->at->direction);
}
