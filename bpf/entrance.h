/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How an inbound packet came to the host's bridge (docs/semantics.md, "Entrance"). */
#pragma once
#include "bpf/services.h"

static __always_inline bool is_router_mac(const struct gate *gate, __u64 mac)
{
	struct pc_service_key key = {.kind = PC_SERVICE_ROUTER_MAC};

	if (!(gate->view->flags & PC_PORT_HAS_ROUTERS))
		return false;
	put_mac(key.address, mac);
	return has_service(gate, &key);
}

/* Of a packet that entered by no port, or by one whose row is not its own. */
static __noinline void find_other_entrance(struct gate *gate, __u32 ifindex, __u64 source_mac)
{
	const struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);
	__u32 kind = device ? device->kind : 0;
	__u32 slot = device ? device->slot : 0;
	if (kind == PC_DEVICE_HOST)
		return;
	if (kind == PC_DEVICE_PORT && slot && slot < PC_ENTRANCE_ROUTER) { /* yet, or no longer */
		gate->at->entrance = slot;
		return;
	}
	gate->at->entrance = kind == PC_DEVICE_UPLINK ? PC_ENTRANCE_UPLINK : PC_ENTRANCE_ELSEWHERE;
	if (is_router_mac(gate, source_mac))
		gate->at->entrance = PC_ENTRANCE_ROUTER;
}

/* Fills in `entrance` and `entrance_zone`. At the egress hook `ingress_ifindex` is the bridge port that a bridged packet came by, of a
 * routed one the device that the host received it by (a bridge, not its port), 0 for the host's own (observed on 6.18; set by
 * __netif_receive_skb_core since long before). What we do not know is elsewhere. */
static __always_inline void find_entrance(struct gate *gate, __u64 source_mac)
{
	__u32 ifindex = context_entrance(gate->skb), zero = 0;
	__u32 slot;

	gate->at->entrance = PC_ENTRANCE_HOST;
	if (!ifindex)
		return;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	const struct pc_port *port = host ? find_port(host, ifindex, &slot) : NULL;
	if (likely(port && slot && slot < PC_ENTRANCE_ROUTER)) {
		gate->at->entrance = slot;
		/* a closed port keeps its zone for the sake of its flows; nothing enters by it */
		if (PC_VERSION(port->view, gate->at->parity)->flags & PC_PORT_OPEN)
			gate->at->entrance_zone = PC_VERSION(port->view, gate->at->parity)->zone;
		return;
	}
	find_other_entrance(gate, ifindex, source_mac);
}

/* Slots are below all other entrances but PC_ENTRANCE_HOST. */
static __always_inline bool entered_by_port(const struct gate *gate)
{
	return gate->at->entrance != PC_ENTRANCE_HOST && gate->at->entrance < PC_ENTRANCE_ROUTER;
}

/* 5.4: where services are believed to enter. */
static __always_inline bool is_service_origin(const struct gate *gate)
{
	return gate->at->entrance == PC_ENTRANCE_HOST || gate->at->entrance == PC_ENTRANCE_UPLINK ||
	       gate->at->entrance == PC_ENTRANCE_ROUTER;
}

static __always_inline bool entered_by_router_or_host(const struct gate *gate)
{
	return gate->at->entrance == PC_ENTRANCE_HOST || gate->at->entrance == PC_ENTRANCE_ROUTER;
}
