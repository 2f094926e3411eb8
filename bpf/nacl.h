/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 8: does the network ACL of the port's subnet let this packet cross its boundary? docs/semantics.md 8. */
#pragma once
#include "bpf/remote.h"

/* `*rule` gets the number of the entry that decided, 0 if none did. */
static __noinline enum pc_reason judge_acl(const struct gate *gate, const struct packet *packet, const struct remote *remote, __u32 *rule)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	struct query query = {
		.policy = is_outbound ? gate->view->acl_policy[PC_OUTBOUND] : gate->view->acl_policy[PC_INBOUND],
		.subject = packet_subject(packet),
		.family = packet->family,
		.parity = gate->at->parity,
	};

	*rule = 0;
	if (gate->view->flags & PC_PORT_NO_ACL)
		return PC_REASON_passed;
	if (remote->subnet && remote->subnet == gate->view->subnet)
		return PC_REASON_passed; /* it does not leave the subnet */
	__u32 decision = decide_policy(remote_address(gate->at, packet), &query);
	if (decision == DECISION_INCONSISTENT)
		return PC_REASON_inconsistent;
	if (decision && !(IS_EARLY && admits(decision)))
		count_rule(decision); /* what XDP lets pass is TC's to count */
	*rule = decision & ~PC_DENY;
	if (admits(decision))
		return PC_REASON_passed;
	gate->at->denied_by = *rule; /* for the record of the denial alone */
	return PC_REASON_network_acl;
}
