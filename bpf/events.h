/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Denials as records in a ring buffer, for ports that log them. Rate-limited per port before a record is made; what makes none is counted, so that
 * records and losses together are exact.
 */
#pragma once
#include "bpf/packet.h"
#include "bpf/rate.h"

#define EVENTS_PER_WINDOW 100

static __always_inline void write_mac(__u8 *bytes, __u64 mac)
{
	__u16 *parts = (__u16 *)bytes;

	parts[0] = mac;
	parts[1] = mac >> 16;
	parts[2] = mac >> 32;
}

static __always_inline void fill_event(struct pc_event *event, const struct gate *gate, const struct packet *packet)
{
	event->time_ns = bpf_ktime_get_coarse_ns();
	event->ifindex = gate->at->ifindex;
	event->port_id = gate->at->port_id;
	event->bytes = context_length(gate->skb);
	event->rule = gate->at->denied_by;
	event->direction = gate->at->direction;
	event->family = packet->family;
	event->protocol = packet->protocol;
	event->icmp_type = packet->icmp_type;
	event->icmp_code = packet->icmp_code;
	event->tcp_flags = packet->tcp_flags;
	event->ethertype = packet->ethertype;
	event->source_port = packet->source_port;
	event->destination_port = packet->destination_port;
	event->pad = 0;
	write_mac(event->source_mac, packet->source_mac);
	write_mac(event->destination_mac, packet->destination_mac);
	__builtin_memcpy(event->source, &packet->source, 16);
	__builtin_memcpy(event->destination, &packet->destination, 16);
	__builtin_memset(event->pad2, 0, sizeof(event->pad2));
}

/* Counts a denial that makes no record, since as many as may have been made in this window; false: it is to make one. */
static __always_inline bool loses_record(const struct gate *gate)
{
	__u32 slot = gate->at->slot;
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);

	if (!state || may_be_within_limit(gate, state, PC_RATE_EVENT, EVENTS_PER_WINDOW))
		return false;
	__sync_fetch_and_add(&state->lost_events, 1);
	return true;
}

__noinline int report(context *skb, struct gate_numbers *numbers, const struct packet *packet, __u32 reason)
{
	struct pc_event *event = NULL;
	struct gate gate;

	if (!packet || !reopen(&gate, skb, numbers))
		return 0;
	__u32 slot = gate.at->slot;
	if (may_pass_at_rate(&gate, PC_RATE_EVENT, EVENTS_PER_WINDOW))
		event = bpf_ringbuf_reserve(&pc_events, sizeof(*event), 0);
	if (event) {
		fill_event(event, &gate, packet);
		event->reason = reason;
		bpf_ringbuf_submit(event, 0);
		return 0;
	}
	struct pc_port_state *state = bpf_map_lookup_elem(&pc_port_states, &slot);
	if (state)
		__sync_fetch_and_add(&state->lost_events, 1);
	return 0;
}
