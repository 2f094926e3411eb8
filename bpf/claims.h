/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Link-local addresses that ports claimed by duplicate address detection (docs/semantics.md 4.5). */
#pragma once
#include "bpf/services.h"

/* The port id that has claimed the address on the bridge of the gate; 0: none, or one that is gone. */
static __noinline __u32 find_claimant(const struct gate *gate, const union address *address)
{
	struct pc_claim_key key = {.bridge = gate->at->bridge};

	__builtin_memcpy(key.address, address, 16);
	const __u32 *claimed = bpf_map_lookup_elem(&pc_claims, &key);
	if (!claimed)
		return 0;
	__u32 port_id = READ_ONCE(*claimed);
	__u32 slot = port_id & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);
	return port && port->port_id == port_id ? port_id : 0;
}

/* XDP sees a packet before TC may have seen the claim that went before it: what the port may claim it counts as claimed. */
static __always_inline bool has_claimed(const struct gate *gate, const union address *address)
{
	if (!(gate->view->flags & PC_PORT_CLAIMS) || !is_link_local_ipv6(address))
		return false;
	return IS_EARLY || find_claimant(gate, address) == gate->at->port_id;
}

/* Whether the address is the EUI-64 address of an interface of the VPC. An entry that is about to come or to go counts too. */
static __always_inline bool is_member_ipv6(const struct gate *gate, const union address *address)
{
	struct pc_member6_key key = {.prefixlen = 160, .zone = gate->view->zone};

	__builtin_memcpy(key.address, address, 16);
	bool is_found = bpf_map_lookup_elem(&pc_members6, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* Whether the port, which does not own the address, may claim it. How many it has claimed is seen when it does. */
static __noinline bool may_claim(const struct gate *gate, const struct packet *packet, const union address *address)
{
	if (!(gate->view->flags & PC_PORT_CLAIMS) || !is_link_local_ipv6(address))
		return false;
	if (find_claimant(gate, address) || is_member_ipv6(gate, address) || is_host_address(packet->family, address))
		return false;
	return !is_service_address(gate, packet, address, PC_SERVICE_RESERVED);
}

/* Writes the claim; false: another port was faster, or there is no room. */
static __noinline bool write_claim(const struct gate *gate, const union address *address)
{
	struct pc_claim_key key = {.bridge = gate->at->bridge};
	__u32 port_id = gate->at->port_id;

	__builtin_memcpy(key.address, address, 16);
	__u32 *claimed = bpf_map_lookup_elem(&pc_claims, &key);
	if (!claimed)
		return !bpf_map_update_elem(&pc_claims, &key, &port_id, BPF_NOEXIST);
	__u32 old = READ_ONCE(*claimed);
	if (old == port_id || find_claimant(gate, address))
		return false;
	return __sync_val_compare_and_swap(claimed, old, port_id) == old;
}

/* Claims what may_claim() allowed. */
static __noinline bool claim(const struct gate *gate, const union address *address)
{
	__u32 slot = gate->at->slot;
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (!state)
		return false;
	if (__sync_fetch_and_add(&state->claims, 1) < PC_CLAIMS_PER_PORT && write_claim(gate, address))
		return true;
	__sync_fetch_and_add(&state->claims, -1);
	return false;
}
