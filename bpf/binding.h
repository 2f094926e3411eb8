/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 4: which addresses a port may send from and receive at. docs/semantics.md 4. */
#pragma once
#include "bpf/own.h"

/* 4.3: what no packet comes from, whatever else a port may send from. */
static __always_inline bool is_never_source_ipv4(__be32 address)
{
	__u32 host_order = bpf_ntohl(address);

	return host_order >> 24 == 127 || host_order >> 24 == 0 || host_order >> 16 == 0xa9fe || is_group_ipv4(address);
}

static __always_inline bool is_never_source_ipv6(const union address *address)
{
	if (address->v6[0] == 0xff || is_link_local_ipv6(address))
		return true;
	if (address->words[0] | address->words[1])
		return false;
	if (address->words[2] == bpf_htonl(0xffff))
		return true; /* IPv4-mapped */
	return !address->words[2] && (!address->words[3] || address->words[3] == bpf_htonl(1));
}

/* Of a port with SourceDestCheck false, a source that is not own. */
static __noinline bool may_forward_from(const struct gate *gate, const struct packet *packet)
{
	const union address *source = &packet->source;

	if (packet->family == PC_IPV4 ? is_never_source_ipv4(source->v4) : is_never_source_ipv6(source))
		return false;
	if (is_service_address(gate, packet, source, PC_SERVICE_RESERVED) || is_host_address(packet->family, source))
		return false;
	return !(gate->view->flags & PC_PORT_BOUND_SOURCES) || find_in_set(packet->family, gate->view->source_set, source);
}

static __noinline enum pc_reason check_binding(const struct gate *gate, const struct packet *packet)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	bool is_bound;

	if (gate->view->flags & PC_PORT_ANY_ADDRESS)
		is_bound = !is_outbound || is_own(gate, packet, &packet->source) || may_forward_from(gate, packet);
	else if (gate->view->flags & PC_PORT_NO_ADDRESSES)
		is_bound = false;
	else if (is_outbound)
		is_bound = is_own(gate, packet, &packet->source);
	else /* what goes to a group here goes to a listed one (2.1.7) */
		is_bound = packet->to_group || is_own(gate, packet, &packet->destination);
	if (is_bound)
		return PC_REASON_passed;
	return is_outbound ? PC_REASON_source_address : PC_REASON_destination_address;
}
