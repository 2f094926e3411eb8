/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage 2, and what of stage 1 can be told only after stage 3. docs/semantics.md 2.1.7 and 2.2-2.5. What the guards admit is exempt from
 * the stages that follow but for isolation, so they check every address in a message themselves.
 */
#pragma once
#include "bpf/arp.h"
#include "bpf/dhcp.h"
#include "bpf/host_policy.h"
#include "bpf/multicast_listener.h"
#include "bpf/nd.h"
#include "bpf/rate.h"

#define ANNOUNCEMENTS_MAX 10 /* per window (2.1.3) */

enum link_message {
	LINK_NONE,
	LINK_ARP,
	LINK_ND,
	LINK_LISTENER,
	LINK_DHCP,
	LINK_REDIRECT,
};

static __always_inline enum link_message classify_link(const struct gate *gate, const struct packet *packet)
{
	if (packet->ethertype == bpf_htons(ETH_P_ARP))
		return LINK_ARP;
	if (is_nd(packet))
		return LINK_ND;
	if (is_mld(packet) || is_igmp(packet))
		return LINK_LISTENER;
	if (is_dhcp(gate, packet))
		return LINK_DHCP;
	if (packet->protocol == ICMP_PROTOCOL && packet->icmp_type == ICMP_REDIRECT)
		return LINK_REDIRECT;
	if (gate->at->direction == PC_OUTBOUND && packet->protocol == ICMPV6_PROTOCOL && packet->icmp_type == ICMPV6_ROUTER_RENUMBERING)
		return LINK_REDIRECT;
	return LINK_NONE;
}

/* 2.1.7 and 2.5. */
static __always_inline enum pc_reason check_link(const struct gate *gate, const struct packet *packet, enum link_message message)
{
	if (packet->to_group && (message == LINK_NONE || message == LINK_REDIRECT) && !is_listed_multicast(gate, packet))
		return PC_REASON_multicast;
	if (entered_by_port(gate) && gate->at->entrance_zone != gate->view->zone)
		return PC_REASON_vpc;
	return PC_REASON_passed;
}

/* The guard of the message. `*target`: of ARP, NS and NA. */
static __always_inline enum pc_reason guard(const struct gate *gate, const struct packet *packet, enum link_message message,
					    union address *target)
{
	switch (message) {
	case LINK_ARP:
		return guard_arp(gate, packet, target);
	case LINK_ND:
		return guard_nd(gate, packet, target);
	case LINK_LISTENER:
		return guard_listener(gate, packet);
	case LINK_DHCP:
		return guard_dhcp(gate, packet);
	default:
		return PC_REASON_redirect;
	}
}

/* 13.2 for what the guards admitted. */
static __noinline bool is_link_isolated(const struct gate *gate, const struct packet *packet, const union address *target)
{
	bool is_arp = packet->family == PC_FAMILY_NONE;

	if (!(gate->view->flags & PC_PORT_ISOLATED))
		return false;
	if (entered_by_port(gate) || (!is_arp && is_isolated(gate, packet)))
		return true;
	if (gate->at->direction == PC_INBOUND || (!is_arp && !(is_nd(packet) && packet->icmp_type == ICMPV6_NEIGHBOR_SOLICITATION)))
		return false;
	if (is_arp)
		return is_instance_address(gate, PC_IPV4, target) && !is_own_ipv4(gate, target->v4);
	return is_instance_address(gate, PC_IPV6, target) && !is_own_ipv6(gate, target);
}

/* What no memory is needed for; nothing is counted or written. Sets *is_decided when the reason is final: the message belongs to stage 2,
 * or is dropped before it. */
static __always_inline enum pc_reason judge_message(const struct gate *gate, const struct packet *packet, union address *target,
						    bool *is_decided)
{
	*is_decided = true;
	enum link_message message = classify_link(gate, packet);
	enum pc_reason reason = check_link(gate, packet, message);
	if (reason)
		return reason;
	if (message == LINK_NONE) {
		*is_decided = false;
		return PC_REASON_passed;
	}
	reason = guard(gate, packet, message, target);
	if (reason)
		return reason;
	return is_link_isolated(gate, packet, target) ? PC_REASON_isolated : PC_REASON_passed;
}

/* The whole of the stage, with its rates and claims. */
static __always_inline enum pc_reason judge_link(struct gate *gate, struct packet *packet, bool *is_decided)
{
	union address target = {};

	if (packet->ethertype == bpf_htons(ETHERTYPE_RARP)) {
		*is_decided = true;
		return may_pass_at_rate(gate, PC_RATE_ANNOUNCEMENT, ANNOUNCEMENTS_MAX) ? PC_REASON_passed : PC_REASON_rate_limited;
	}
	enum pc_reason reason = judge_message(gate, packet, &target, is_decided);
	if (reason || !*is_decided)
		return reason;
	if (is_nd(packet) && is_claiming(gate, packet, &target) && !claim(gate, &target))
		return PC_REASON_nd;
	return PC_REASON_passed;
}
