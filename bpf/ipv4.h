/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 3 for the IPv4 header. docs/semantics.md 3.1. */
#pragma once
#include <linux/ip.h>

#include "bpf/packet.h"

#define IPV4_OFFSET_MASK 0x1fffu
#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_OPTIONS_MAX 40u
#define IP_LENGTH_MAX 65535u

/* IPv4 options (3.1.3): `length` bytes, at most 40, so at most 40 steps. Global, so that the verifier checks its loop once. */
__noinline int check_ipv4_options(context *skb, __u32 length)
{
	__u8 options[OPTIONS_BUFFER] = {};
	__u32 next = 0; /* offset of the next option */

	if (length > IPV4_OPTIONS_MAX || !copy_options(skb, ETH_HLEN + sizeof(struct iphdr), options, length))
		return PC_REASON_ip_malformed;
	for (__u32 at = 0; at < IPV4_OPTIONS_MAX && at < length; at++) {
		__u8 type = options[at];

		if (at < next)
			continue;
		next = at + 1;
		if (type == 0)
			break;
		if (type == 131 || type == 137)
			return PC_REASON_source_route;
		if (type == 1)
			continue;
		if (at + 1 >= length)
			return PC_REASON_ip_malformed;
		__u8 option_length = options[at + 1];
		next = at + option_length;
		if (option_length < 2 || next > length)
			return PC_REASON_ip_malformed;
	}
	return PC_REASON_passed;
}

/* Offset and "more fragments" of the header, an enum fragment. */
static __always_inline enum fragment fragment_of_ipv4(__u32 field)
{
	if (field & IPV4_OFFSET_MASK)
		return FRAGMENT_LATER;
	return field & IPV4_MORE_FRAGMENTS ? FRAGMENT_FIRST : FRAGMENT_NONE;
}

/* The IP length of a GSO packet that the kernel made larger than the field can say; 0 of any other. */
static __always_inline __u32 big_length(context *skb)
{
	return context_gso_size(skb) && context_length(skb) - ETH_HLEN > IP_LENGTH_MAX ? context_length(skb) - ETH_HLEN : 0;
}

/* 3.1 for IPv4. */
static __noinline enum pc_reason parse_ipv4(context *skb, struct packet *packet)
{
	const struct iphdr *ip = bytes_at(skb, ETH_HLEN, sizeof(*ip));

	if (!ip)
		return PC_REASON_ip_malformed;
	__u32 header_length = ip->ihl * 4;
	__u32 total_length = bpf_ntohs(ip->tot_len);
	__u32 fragment = bpf_ntohs(ip->frag_off);
	if (!total_length) {
		total_length = big_length(skb);
		packet->is_big = total_length != 0;
	}
	if (ip->version != 4 || header_length < sizeof(*ip) || header_length > total_length ||
	    total_length > context_length(skb) - ETH_HLEN)
		return PC_REASON_ip_malformed;
	packet->family = PC_IPV4;
	packet->source.v4 = ip->saddr;
	packet->destination.v4 = ip->daddr;
	packet->protocol = packet->fragment_protocol = ip->protocol;
	packet->fragment_id = ip->id;
	packet->fragment = fragment_of_ipv4(fragment);
	packet->hop_limit = ip->ttl;
	packet->transport_offset = ETH_HLEN + header_length;
	packet->transport_length = total_length - header_length;
	if (is_group_ipv4(packet->destination.v4) != packet->to_group)
		return PC_REASON_multicast;
	if (unlikely(header_length > sizeof(*ip))) {
		enum pc_reason reason = check_ipv4_options(skb, header_length - sizeof(*ip));
		if (reason)
			return reason;
	}
	/* a second fragment so early would overwrite what was judged in the first */
	return (fragment & IPV4_OFFSET_MASK) == 1 ? PC_REASON_fragment : PC_REASON_passed;
}
