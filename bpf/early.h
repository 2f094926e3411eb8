/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of an outbound packet's fate is certain before TC sees it: stages 1 to 4, host policies and the ACL, as far as no memory is
 * asked. A drop here is one that TC would drop too, if for an earlier stage's reason; whatever depends on flows, claims, rates, first
 * fragments or on how the kernel will present the frame is left to TC. Nothing is written but the record of a drop.
 */
#pragma once
#include "bpf/link.h"
#include "bpf/nacl.h"

/* What does not lie in one piece is left to TC, and what is longer than an IP packet, since it may be one of GSO. */
static __always_inline bool is_readable(context *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 length = context_length(skb);

	barrier_var(data); /* else clang subtracts in 32 bits, which the verifier refuses for pointers */
	barrier_var(end);
	return end - data == length && length <= ETH_HLEN + IP_LENGTH_MAX;
}

/* Stages 6 and 8, for whatever flow the packet may be of. A service flow's packets go to a service that is listed (docs/semantics.md
 * 5.5). */
static __noinline enum pc_reason deny_by_policy(const struct gate *gate, const struct packet *packet)
{
	struct host_query query = {
		.is_begun_inbound = true,
		.is_related = true,
		.is_service = is_listed_service(gate, packet),
	};
	struct remote remote = {};
	__u32 rule;

	enum pc_reason reason = judge_host_policy(gate, packet, &query);
	/* in whose subnet a link-local address is may be a matter of claims */
	if (reason || query.is_service || is_link_local(packet, &packet->destination))
		return reason;
	resolve(gate, packet, &remote);
	return judge_acl(gate, packet, &remote, &rule);
}

static __always_inline enum pc_reason judge_early(struct gate *gate, struct packet *packet)
{
	union address target = {};
	bool is_decided = false;
	enum pc_reason reason = parse(gate, packet);

	if (reason == PC_REASON_vlan)
		return PC_REASON_passed; /* a tag in the frame: the kernel may move it to metadata */
	if (reason)
		return reason;
	/* how many announcements pass is a matter of their rate; a first fragment that TC denies makes it forget an admitted one (9.2) */
	if (packet->ethertype == bpf_htons(ETHERTYPE_RARP) || packet->fragment == FRAGMENT_FIRST)
		return PC_REASON_passed;
	reason = judge_message(gate, packet, &target, &is_decided);
	if (reason || is_decided)
		return reason;
	reason = check_binding(gate, packet);
	/* the first fragment of a later one may have been admitted (9.3) */
	if (reason || packet->fragment == FRAGMENT_LATER)
		return reason;
	/* what the policy denies is answered by TC (13.5) */
	if (gate->view->flags & PC_PORT_REJECT)
		return PC_REASON_passed;
	return deny_by_policy(gate, packet);
}
