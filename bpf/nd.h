/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Neighbour discovery. docs/semantics.md 2.3. */
#pragma once
#include "bpf/own.h"
#include "bpf/parse.h"

#define ND_OPTION_SOURCE_LINK_LAYER 1
#define ND_OPTION_TARGET_LINK_LAYER 2
#define ND_OPTION_NONCE 14
#define ND_OPTIONS_MAX 64u
#define ND_HOP_LIMIT 255

/* Bytes before the options. */
#define ND_SOLICITATION_OF_ROUTER_LENGTH 8u
#define ND_ADVERTISEMENT_OF_ROUTER_LENGTH 16u
#define ND_NEIGHBOR_LENGTH 24u

static __always_inline bool is_nd(const struct packet *packet)
{
	return packet->protocol == ICMPV6_PROTOCOL && packet->icmp_type >= ICMPV6_ROUTER_SOLICITATION &&
	       packet->icmp_type <= ICMPV6_REDIRECT;
}

/* Where options stand and what they must be. */
struct nd_options {
	__u64 mac;     /* what link-layer options must hold; 0: anything */
	__u32 mac_set; /* or what this set in pc_services has; 0: nothing else */
	__u32 at;      /* in the frame */
	__u32 length;
	__u32 is_source_unspecified;
};

static __always_inline bool is_expected_mac(const struct nd_options *wanted, __u64 mac)
{
	struct pc_service_key key = {.set = wanted->mac_set, .kind = PC_SERVICE_MAC};

	if (mac == wanted->mac)
		return true;
	if (!key.set)
		return false;
	put_mac(key.address, mac);
	bool is_found = bpf_map_lookup_elem(&pc_services, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* 2.3.2. At most 8 options fit, each of them a whole number of 8-byte units. Global, so that the verifier checks its loop once. */
__noinline int are_legal_nd_options(context *skb, const struct nd_options *wanted)
{
	__u8 options[OPTIONS_BUFFER] __attribute__((aligned(8))) = {};
	__u32 end = 0; /* of the option at hand, in units */

	if (!wanted)
		return false;
	__u32 length = wanted->length;
	__u32 units = length / 8;
	if (length == 0)
		return true;
	if (length > ND_OPTIONS_MAX || length % 8 || !copy_options(skb, wanted->at, options, length))
		return false;
	for (__u32 unit = 0; unit < ND_OPTIONS_MAX / 8 && unit < units; unit++) {
		__u8 type = options[unit * 8];
		__u8 option_units = options[unit * 8 + 1];

		if (unit < end)
			continue;
		end = unit + option_units;
		if (!option_units || end > units)
			return false;
		bool is_link_layer = type == ND_OPTION_SOURCE_LINK_LAYER || type == ND_OPTION_TARGET_LINK_LAYER;
		if (!is_link_layer && type != ND_OPTION_NONCE)
			return false;
		if (type == ND_OPTION_SOURCE_LINK_LAYER && wanted->is_source_unspecified)
			return false;
		if (is_link_layer && wanted->mac && (option_units != 1 || !is_expected_mac(wanted, mac_number(&options[unit * 8 + 2]))))
			return false;
	}
	return true;
}

/* 2.3.5. */
static __always_inline bool is_router_advertisement_believed(const struct gate *gate, const struct packet *packet)
{
	if (gate->at->direction == PC_OUTBOUND || !is_link_local_ipv6(&packet->source))
		return false;
	return gate->at->entrance == (gate->view->flags & PC_PORT_HAS_ROUTERS ? PC_ENTRANCE_ROUTER : PC_ENTRANCE_HOST);
}

/* 2.3.3: duplicate address detection for an address that the port does not own yet. */
static __noinline bool is_claiming(const struct gate *gate, const struct packet *packet, const union address *target)
{
	return gate->at->direction == PC_OUTBOUND && packet->icmp_type == ICMPV6_NEIGHBOR_SOLICITATION && is_unspecified(&packet->source) &&
	       !is_own_ipv6(gate, target);
}

/* 2.3.3 and 2.3.4, but for routers. */
static __noinline bool are_legal_nd_addresses(const struct gate *gate, const struct packet *packet, const union address *target)
{
	bool is_source_own = is_own_ipv6(gate, &packet->source);
	bool is_source_none = is_unspecified(&packet->source);

	if (packet->icmp_type == ICMPV6_ROUTER_SOLICITATION)
		return gate->at->direction == PC_OUTBOUND && (is_source_own || is_source_none);
	if (is_claiming(gate, packet, target))
		return may_claim(gate, packet, target);
	bool is_target_own = is_own_ipv6(gate, target);
	if (packet->icmp_type == ICMPV6_NEIGHBOR_SOLICITATION) {
		if (gate->at->direction == PC_INBOUND)
			return is_target_own && !is_source_own;
		return is_source_none || (is_source_own && target->v6[0] != 0xff && !is_unspecified(target));
	}
	if (gate->at->direction == PC_INBOUND)
		return !is_target_own && !is_source_own;
	return is_source_own && is_target_own;
}

/* What link-layer options must hold: outbound an own MAC; inbound, of what speaks for a router's address, that router's. False: the frame
 * itself does not come from that router. */
static __noinline bool expect_mac(const struct gate *gate, const struct packet *packet, const union address *target,
				  struct nd_options *wanted)
{
	if (gate->at->direction == PC_OUTBOUND) {
		wanted->mac = mac_number(gate->view->mac);
		wanted->mac_set = gate->view->flags & PC_PORT_HAS_MACS ? gate->view->services[0] : 0;
		return true;
	}
	if (!(gate->view->flags & PC_PORT_HAS_ROUTERS))
		return true;
	const union address *speaker = packet->icmp_type == ICMPV6_NEIGHBOR_ADVERTISEMENT ? target : &packet->source;
	const struct pc_service *router = find_service_address(gate, packet, speaker, PC_SERVICE_ROUTER);
	if (!router)
		return true;
	wanted->mac = mac_number(router->mac);
	return packet->source_mac == wanted->mac;
}

/* RS, NS and NA. `*target` gets the target address of the latter. */
static __noinline bool is_legal_nd(const struct gate *gate, const struct packet *packet, union address *target)
{
	__u32 fixed = packet->icmp_type == ICMPV6_ROUTER_SOLICITATION ? ND_SOLICITATION_OF_ROUTER_LENGTH : ND_NEIGHBOR_LENGTH;
	struct nd_options wanted = {.at = packet->transport_offset + fixed, .length = packet->transport_length - fixed};

	if (packet->transport_length < fixed)
		return false;
	if (fixed == ND_NEIGHBOR_LENGTH && context_load(gate->skb, packet->transport_offset + 8, target, sizeof(*target)))
		return false;
	wanted.is_source_unspecified = is_unspecified(&packet->source);
	return expect_mac(gate, packet, target, &wanted) && are_legal_nd_options(gate->skb, &wanted) &&
	       are_legal_nd_addresses(gate, packet, target);
}

static __noinline enum pc_reason guard_nd(const struct gate *gate, const struct packet *packet, union address *target)
{
	bool is_header_legal = packet->hop_limit == ND_HOP_LIMIT && packet->icmp_code == 0;

	if (packet->fragment != FRAGMENT_NONE || packet->has_extensions)
		return PC_REASON_nd;
	if (packet->icmp_type == ICMPV6_REDIRECT)
		return PC_REASON_redirect;
	if (packet->icmp_type == ICMPV6_ROUTER_ADVERTISEMENT) {
		if (is_header_legal && packet->transport_length >= ND_ADVERTISEMENT_OF_ROUTER_LENGTH &&
		    is_router_advertisement_believed(gate, packet))
			return PC_REASON_passed;
		return PC_REASON_router_advertisement;
	}
	return is_header_legal && is_legal_nd(gate, packet, target) ? PC_REASON_passed : PC_REASON_nd;
}
