/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * OnDeny "reject" (docs/semantics.md 13.5), but for the answer itself: which denials get one, the way to the program that makes it, and how the
 * answer is known again at the egress hook. The answer has a program of its own, reached by a tail call from the main function: where packets are
 * judged the stack is full.
 */
#pragma once
#include "bpf/packet.h"
#include "bpf/rate.h"

#define ANSWERS_PER_WINDOW 100

/* In TC alone. Filled by the loader; should it be empty, the call fails and the packet is dropped without an answer. */
PC_MAP(BPF_MAP_TYPE_PROG_ARRAY, pc_tails, __u32, __u32, PC_TAILS, 0);

/* What pc_reject is told, in __sk_buff.cb: what of the denied packet it need not read again. */
enum answer_word {
	ANSWER_FAMILY, /* PC_IPV4, PC_IPV6 */
	ANSWER_PROTOCOL,
	ANSWER_TRANSPORT_OFFSET,
	ANSWER_IP_LENGTH,
	ANSWER_SEGMENT_LENGTH, /* as packet.segment_length */
};

/* Denials by stages 6 to 8. Not those for want of an instant (flow_busy), nor those of a kind that is never answered (rate_limited: errors). */
static __always_inline bool is_answered_reason(__u32 reason)
{
	const __u64 answered = 1ull << PC_REASON_deny_cidr | 1ull << PC_REASON_isolated | 1ull << PC_REASON_host_service |
			       1ull << PC_REASON_host_tunnel | 1ull << PC_REASON_security_group | 1ull << PC_REASON_no_flow |
			       1ull << PC_REASON_flow_quota | 1ull << PC_REASON_flow_table_full | 1ull << PC_REASON_network_acl;

	return answered >> (reason & (PC_REASONS_MAX - 1)) & 1;
}

/* RFC 1122 3.2.2 and RFC 4443 2.4 (e); of ICMP queries and their replies alone, so neither errors nor link protocols are. */
static __always_inline bool is_answered_kind(const struct packet *packet)
{
	if (packet->family == PC_FAMILY_NONE || packet->to_group || packet->fragment == FRAGMENT_LATER)
		return false;
	if (is_unspecified(&packet->source) || is_unspecified(&packet->destination))
		return false;
	if (packet->protocol == IPPROTO_TCP)
		return !(packet->tcp_flags & TCP_RST);
	if (packet->protocol == ICMP_PROTOCOL || packet->protocol == ICMPV6_PROTOCOL)
		return packet->message == MESSAGE_QUERY || packet->message == MESSAGE_REPLY;
	return true;
}

/* Whether the denied outbound packet gets an answer; if so, pc_reject has been told what it asks. Global, so that the main function's frame
 * does not grow by it. */
__noinline int is_to_be_answered(struct __sk_buff *skb, struct gate_numbers *numbers, const struct packet *packet, __u32 reason)
{
	struct gate gate;

	if (!packet || !is_answered_reason(reason) || !is_answered_kind(packet) || !reopen(&gate, skb, numbers))
		return 0;
	if (!(gate.view->flags & PC_PORT_REJECT) || !may_pass_at_rate(&gate, PC_RATE_ANSWER, ANSWERS_PER_WINDOW))
		return 0;
	skb->cb[ANSWER_FAMILY] = packet->family;
	skb->cb[ANSWER_PROTOCOL] = packet->protocol;
	skb->cb[ANSWER_TRANSPORT_OFFSET] = packet->transport_offset;
	skb->cb[ANSWER_IP_LENGTH] = packet->transport_offset - ETH_HLEN + packet->transport_length;
	skb->cb[ANSWER_SEGMENT_LENGTH] = packet->segment_length;
	return 1;
}

/*
 * Whether the packet at the egress hook is an answer of ours to the port's own instance. The mark is random and known to nobody but the
 * programs; it is taken off here, and the kernel clears marks where a packet comes from another namespace. And who guessed it would only
 * have a packet back: it must have entered by the very device that it leaves by.
 */
__noinline int is_own_answer(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	return host && skb->mark && skb->mark == host->answer_mark && skb->ingress_ifindex == skb->ifindex;
}
