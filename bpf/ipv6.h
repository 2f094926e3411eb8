/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 3 for the IPv6 header and the headers behind it. docs/semantics.md 3.1 and 3.2. */
#pragma once
#include <linux/ipv6.h>

#include "bpf/ipv4.h"

#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING 43
#define IPV6_FRAGMENT 44
#define IPV6_DESTINATION 60

#define IPV6_HEADERS_MAX 8
#define IPV6_HEADERS_BYTES_MAX 256u
#define IPV6_OPTION_PAD1 0
#define IPV6_OPTION_JUMBO 0xc2

#define IPV6_FRAGMENT_OFFSET_MASK 0xfff8u
#define IPV6_MORE_FRAGMENTS 1u

/* The options of a hop-by-hop header: of the frame the bytes from `at` to `end`, at most 254. Global, so that the verifier checks its loop
 * once. */
__noinline int check_hop_by_hop(context *skb, __u32 at, __u32 end, __u32 is_big)
{
	for (__u32 step = 0; step < IPV6_HEADERS_BYTES_MAX; step++) {
		__u8 option[2];

		if (at == end)
			return PC_REASON_passed;
		if (context_load(skb, at, option, 1))
			return PC_REASON_extension_header;
		if (option[0] == IPV6_OPTION_PAD1) {
			at++;
			continue;
		}
		if (at + 2 > end || context_load(skb, at, option, 2))
			return PC_REASON_extension_header;
		if (option[0] == IPV6_OPTION_JUMBO && !is_big)
			return PC_REASON_extension_header;
		at += 2 + option[1];
		if (at > end)
			return PC_REASON_extension_header;
	}
	return PC_REASON_extension_header;
}

static __always_inline void note_fragment(struct packet *packet, const __u8 *header)
{
	__u32 field = bpf_ntohs(*(const __be16 *)(header + 2));

	packet->fragment_protocol = header[0];
	packet->fragment_id = *(const __u32 *)(header + 4);
	if (field & IPV6_FRAGMENT_OFFSET_MASK)
		packet->fragment = FRAGMENT_LATER;
	else
		packet->fragment = field & IPV6_MORE_FRAGMENTS ? FRAGMENT_FIRST : FRAGMENT_NONE;
}

static __always_inline bool is_walked(__u32 header)
{
	return header == IPV6_HOP_BY_HOP || header == IPV6_DESTINATION || header == IPV6_FRAGMENT;
}

/* Walks one header of the packet, number `index`, and makes what follows it the packet's protocol and transport. */
__noinline int walk_ipv6_header(context *skb, struct packet *packet, __u32 index)
{
	__u8 header[8] __attribute__((aligned(8)));

	if (!packet)
		return PC_REASON_inconsistent;
	__u32 kind = packet->protocol;
	__u32 at = packet->transport_offset;
	if (index >= IPV6_HEADERS_MAX || (kind == IPV6_HOP_BY_HOP && index) || packet->transport_length < sizeof(header) ||
	    context_load(skb, at, header, sizeof(header)))
		return PC_REASON_extension_header;
	__u32 length = kind == IPV6_FRAGMENT ? sizeof(header) : (header[1] + 1) * 8;
	if (length > packet->transport_length || at + length > ETH_HLEN + sizeof(struct ipv6hdr) + IPV6_HEADERS_BYTES_MAX)
		return PC_REASON_extension_header;
	if (kind == IPV6_FRAGMENT)
		note_fragment(packet, header);
	packet->has_extensions = 1;
	packet->protocol = header[0];
	packet->transport_offset = at + length;
	packet->transport_length -= length;
	return kind == IPV6_HOP_BY_HOP ? check_hop_by_hop(skb, at + 2, at + length, packet->is_big) : PC_REASON_passed;
}

/* 3.2. One step more than there may be headers, to refuse the one too many. */
static __always_inline enum pc_reason walk_ipv6_headers(context *skb, struct packet *packet)
{
	bool is_fragment = false;

	for (__u32 index = 0; index <= IPV6_HEADERS_MAX; index++) {
		__u32 kind = packet->protocol;

		if (packet->fragment == FRAGMENT_LATER)
			break; /* its protocol is what the fragment header names */
		if (kind == IPV6_ROUTING)
			return PC_REASON_source_route;
		if (!is_walked(kind))
			break;
		if (kind == IPV6_FRAGMENT && is_fragment)
			return PC_REASON_extension_header;
		is_fragment |= kind == IPV6_FRAGMENT;
		enum pc_reason reason = walk_ipv6_header(skb, packet, index);
		if (reason)
			return reason;
	}
	return PC_REASON_passed;
}

/* 3.1 for IPv6. `*is_misfit`: a packet to a group in a frame that goes to none, which is legal for some messages. */
static __noinline enum pc_reason parse_ipv6(context *skb, struct packet *packet, bool *is_misfit)
{
	const struct ipv6hdr *ip = bytes_at(skb, ETH_HLEN, sizeof(*ip));

	if (!ip)
		return PC_REASON_ip_malformed;
	__u32 length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (!ip->payload_len && big_length(skb)) {
		length = big_length(skb);
		packet->is_big = 1;
	}
	if (ip->version != 6 || length > context_length(skb) - ETH_HLEN)
		return PC_REASON_ip_malformed;
	packet->family = PC_IPV6;
	__builtin_memcpy(&packet->source, &ip->saddr, 16);
	__builtin_memcpy(&packet->destination, &ip->daddr, 16);
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	packet->transport_offset = ETH_HLEN + sizeof(*ip);
	packet->transport_length = length - sizeof(*ip);
	bool is_group = packet->destination.v6[0] == 0xff;
	if (!is_group && packet->to_group)
		return PC_REASON_multicast;
	*is_misfit = is_group && !packet->to_group;
	return is_walked(packet->protocol) || packet->protocol == IPV6_ROUTING ? walk_ipv6_headers(skb, packet) : PC_REASON_passed;
}
