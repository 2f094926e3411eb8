/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fast path (docs/decisions/0014): a packet that its sender's port has passed by its flow's word alone, and that the bridge would forward to another
 * port, goes to that port's egress hook, where it is judged as ever; or, judged here for that port, into the namespace behind it. Whatever is not just
 * so takes the bridge. Nothing is denied here.
 */
#pragma once
#include <linux/if_packet.h>

#include "bpf/established.h"
#include "bpf/finish.h"

/* Set before loading; where it is 0 nothing of this file is in the loaded programs. */
const volatile __u32 pc_has_fast_path = 0;

#define BRIDGED_TICKS 256  /* 34 s: one packet in so many takes the bridge, whose memory of a MAC lasts 300 s unless it is told otherwise */
#define SMALLEST_MTU 68    /* of IPv4 (RFC 791): nothing needs to be asked about frames as short */
#define ENTER_INSTANCE 256 /* no TC code: PC_TAIL_ENTER decides */

/* Words of skb->cb for pc_enter_instance. */
#define ENTER_SENDER 0   /* slot */
#define ENTER_RECEIVER 1 /* slot */
#define ENTER_PARITY 2
#define ENTER_HEADERS 3 /* bytes of them */

/* A port that packets may go to as the bridge would send them, and that it would send these to. */
static __always_inline bool is_fast_target(const struct gate *gate, const struct pc_port *port, __u32 slot, __u64 destination)
{
	const struct pc_port_view *view = PC_VERSION(port->view, gate->at->parity);

	return slot != gate->at->slot && port->bridge == gate->at->bridge &&
	       (view->flags & (PC_PORT_OPEN | PC_PORT_FAST)) == (PC_PORT_OPEN | PC_PORT_FAST) && view->zone == gate->view->zone &&
	       mac_number(view->mac) == destination;
}

/* The port by the frame's destination as the model binds it, never as the bridge has learned it; NULL: none, or not by the fast path. */
static __always_inline const struct pc_port *find_fast_target(const struct gate *gate, __u32 *slot)
{
	const struct ethhdr *ethernet = (const void *)(long)gate->skb->data;
	struct pc_mac_key key = {.bridge = gate->at->bridge};
	__u32 zero = 0;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	if (!host || !key.bridge || (__s32)(READ_ONCE(host->fast_path_until) - gate->at->now) <= 0 ||
	    (const void *)(ethernet + 1) > (const void *)(long)gate->skb->data_end)
		return NULL;
	__u64 destination = mac_number(ethernet->h_dest);
	put_mac(key.mac, destination);
	const __u32 *ifindex = bpf_map_lookup_elem(&pc_macs, &key);
	if (!ifindex)
		return NULL;
	const struct pc_port *port = find_port(host, *ifindex, slot);
	return port && is_fast_target(gate, port, *slot, destination) ? port : NULL;
}

/* Whether the device is still the one that was a port under its number, and takes frames of this length. */
static __always_inline bool takes_frame(const struct gate *gate, __u32 slot, __u32 ifindex)
{
	const __u32 *device = bpf_map_lookup_elem(&pc_fast_devices, &slot);
	__u32 length = 0;

	if (!device || *device != ifindex)
		return false;
	return gate->at->bytes <= ETH_HLEN + SMALLEST_MTU || gate->skb->gso_size || !bpf_check_mtu(gate->skb, ifindex, &length, 0, 0);
}

static __always_inline bool is_due_at_bridge(const struct gate *gate)
{
	__u32 slot = gate->at->slot;
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (!state)
		return true;
	if (gate->at->now - READ_ONCE(state->bridged) < BRIDGED_TICKS)
		return false;
	WRITE_ONCE(state->bridged, gate->at->now);
	return true;
}

