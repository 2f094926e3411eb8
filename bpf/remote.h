/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose the remote address is: its interface and its subnet, as far as the way the packet came lets it count (docs/semantics.md 6.6, 6.7, 8.1).
 */
#pragma once
#include "bpf/binding.h"
#include "bpf/host_policy.h"
#include "bpf/policy.h"

struct remote {
	__u32 interface; /* 0: none that a group reference matches */
	__u32 subnet;    /* 0: outside all subnets of the zone */
};

static __always_inline bool is_link_local(const struct packet *packet, const union address *address)
{
	return packet->family == PC_IPV6 && is_link_local_ipv6(address);
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
	__u32 parity;
	__u32 zone;
	__u32 is_bound_elsewhere; /* answer: the interface is bound on this host */
};

/* By address alone. Global, as decide_policy() and what it calls: the verifier checks a global function once instead of at every call. */
__noinline int find_owner(const struct packet *packet, const union address *address, struct place *place, struct remote *remote)
{
	if (!packet || !address || !place || !remote)
		return 0;
	remote->interface = remote->subnet = place->is_bound_elsewhere = 0;
	const __u32 *number = find_member(packet, address, place->zone);
	if (!number)
		return 0;
	__u32 row = *number;
	const struct pc_owner *owner = bpf_map_lookup_elem(&pc_owners, &row);
	if (!owner)
		return 0;
	__u32 interface = *PC_VERSION(owner->interface, place->parity);
	remote->interface = interface;
	remote->subnet = *PC_VERSION(owner->subnet, place->parity);
	if (interface) {
		const struct pc_interface *bound = bpf_map_lookup_elem(&pc_interfaces, &interface);
		place->is_bound_elsewhere = !bound || *PC_VERSION(bound->ifindex, place->parity);
	}
	return 0;
}

/* Whether the inbound packet's source is own to the port that it entered by. */
static __noinline bool is_own_to_entrance(const struct gate *gate, const struct packet *packet)
{
	__u32 slot = gate->at->entrance;
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);

	if (!port)
		return false;
	return find_in_set(packet->family, PC_VERSION(port->view, gate->at->parity)->address_set, &packet->source) ||
	       (is_link_local(packet, &packet->source) && find_claimant(gate, &packet->source) == port->port_id);
}

/* 8.1 for link-local addresses that are no interface's EUI-64 one. */
static __noinline __u32 subnet_of_link_local(const struct gate *gate, const struct packet *packet, const union address *address)
{
	if (is_host_address(packet->family, address) || is_service_address(gate, packet, address, PC_SERVICE_ROUTER))
		return gate->view->subnet;
	__u32 port_id = find_claimant(gate, address);
	__u32 slot = port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	const struct pc_port *port = port_id ? bpf_map_lookup_elem(&pc_ports, &slot) : NULL;
	if (!port || port->port_id != port_id)
		return 0;
	const struct pc_port_view *view = PC_VERSION(port->view, gate->at->parity);
	return view->zone == gate->view->zone ? view->subnet : 0;
}

/* How the inbound packet came decides what its source may count as. */
static __always_inline bool may_count(const struct gate *gate, const struct packet *packet, const struct place *place)
{
	switch (gate->at->entrance) {
	case PC_ENTRANCE_HOST:
	case PC_ENTRANCE_ROUTER:
		return true;
	case PC_ENTRANCE_UPLINK:
	case PC_ENTRANCE_ELSEWHERE:
		return !place->is_bound_elsewhere && !is_link_local(packet, &packet->source);
	}
	return is_own_to_entrance(gate, packet);
}

static __noinline void resolve(const struct gate *gate, const struct packet *packet, struct remote *remote)
{
	struct place place = {.parity = gate->at->parity, .zone = gate->view->zone};
	const union address *address = remote_address(gate->at, packet);

	find_owner(packet, address, &place, remote);
	if (gate->at->direction == PC_INBOUND && !packet->to_group && !may_count(gate, packet, &place)) {
		remote->interface = remote->subnet = 0;
		return;
	}
	if (!remote->subnet && is_link_local(packet, address))
		remote->subnet = subnet_of_link_local(gate, packet, address);
}
