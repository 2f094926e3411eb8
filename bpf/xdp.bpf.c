/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Early drop, where the operator wants it: pc_xdp_port on ports, pc_xdp_uplink on uplinks. What they pass goes on to TC, which judges it
 * as if they were not there; without them no verdict is another (docs/packet-path.md, "Early drop").
 */
#define PC_XDP
#include "bpf/counters.h"
#include "bpf/early.h"
#include "bpf/events.h"

static __always_inline int drop(const struct gate *gate, const struct packet *packet, enum pc_reason reason)
{
	count_verdict(gate, reason, 1);
	if (gate->view && (gate->view->flags & PC_PORT_LOG))
		report(gate->skb, gate->at, packet, reason);
	return XDP_DROP;
}

/* A device that is no port is left to TC: it may be one whose programs are being taken off. */
SEC("xdp.frags")
int pc_xdp_port(struct xdp_md *xdp)
{
	struct gate_numbers numbers = {};
	struct gate gate = {.at = &numbers};
	struct packet packet = {.family = PC_FAMILY_NONE};

	if (!is_readable(xdp))
		return XDP_PASS;
	enum pc_reason reason = find_gate(&gate, xdp, PC_OUTBOUND);
	if (reason && reason != PC_REASON_closed)
		return XDP_PASS;
	if (!reason)
		reason = judge_early(&gate, &packet);
	return reason ? drop(&gate, &packet, reason) : XDP_PASS;
}

/* 2.1.6: what comes from outside in the name of an interface that is bound here. Counted in the row of slot 0, for it has no port. */
SEC("xdp.frags")
int pc_xdp_uplink(struct xdp_md *xdp)
{
	struct gate_numbers numbers = {.direction = PC_INBOUND};
	struct gate gate = {.skb = xdp, .at = &numbers};
	__u32 ifindex = context_ifindex(xdp);
	const struct pc_device *device = bpf_map_lookup_elem(&pc_devices, &ifindex);

	if (!device || device->kind != PC_DEVICE_UPLINK)
		return XDP_PASS;
	numbers.bridge = device->bridge;
	const struct ethhdr *ethernet = bytes_at(xdp, 0, ETH_HLEN);
	if (!ethernet || !is_neighbour_mac(&gate, mac_number(ethernet->h_source)))
		return XDP_PASS;
	count_verdict(&gate, PC_REASON_source_mac, 1);
	return XDP_DROP;
}

/* Some helpers are offered to GPL-compatible programs only. */
char _license[] SEC("license") = "Dual BSD/GPL";