/* The code for a packet that passed at its sender's port; ENTER_INSTANCE: it is still to be counted. */
static __noinline int choose_way(const struct gate *gate, __u32 headers)
{
	__u32 slot;
	const struct pc_port *port = find_fast_target(gate, &slot);

	if (!port || !takes_frame(gate, slot, port->ifindex) || is_due_at_bridge(gate))
		return finish_silently(gate, headers, PC_REASON_passed);
	if (PC_VERSION(port->view, gate->at->parity)->flags & PC_PORT_FAST_ENTER) {
		gate->skb->cb[ENTER_SENDER] = gate->at->slot;
		gate->skb->cb[ENTER_RECEIVER] = slot;
		gate->skb->cb[ENTER_PARITY] = gate->at->parity;
		gate->skb->cb[ENTER_HEADERS] = headers;
		return ENTER_INSTANCE;
	}
	count_verdict(gate, PC_COUNTED_FAST, segments(gate->skb, headers));
	return bpf_redirect(port->ifindex, 0);
}

/* Of a packet that judge_plain() has judged. */
static __always_inline int finish_plain(const struct gate *gate, __u32 headers, enum pc_reason reason, __u32 direction)
{
	if (!pc_has_fast_path || reason || direction != PC_OUTBOUND || !(gate->view->flags & PC_PORT_FAST))
		return finish_silently(gate, headers, reason);
	int code = choose_way(gate, headers);
	if (code != ENTER_INSTANCE)
		return code;
	bpf_tail_call(gate->skb, &pc_tails, PC_TAIL_ENTER); /* does not come back, but if pc_enter_instance is not there */
	return finish_silently(gate, headers, PC_REASON_passed);
}

/* The gate of the receiving port, as its own program would find it in the run that the packet is in. */
static __always_inline bool open_receiver(struct gate *gate, __u32 slot, __u32 parity)
{
	__u32 zero = 0;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);
	const struct pc_port *port = bpf_map_lookup_elem(&pc_ports, &slot);

	if (!host || !port)
		return false;
	gate->view = PC_VERSION(port->view, parity);
	*gate->at = (struct gate_numbers){
		.tag_seed = host->tag_seed,
		.direction = PC_INBOUND,
		.parity = parity,
		.slot = slot,
		.port_id = port->port_id,
		.now = ticks_now(host),
		.ifindex = port->ifindex,
		.bridge = port->bridge,
		.bytes = context_length(gate->skb),
	};
	return (gate->view->flags & (PC_PORT_OPEN | PC_PORT_FAST_ENTER)) == (PC_PORT_OPEN | PC_PORT_FAST_ENTER);
}

/* As a veth pair does on the way between two namespaces, but for the wait in its queue. */
static __always_inline int redirect_into(struct __sk_buff *skb, __u32 ifindex)
{
	skb->mark = 0;
	skb->priority = 0;
	if (bpf_skb_change_type(skb, PACKET_HOST))
		return TC_ACT_SHOT;
	return bpf_redirect_peer(ifindex, 0);
}

/* Behind pc_from_instance, which has passed the packet at its sender's port. What the receiving port does not pass by its flow's word alone takes the
 * bridge, to the program that says why. */
static __always_inline int enter_instance(struct __sk_buff *skb)
{
	struct gate_numbers sent_at = {.slot = skb->cb[ENTER_SENDER], .direction = PC_OUTBOUND}, received_at = {};
	struct gate sender = {.skb = skb, .at = &sent_at}, receiver = {.skb = skb, .at = &received_at};
	__u32 headers = skb->cb[ENTER_HEADERS];
	bool passes = open_receiver(&receiver, skb->cb[ENTER_RECEIVER], skb->cb[ENTER_PARITY]) && pass_established(&receiver);

	/* for the programs behind; one by one, since verifiers take no store of two words at once */
	WRITE_ONCE(skb->cb[ENTER_SENDER], 0);
	WRITE_ONCE(skb->cb[ENTER_RECEIVER], 0);
	WRITE_ONCE(skb->cb[ENTER_PARITY], 0);
	WRITE_ONCE(skb->cb[ENTER_HEADERS], 0);
	if (!passes)
		return finish_silently(&sender, headers, PC_REASON_passed);
	count_verdict(&sender, PC_COUNTED_FAST, segments(skb, headers));
	count_verdict(&receiver, PC_REASON_passed, segments(skb, headers));
	return redirect_into(skb, received_at.ifindex);
}
