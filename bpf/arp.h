/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ARP. docs/semantics.md 2.2. */
#pragma once
#include "bpf/frame.h"
#include "bpf/own.h"

/* Whether the sender address is a configured router's and the sender MAC, which is the Ethernet source, is not that router's. */
static __noinline bool is_forged_router_ipv4(const struct gate *gate, const struct packet *packet, const union address *sender)
{
	struct pc_service_key key = {.kind = PC_SERVICE_ROUTER};

	if (!(gate->view->flags & PC_PORT_HAS_ROUTERS))
		return false;
	map_address(key.address, PC_IPV4, sender);
	const struct pc_service *router = find_service(gate, &key);
	return router && mac_number(router->mac) != packet->source_mac;
}

/* What ARP asks for or answers with. */
struct arp_addresses {
	union address sender;
	bool is_request;
};

/* Reads the message; false: it is not one as 2.2 wants it. */
static __noinline bool read_arp(const struct gate *gate, const struct packet *packet, struct arp_addresses *addresses,
				union address *target)
{
	context *skb = gate->skb;

	if (context_length(skb) < ARP_FRAME_MIN || context_length(skb) > ARP_FRAME_MAX)
		return false;
	const struct ethhdr *ethernet = bytes_at(skb, 0, ARP_FRAME_MIN);
	if (!ethernet)
		return false;
	const struct arp_message *arp = (const void *)(ethernet + 1);
	addresses->is_request = arp->operation == bpf_htons(ARPOP_REQUEST);
	addresses->sender.v4 = unaligned_be32(arp->sender);
	target->v4 = unaligned_be32(arp->target);
	return is_arp_of_ipv4(arp) && (addresses->is_request || arp->operation == bpf_htons(ARPOP_REPLY)) &&
	       mac_number(arp->sender_mac) == packet->source_mac;
}

/* `*target` gets the target address. */
static __noinline enum pc_reason guard_arp(const struct gate *gate, const struct packet *packet, union address *target)
{
	struct arp_addresses addresses = {};

	if ((gate->view->flags & PC_PORT_NO_ADDRESSES) || !read_arp(gate, packet, &addresses, target))
		return PC_REASON_arp;
	bool is_request = addresses.is_request;
	__be32 sender = addresses.sender.v4;
	bool is_sender_own = is_own_ipv4(gate, sender);
	if (gate->at->direction == PC_OUTBOUND)
		return is_sender_own || (is_request && !sender) ? PC_REASON_passed : PC_REASON_arp;
	if (is_sender_own || is_forged_router_ipv4(gate, packet, &addresses.sender))
		return PC_REASON_arp;
	if (sender == target->v4 || (is_request && is_own_ipv4(gate, target->v4)) || (!is_request && !packet->to_group))
		return PC_REASON_passed;
	return PC_REASON_arp;
}
