/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* MLD and IGMP. docs/semantics.md 2.4.2 and 2.4.3. */
#pragma once
#include "bpf/own.h"
#include "bpf/parse.h"

#define IGMP_QUERY 0x11
#define IGMP_REPORT1 0x12
#define IGMP_REPORT2 0x16
#define IGMP_LEAVE 0x17
#define IGMP_REPORT3 0x22
#define IGMP_LENGTH_MIN 8u

static __always_inline bool is_mld(const struct packet *packet)
{
	return packet->protocol == ICMPV6_PROTOCOL &&
	       ((packet->icmp_type >= ICMPV6_LISTENER_QUERY && packet->icmp_type <= ICMPV6_LISTENER_DONE) ||
		packet->icmp_type == ICMPV6_LISTENER_REPORT2);
}

static __always_inline bool is_igmp(const struct packet *packet)
{
	return packet->family == PC_IPV4 && packet->protocol == IGMP_PROTOCOL;
}

static __always_inline bool is_legal_mld(const struct gate *gate, const struct packet *packet)
{
	if (gate->at->direction == PC_INBOUND)
		return packet->icmp_type == ICMPV6_LISTENER_QUERY && is_link_local_ipv6(&packet->source) && entered_by_router_or_host(gate);
	return packet->icmp_type != ICMPV6_LISTENER_QUERY && packet->destination.v6[0] == 0xff &&
	       (is_unspecified(&packet->source) || is_own_ipv6(gate, &packet->source));
}

static __always_inline bool is_legal_igmp(const struct gate *gate, const struct packet *packet)
{
	__u8 type;

	if ((gate->view->flags & PC_PORT_NO_ADDRESSES) || packet->transport_length < IGMP_LENGTH_MIN ||
	    context_load(gate->skb, packet->transport_offset, &type, 1))
		return false;
	if (gate->at->direction == PC_INBOUND)
		return type == IGMP_QUERY && entered_by_router_or_host(gate);
	if (type != IGMP_REPORT1 && type != IGMP_REPORT2 && type != IGMP_REPORT3 && type != IGMP_LEAVE)
		return false;
	return (packet->destination.v4 & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) &&
	       (!packet->source.v4 || is_own_ipv4(gate, packet->source.v4));
}

/* Either of them. */
static __noinline enum pc_reason guard_listener(const struct gate *gate, const struct packet *packet)
{
	bool is_legal = packet->fragment == FRAGMENT_NONE && packet->hop_limit == 1;

	if (is_legal)
		is_legal = packet->family == PC_IPV4 ? is_legal_igmp(gate, packet) : is_legal_mld(gate, packet);
	return is_legal ? PC_REASON_passed : PC_REASON_multicast_listener;
}
