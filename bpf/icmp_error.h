/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an ICMP error quotes (docs/semantics.md 7.9): a packet that went the other way, read as far as a flow's key needs it.
 */
#pragma once
#include "bpf/flow_key.h"
#include "bpf/untracked.h"

#define QUOTE_BYTES 8 /* of the transport header */

static __always_inline bool read_quoted_transport(struct __sk_buff *skb, __u32 offset, struct packet_ends *quote)
{
	__u8 bytes[QUOTE_BYTES];

	if (bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes)))
		return false;
	quote->message = MESSAGE_DATA;
	quote->source_port = quote->destination_port = quote->icmp_id = 0;
	quote->query_type = 0;
	switch (quote->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		quote->source_port = *(__be16 *)bytes;
		quote->destination_port = *(__be16 *)(bytes + 2);
		return true;
	case ICMP_PROTOCOL:
	case ICMPV6_PROTOCOL:
		if ((quote->protocol == ICMP_PROTOCOL) != (quote->family == PC_IPV4))
			return false;
		quote->icmp_type = quote->query_type = bytes[0];
		quote->icmp_code = bytes[1];
		quote->icmp_id = *(__be16 *)(bytes + 4);
		quote->message = quote->family == PC_IPV4 ? classify_icmpv4(quote) : classify_icmpv6(quote);
		return quote->message == MESSAGE_QUERY || quote->message == MESSAGE_REPLY;
	}
	return true;
}

static __always_inline bool read_quoted_ipv4(struct __sk_buff *skb, __u32 offset, __u32 length, struct packet_ends *quote)
{
	struct iphdr ip;

	if (length < sizeof(ip) + QUOTE_BYTES || bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return false;
	__u32 header = ip.ihl * 4;
	if (ip.version != 4 || header < sizeof(ip) || header + QUOTE_BYTES > length || (ip.frag_off & bpf_htons(0x1fff)))
		return false;
	quote->source.halves[0] = quote->source.halves[1] = 0;
	quote->destination.halves[0] = quote->destination.halves[1] = 0;
	quote->source.v4 = ip.saddr;
	quote->destination.v4 = ip.daddr;
	quote->protocol = ip.protocol;
	return read_quoted_transport(skb, offset + header, quote);
}

static __always_inline bool read_quoted_ipv6(struct __sk_buff *skb, __u32 offset, __u32 length, struct packet_ends *quote)
{
	__u32 header = sizeof(struct ipv6hdr);
	__u8 bytes[8];

	if (length < header + QUOTE_BYTES || bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes)) || bytes[0] >> 4 != 6)
		return false;
	if (bpf_skb_load_bytes(skb, offset + sizeof(bytes), &quote->source, 16) ||
	    bpf_skb_load_bytes(skb, offset + sizeof(bytes) + 16, &quote->destination, 16))
		return false;
	quote->protocol = bytes[6];
	if (quote->protocol == 44) {
		if (bpf_skb_load_bytes(skb, offset + header, bytes, sizeof(bytes)) || bytes[2] || (bytes[3] & 0xf8))
			return false;
		quote->protocol = bytes[0];
		header += sizeof(bytes);
	}
	if (quote->protocol == 0 || quote->protocol == 43 || quote->protocol == 44 || quote->protocol == 60 ||
	    header + QUOTE_BYTES > length)
		return false;
	return read_quoted_transport(skb, offset + header, quote);
}

/* The flow that an error is about. */
struct quoted {
	union flow_key key;
	__u64 tag;
	__u32 family;
	__u32 pad;
	struct two_ways ways;
};

static __always_inline void fill_quoted(struct gate_numbers *at, const struct packet_ends *quote, struct quoted *quoted)
{
	bool went_out = at->direction == PC_INBOUND;

	quoted->family = quote->family;
	quoted->tag = make_key(quote, &quoted->key, at->tag_seed, !at->direction, at->port_id);
	quoted->ways.protocol = quote->protocol;
	quoted->ways.local_port = bpf_ntohs(went_out ? quote->source_port : quote->destination_port);
	quoted->ways.remote_port = bpf_ntohs(went_out ? quote->destination_port : quote->source_port);
	quoted->ways.remote = went_out ? quote->destination : quote->source;
}

/* Whether the error quotes what 7.9 asks for, to the one who sent that. Global: what it leaves in `quoted` is unknown to the verifier. */
__noinline int read_quote(struct __sk_buff *skb, struct gate_numbers *at, const struct packet *error, struct quoted *quoted)
{
	struct packet_ends quote = {};

	if (!at || !error || !quoted || error->transport_length < 8)
		return 0;
	__u32 offset = (error->transport_offset & 0x1ff) + 8, length = error->transport_length - 8;
	quote.family = error->family;
	bool is_read =
		error->family == PC_IPV4 ? read_quoted_ipv4(skb, offset, length, &quote) : read_quoted_ipv6(skb, offset, length, &quote);
	if (!is_read || quote.source.halves[0] != error->destination.halves[0] || quote.source.halves[1] != error->destination.halves[1])
		return 0;
	fill_quoted(at, &quote, quoted);
	return 1;
}

/* An error that path MTU discovery needs: v4 3/4, v6 2. */
static __always_inline bool is_too_big(const struct packet *packet)
{
	if (packet->protocol == ICMP_PROTOCOL)
		return packet->icmp_type == 3 && packet->icmp_code == 4;
	return packet->icmp_type == 2;
}
