/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 8: does the network ACL of the port's subnet let this packet cross its boundary? docs/semantics.md 8. */
#pragma once
#include "bpf/policy.h"

/* `*rule` gets the number of the entry that decided, 0 if none did. */
static __noinline enum pc_reason judge_acl(const struct gate *gate, const struct packet *packet, const struct remote *remote, __u32 *rule)
{
	bool is_outbound = gate->direction == PC_OUTBOUND;
	struct query query = {
		.policy = is_outbound ? gate->view->acl_policy[PC_OUTBOUND] : gate->view->acl_policy[PC_INBOUND],
		.subject = packet_subject(packet),
		.direction = gate->direction,
		.parity = gate->parity,
	};

	*rule = 0;
	if (gate->view->flags & PC_PORT_NO_ACL)
		return PC_REASON_passed;
	if (remote->subnet && remote->subnet == gate->view->subnet)
		return PC_REASON_passed; /* it does not leave the subnet */
	__u32 decision = decide_policy(packet, &query);
	if (decision == DECISION_INCONSISTENT)
		return PC_REASON_inconsistent;
	if (decision)
		count_rule(decision);
	*rule = decision & ~PC_DENY;
	return decision && !(decision & PC_DENY) ? PC_REASON_passed : PC_REASON_network_acl;
}
