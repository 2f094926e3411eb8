/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: where a packet is judged. Finds the port that the program runs on and fixes, for this run, the generation that holds.
 */
#pragma once
#include "bpf/maps.h"
#include "bpf/reasons.h"

#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define likely(condition) __builtin_expect(!!(condition), 1)

/* Reads of shared memory that the compiler must not repeat or split. */
#define READ_ONCE(object) (*(const volatile typeof(object) *)&(object))

struct gate {
	struct __sk_buff *skb;
	const struct pc_port_view *view;
	__u64 tag_seed;
	__u32 direction;
	__u32 parity;
	__u32 slot;
	__u32 port_id;
	__u32 now; /* ticks */
	__u32 pad;
};

/* The version `parity` of a row: written out as a choice, since a variable index into a pair costs the verifier its bounds. */
#define PC_VERSION(pair, parity) ((parity) ? &(pair)[1] : &(pair)[0])

static __always_inline __u32 ticks_now(void)
{
	return (__u32)(bpf_ktime_get_coarse_ns() >> PC_TICK_SHIFT);
}

static __always_inline enum pc_reason find_gate(struct gate *gate, struct __sk_buff *skb, __u32 direction)
{
	__u32 ifindex = skb->ifindex;
	__u32 zero = 0;

	gate->skb = skb;
	gate->direction = direction;
	gate->slot = 0;

	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	if (!host)
		return PC_REASON_inconsistent;
	gate->parity = READ_ONCE(host->generation) & 1;
	gate->tag_seed = host->tag_seed;

	struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);
	if (!device || device->kind != PC_DEVICE_PORT)
		return PC_REASON_no_port;
	__u32 slot = device->slot;
	struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);
	if (!port || port->ifindex != ifindex)
		return PC_REASON_no_port;
	gate->slot = slot;
	gate->port_id = port->port_id;
	gate->view = PC_VERSION(port->view, gate->parity);
	if (!(gate->view->flags & PC_PORT_OPEN))
		return PC_REASON_closed;
	gate->now = ticks_now();
	return PC_REASON_passed;
}
