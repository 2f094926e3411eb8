/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entry points. pc_from_instance runs at the ingress hook of a port's host device, pc_to_instance at its egress hook; pc_sweep is run by the
 * daemon. Each packet: find the gate, parse, judge stage by stage, finish.
 */
#include "bpf/finish.h"
#include "bpf/guards.h"
#include "bpf/stages.h"
#include "bpf/sweep.h"

static __always_inline enum pc_reason judge(const struct gate *gate, struct packet *packet)
{
	enum pc_reason reason = parse(gate->skb, packet, gate->direction, mac_number(gate->view->mac));

	if (reason)
		return reason;
	if (is_from_other_vpc(gate))
		return PC_REASON_vpc;
	if (packet->ethertype == bpf_htons(ETH_P_ARP))
		return guard_arp(gate, packet);
	if (is_nd(packet))
		return guard_nd(gate, packet);
	reason = guard_others(gate, packet);
	if (reason)
		return reason;
	return judge_stateful(gate, packet);
}

static __always_inline int run(struct __sk_buff *skb, __u32 direction)
{
	struct gate gate = {};
	struct packet packet = {};
	enum pc_reason reason = find_gate(&gate, skb, direction);

	if (!reason)
		reason = judge(&gate, &packet);
	return finish(&gate, reason, packet.headers);
}

SEC("tc")
int pc_from_instance(struct __sk_buff *skb)
{
	return run(skb, PC_OUTBOUND);
}

SEC("tc")
int pc_to_instance(struct __sk_buff *skb)
{
	return run(skb, PC_INBOUND);
}

SEC("syscall")
int pc_sweep(struct pc_sweep_report *report)
{
	return sweep_all(report);
}

/* Some helpers are offered to GPL-compatible programs only. */
char _license[] SEC("license") = "Dual BSD/GPL";
