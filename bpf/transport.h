/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 3 for what the IP header carries. docs/semantics.md 3.3. */
#pragma once
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bpf/packet.h"

#define ICMP_HEADER_LENGTH 8
#define ICMP_REDIRECT 5

/* Transport headers begin at most here: behind 256 bytes of IPv6 headers. For the verifier. */
#define TRANSPORT_OFFSET_MASK 0x1ff

#define TCP_OPTIONS_MAX 40u
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_WINDOW_SCALE 3
#define TCP_SHIFT_MAX 14

static __always_inline bool are_legal_tcp_flags(__u8 flags)
{
	switch (flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) {
	case TCP_SYN:
	case TCP_SYN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_ACK:
		return true;
	}
	return false;
}

/* The window scale among the `length` bytes of TCP options at `offset`, plus 256; 0: none. Options that contradict themselves end the
 * search, as in the kernel's own stack, and the last of several holds. Global, so that the verifier checks its loop once. */
__noinline __u32 find_window_scale(context *skb, __u32 offset, __u32 length)
{
	__u8 options[OPTIONS_BUFFER] = {};
	__u32 next = 0; /* offset of the next option */
	__u32 found = 0;

	if (length > TCP_OPTIONS_MAX || !copy_options(skb, offset, options, length))
		return 0;
	for (__u32 at = 0; at < TCP_OPTIONS_MAX && at + 1 < length; at++) {
		__u8 type = options[at];
		__u8 option_length = options[at + 1];

		if (at < next)
			continue;
		next = at + 1;
		if (type == TCP_OPTION_END)
			break;
		if (type == TCP_OPTION_NOP)
			continue;
		next = at + option_length;
		if (option_length < 2 || next > length)
			break;
		if (type == TCP_OPTION_WINDOW_SCALE && option_length == 3) {
			__u32 shift = options[at + 2];
			found = 256 + (shift > TCP_SHIFT_MAX ? TCP_SHIFT_MAX : shift);
		}
	}
	return found;
}

static __always_inline void note_window_scale(context *skb, struct packet *packet, __u32 header_length)
{
	if (packet->transport_length < header_length)
		return; /* a first fragment that ends among the options */
	__u32 found = find_window_scale(skb, packet->transport_offset + sizeof(struct tcphdr), header_length - sizeof(struct tcphdr));

	packet->has_shift = found != 0;
	packet->shift = found & 0xff;
}

static __always_inline enum pc_reason parse_tcp(context *skb, struct packet *packet)
{
	const struct tcphdr *tcp = NULL;

	if (packet->transport_length >= sizeof(*tcp))
		tcp = bytes_at(skb, packet->transport_offset & TRANSPORT_OFFSET_MASK, sizeof(*tcp));
	if (!tcp)
		return PC_REASON_transport_malformed;
	__u32 header_length = tcp->doff * 4;
	bool is_cut = header_length > packet->transport_length;
	if (header_length < sizeof(*tcp) || (is_cut && packet->fragment != FRAGMENT_FIRST))
		return PC_REASON_transport_malformed;
	packet->source_port = tcp->source;
	packet->destination_port = tcp->dest;
	packet->sequence = bpf_ntohl(tcp->seq);
	packet->acknowledgement = bpf_ntohl(tcp->ack_seq);
	packet->window = bpf_ntohs(tcp->window);
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	packet->headers = packet->transport_offset + header_length;
	packet->segment_length = is_cut ? 0 : packet->transport_length - header_length;
	if (!are_legal_tcp_flags(packet->tcp_flags))
		return PC_REASON_tcp_flags;
	if (unlikely(packet->tcp_flags & TCP_SYN))
		note_window_scale(skb, packet, header_length);
	return PC_REASON_passed;
}

static __always_inline enum pc_reason parse_udp(context *skb, struct packet *packet)
{
	const struct udphdr *udp = NULL;

	if (packet->transport_length >= sizeof(*udp))
		udp = bytes_at(skb, packet->transport_offset & TRANSPORT_OFFSET_MASK, sizeof(*udp));
	if (!udp || bpf_ntohs(udp->len) < sizeof(*udp))
		return PC_REASON_transport_malformed;
	if (bpf_ntohs(udp->len) > packet->transport_length && packet->fragment != FRAGMENT_FIRST)
		return PC_REASON_transport_malformed;
	packet->source_port = udp->source;
	packet->destination_port = udp->dest;
	packet->headers = packet->transport_offset + sizeof(*udp);
	return PC_REASON_passed;
}

/* 7.2 and 7.9. Sets `query_type`, the type of the query that the packet is, or answers. */
static __always_inline enum message classify_icmpv4(struct packet_ends *packet)
{
	switch (packet->icmp_type) {
	case 3:
	case 11:
	case 12:
		return MESSAGE_ERROR;
	}
	if (packet->icmp_code != 0)
		return MESSAGE_ALONE;
	switch (packet->icmp_type) {
	case 8:
	case 13:
	case 15:
	case 17:
		return MESSAGE_QUERY;
	case 0:
		packet->query_type = 8;
		return MESSAGE_REPLY;
	case 14:
	case 16:
	case 18:
		packet->query_type = packet->icmp_type - 1;
		return MESSAGE_REPLY;
	}
	return MESSAGE_ALONE;
}

static __always_inline enum message classify_icmpv6(struct packet_ends *packet)
{
	if (packet->icmp_type >= 1 && packet->icmp_type <= 4)
		return MESSAGE_ERROR;
	if (packet->icmp_code != 0)
		return MESSAGE_ALONE;
	switch (packet->icmp_type) {
	case 128:
	case 139:
		return MESSAGE_QUERY;
	case 129:
	case 140:
		packet->query_type = packet->icmp_type - 1;
		return MESSAGE_REPLY;
	}
	return MESSAGE_ALONE;
}

static __always_inline enum pc_reason parse_icmp(context *skb, struct packet *packet)
{
	const __u8 *icmp = NULL;

	if (packet->transport_length >= ICMP_HEADER_LENGTH)
		icmp = bytes_at(skb, packet->transport_offset & TRANSPORT_OFFSET_MASK, ICMP_HEADER_LENGTH);
	if (!icmp)
		return PC_REASON_transport_malformed;
	packet->icmp_type = packet->query_type = icmp[0];
	packet->icmp_code = icmp[1];
	packet->icmp_id = *(const __be16 *)(icmp + 4);
	packet->message = packet->family == PC_IPV4 ? classify_icmpv4(&packet->ends) : classify_icmpv6(&packet->ends);
	return PC_REASON_passed;
}

/* 3.3. Ports of protocols that have none, and of later fragments, are 0. */
static __noinline enum pc_reason parse_transport(context *skb, struct packet *packet)
{
	packet->headers = packet->transport_offset;
	if (packet->protocol == (packet->family == PC_IPV4 ? ICMPV6_PROTOCOL : ICMP_PROTOCOL))
		return PC_REASON_protocol;
	if (packet->fragment == FRAGMENT_LATER)
		return PC_REASON_passed;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(skb, packet);
	case IPPROTO_UDP:
		return parse_udp(skb, packet);
	case ICMP_PROTOCOL:
	case ICMPV6_PROTOCOL:
		return parse_icmp(skb, packet);
	}
	return PC_REASON_passed;
}
