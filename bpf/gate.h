/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gate: where a packet is judged. Finds the port that the program runs on and fixes, for this run, the generation that holds.
 */
#pragma once
#include "bpf/context.h"
#include "bpf/maps.h"
#include "bpf/reasons.h"

#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define likely(condition) __builtin_expect(!!(condition), 1)

/* Reads of shared memory that the compiler must not repeat or split. */
#define READ_ONCE(object) (*(const volatile typeof(object) *)&(object))
#define WRITE_ONCE(object, value) (*(volatile typeof(object) *)&(object) = (value))

/* Where and when, in numbers. */
struct gate_numbers {
	__u64 tag_seed;
	__u32 direction;
	__u32 generation;
	__u32 parity; /* its lowest bit */
	__u32 slot;
	__u32 port_id;
	__u32 now;           /* ticks */
	__u32 ifindex;       /* of the port's device */
	__u32 bridge;        /* ifindex; 0: none */
	__u32 entrance;      /* the slot of a port, or PC_ENTRANCE_*; outbound, and until the frame was read, PC_ENTRANCE_NONE */
	__u32 entrance_zone; /* of the port that the packet entered by; 0: it entered otherwise */
	__u32 denied_by;     /* number of the ACL entry that denied, for the record of the denial alone */
	__u32 bytes;         /* of the packet */
};

/*
 * Functions off the usual path are global, which the verifier checks once and not for every way that leads to them. They can be given no
 * struct that holds pointers: they get the numbers and find the rest again with reopen().
 */
struct gate {
	context *skb;
	const struct pc_port_view *view;
	struct gate_numbers *at;
};

/* The version `parity` of a row: written out as a choice, since a variable index into a pair costs the verifier its bounds. */
#define PC_VERSION(pair, parity) ((parity) ? &(pair)[1] : &(pair)[0])

static __always_inline __u32 ticks_now(const struct pc_host *host)
{
	return (__u32)((bpf_jiffies64() * host->jiffy_ns + host->clock_base) >> PC_TICK_SHIFT) + READ_ONCE(host->clock_offset);
}

/* The slot of a device that is a port; 0: it is none. What is found is cached under the version that was read before the look. */
static __noinline __u32 look_up_slot(__u32 ifindex, __u64 version)
{
	__u32 row = ifindex & (PC_DEVICE_CACHE - 1);
	const struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);
	__u64 *cached = bpf_map_lookup_elem(&pc_device_cache, &row);

	if (!device || device->kind != PC_DEVICE_PORT)
		return 0;
	__u32 slot = device->slot;
	if (cached)
		WRITE_ONCE(*cached, version << PC_PORT_ID_SLOT_BITS | slot);
	return slot;
}

/* The port that the device is; NULL: it is none. `*slot`: its row. */
static __always_inline const struct pc_port *find_port(const struct pc_host *host, __u32 ifindex, __u32 *slot)
{
	__u64 version = READ_ONCE(host->device_version);
	__u32 row = ifindex & (PC_DEVICE_CACHE - 1);
	const __u64 *cached = bpf_map_lookup_elem(&pc_device_cache, &row);
	__u64 entry = cached ? READ_ONCE(*cached) : 0;

	*slot = entry & ((1u << PC_PORT_ID_SLOT_BITS) - 1);
	if (likely(entry >> PC_PORT_ID_SLOT_BITS == (version & (~0ull >> PC_PORT_ID_SLOT_BITS)))) {
		const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, slot);

		if (likely(port && port->ifindex == ifindex))
			return port;
	}
	*slot = look_up_slot(ifindex, version);
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, slot);
	return port && port->ifindex == ifindex ? port : NULL;
}

static __always_inline enum pc_reason find_gate(struct gate *gate, context *skb, __u32 direction)
{
	__u32 ifindex = context_ifindex(skb);
	__u32 zero = 0;

	gate->skb = skb;
	gate->at->direction = direction;
	gate->at->slot = 0;
	gate->at->ifindex = ifindex;
	gate->at->bytes = context_length(skb);
	gate->at->entrance = PC_ENTRANCE_NONE;

	struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	if (!host)
		return PC_REASON_inconsistent;
	gate->at->generation = READ_ONCE(host->generation);
	gate->at->parity = gate->at->generation & 1;
	gate->at->tag_seed = host->tag_seed;
	gate->at->now = ticks_now(host);

	__u32 slot;
	const struct pc_port *port = find_port(host, ifindex, &slot);
	if (!port)
		return PC_REASON_no_port;
	gate->at->slot = slot;
	gate->at->port_id = port->port_id;
	gate->at->bridge = port->bridge;
	gate->view = PC_VERSION(port->view, gate->at->parity);
	if (!(gate->view->flags & PC_PORT_OPEN))
		return PC_REASON_closed;
	return PC_REASON_passed;
}

/* The gate of a global function: what its caller's was. */
static __always_inline bool reopen(struct gate *gate, context *skb, struct gate_numbers *numbers)
{
	if (!numbers)
		return false;
	gate->skb = skb;
	gate->at = numbers;
	__u32 slot = numbers->slot;
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);
	if (!port)
		return false;
	gate->view = PC_VERSION(port->view, numbers->parity);
	return true;
}
