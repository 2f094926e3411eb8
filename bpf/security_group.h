/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 7 without state: do the security groups of this port allow this packet, in its own direction? docs/semantics.md 6. */
#pragma once
#include "bpf/remote.h"

/* `*rule` gets the number of the rule that allows it. */
static __noinline enum pc_reason judge_groups(const struct gate *gate, const struct packet *packet, const struct remote *remote,
					      __u32 *rule)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	struct query query = {
		.policy = is_outbound ? gate->view->group_policy[PC_OUTBOUND] : gate->view->group_policy[PC_INBOUND],
		.interface = remote->interface,
		.subject = packet_subject(packet),
		.family = packet->family,
		.parity = gate->at->parity,
	};
	__u32 decision = decide_policy(remote_address(gate->at, packet), &query);

	if (decision == DECISION_INCONSISTENT)
		return PC_REASON_inconsistent;
	if (!admits(decision))
		return PC_REASON_security_group;
	count_rule(decision);
	*rule = decision;
	return PC_REASON_passed;
}
