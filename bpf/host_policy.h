/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 6: what the host forbids all instances. docs/semantics.md 13. */
#pragma once
#include "bpf/entrance.h"
#include "bpf/own.h"

/* What is known of the packet from its flow. */
struct host_query {
	bool is_begun_inbound; /* it belongs to a live flow that was begun inbound, or is an error related to one */
	bool is_related;       /* an error related to a live flow */
	bool is_service;       /* a service packet, or of a service flow */
	bool has_no_ports;     /* a later fragment without memory */
};

/* PC_DENIED or PC_DENIED_NEW_ONLY of an address in Egress.DenyCidrs, else 0. */
static __always_inline __u32 find_denial(const struct gate *gate, __u32 family, const union address *address)
{
	return find_in_set(family, gate->view->deny_set, address);
}

/* Whether any interface of any VPC has the address. */
static __noinline bool is_instance_address(const struct gate *gate, __u32 family, const union address *address)
{
	const __u32 *number;

	if (family == PC_IPV4) {
		struct pc_member4_key key = {.prefixlen = 64, .zone = PC_ZONE_ALL, .address = address->v4};

		number = bpf_map_lookup_elem(&pc_members4, &key);
	} else {
		struct pc_member6_key key = {.prefixlen = 160, .zone = PC_ZONE_ALL};

		__builtin_memcpy(key.address, address, 16);
		number = bpf_map_lookup_elem(&pc_members6, &key);
	}
	if (!number)
		return false;
	__u32 row = *number;
	const struct pc_owner *owner = bpf_map_lookup_elem(&pc_owners, &row);
	if (!owner)
		return false;
	return *PC_VERSION(owner->interface, gate->at->parity) || *PC_VERSION(owner->subnet, gate->at->parity);
}

/* 13.2 for an IP packet. */
static __noinline bool is_isolated(const struct gate *gate, const struct packet *packet)
{
	if (!(gate->view->flags & PC_PORT_ISOLATED))
		return false;
	if (entered_by_port(gate))
		return true;
	return is_instance_address(gate, packet->family, gate->at->direction == PC_OUTBOUND ? &packet->destination : &packet->source);
}

static __always_inline bool has_ports(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP;
}

static __always_inline bool is_host_service(const struct gate *gate, const struct packet *packet, const struct host_query *query)
{
	struct pc_service_key key = {.set = gate->view->host_set, .kind = PC_SERVICE_HOST, .protocol = packet->protocol};

	if (has_ports(packet)) {
		if (query->has_no_ports)
			return false;
		key.port = bpf_ntohs(packet->destination_port);
	}
	bool is_found = key.set && bpf_map_lookup_elem(&pc_services, &key);
	barrier_var(is_found);
	return is_found;
}

static __always_inline bool is_tunnelled(const struct packet *packet, const struct host_query *query)
{
	struct pc_tunnel_key key = {.protocol = packet->protocol};

	if (packet->protocol == IPPROTO_UDP) {
		if (query->has_no_ports)
			return true;
		key.port = bpf_ntohs(packet->destination_port);
	}
	bool is_found = bpf_map_lookup_elem(&pc_tunnels, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* 13.3 and 13.4, of an outbound packet to an address of the host. */
static __noinline enum pc_reason judge_to_host(const struct gate *gate, const struct packet *packet, const struct host_query *query)
{
	if ((gate->view->flags & PC_PORT_HOST_SERVICES) && !query->is_begun_inbound && !query->is_related && !query->is_service &&
	    !is_host_service(gate, packet, query))
		return PC_REASON_host_service;
	return is_tunnelled(packet, query) ? PC_REASON_host_tunnel : PC_REASON_passed;
}

static __noinline enum pc_reason judge_host_policy(const struct gate *gate, const struct packet *packet, const struct host_query *query)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;

	if (is_outbound) {
		__u32 denial = find_denial(gate, packet->family, &packet->destination);

		if (denial == PC_DENIED || (denial && !query->is_begun_inbound))
			return PC_REASON_deny_cidr;
	}
	if (!query->is_service && is_isolated(gate, packet))
		return PC_REASON_isolated;
	if (is_outbound && is_host_address(packet->family, &packet->destination))
		return judge_to_host(gate, packet, query);
	return PC_REASON_passed;
}
