/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entry points. pc_from_instance runs at the ingress hook of a port's host device, pc_to_instance at its egress hook, pc_reject behind the
 * former; pc_sweep is run by the daemon. Each packet: find the gate, parse, judge stage by stage, finish.
 */
#include "bpf/answer.h"
#include "bpf/established.h"
#include "bpf/finish.h"
#include "bpf/link.h"
#include "bpf/stages.h"

static __always_inline enum pc_reason judge(struct gate *gate, struct packet *packet)
{
	bool is_decided = false;
	enum pc_reason reason = parse(gate, packet);

	if (reason)
		return reason;
	reason = judge_link(gate, packet, &is_decided);
	if (!reason && !is_decided)
		reason = judge_stateful(gate, packet);
	if (unlikely(packet->fragment == FRAGMENT_FIRST))
		settle_first(gate->skb, gate->at, packet, !reason);
	return reason;
}

/* Stage by stage. `reason`: of the gate. */
static __always_inline int run_stages(struct gate *gate, enum pc_reason reason, bool is_flowless)
{
	struct packet packet = {.family = PC_FAMILY_NONE, .is_flowless = is_flowless};

	if (!reason)
		reason = judge(gate, &packet);
	int code = finish(gate, &packet, reason);
	/* does not come back, but if pc_reject is not there */
	if (gate->at->direction == PC_OUTBOUND && unlikely(reason) && is_to_be_answered(gate->skb, gate->at, &packet, reason))
		bpf_tail_call(gate->skb, &pc_tails, PC_TAIL_REJECT);
	return code;
}

static __always_inline int run(struct __sk_buff *skb, __u32 direction)
{
	struct gate_numbers numbers = {};
	struct gate gate = {.at = &numbers};
	enum pc_reason reason = find_gate(&gate, skb, direction);
	__u32 judged = reason ? 0 : judge_plain(&gate);

	if (likely(judged & PLAIN_HEADERS))
		return finish_silently(&gate, judged & PLAIN_HEADERS, judged >> PLAIN_REASON_SHIFT);
	return run_stages(&gate, reason, judged & PLAIN_FLOWLESS);
}

SEC("tc")
int pc_from_instance(struct __sk_buff *skb)
{
	return run(skb, PC_OUTBOUND);
}

SEC("tc")
int pc_to_instance(struct __sk_buff *skb)
{
	if (unlikely(skb->mark) && is_own_answer(skb)) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	return run(skb, PC_INBOUND);
}

/* The answer to a packet that pc_from_instance denied; dropped silently if there can be none. */
SEC("tc")
int pc_reject(struct __sk_buff *skb)
{
	return make_answer(skb) ? send_back(skb) : TC_ACT_SHOT;
}

SEC("tc")
int pc_sweep(struct __sk_buff *skb)
{
	return skb->len > ETH_HLEN ? take_records(skb) : sweep_request(skb);
}

/* Some helpers are offered to GPL-compatible programs only. */
char _license[] SEC("license") = "Dual BSD/GPL";
