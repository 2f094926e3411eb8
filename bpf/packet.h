/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes -> struct packet, and the checks of stages 1 and 3 (docs/semantics.md 2.1 and 3). Nothing else reads packet bytes but the link
 * guards, which read what lies behind the headers through bytes_at().
 */
#pragma once
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "bpf/gate.h"

#define ETHERTYPE_QINQ_OLD 0x9100
#define ICMPV6_PROTOCOL 58
#define ICMP_PROTOCOL 1

#define ICMPV6_ROUTER_SOLICITATION 133
#define ICMPV6_ROUTER_ADVERTISEMENT 134
#define ICMPV6_NEIGHBOR_SOLICITATION 135
#define ICMPV6_NEIGHBOR_ADVERTISEMENT 136
#define ICMPV6_REDIRECT 137

/* Bits of byte 13 of the TCP header. PSH (8), URG (32), ECE (64) and CWR (128) do not matter. */
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

/* What a packet is to flow tracking. */
enum message {
	MESSAGE_DATA,  /* TCP, UDP and other protocols: has a flow in both directions */
	MESSAGE_QUERY, /* an ICMP query: opens a flow */
	MESSAGE_REPLY, /* an ICMP reply: needs one */
	MESSAGE_ALONE, /* any other ICMP: judged by itself */
};

union address {
	__be32 v4;
	__u8 v6[16];
	__u32 words[4];
	__u64 halves[2];
};

struct packet {
	union address source;
	union address destination;
	__u32 family; /* PC_IPV4, PC_IPV6 */
	__u32 transport_offset;
	__u32 transport_length; /* by the IP header; padding is not part of it */
	__u32 headers;          /* bytes that every segment of a GSO packet repeats */
	__be16 source_port;
	__be16 destination_port;
	__be16 icmp_id;
	__u8 protocol;
	__u8 hop_limit;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 to_group; /* 1: the frame goes to a group address */
	__be16 ethertype;
	__u8 message;    /* enum message */
	__u8 query_type; /* ICMP: type of the query that the packet is, or answers */
};

/* Pointer to `length` bytes at `offset` of the frame, which are pulled into the linear part if need be; NULL when the frame ends before.
 * Every earlier pointer into the packet is invalid afterwards. `offset` must have a bound that the verifier sees. */
static __always_inline void *bytes_at(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	void *data = (void *)(long)skb->data;
	void *bytes = data + offset;

	if (unlikely(bytes + length > (void *)(long)skb->data_end)) {
		if (bpf_skb_pull_data(skb, offset + length))
			return NULL;
		data = (void *)(long)skb->data;
		bytes = data + offset;
		if (bytes + length > (void *)(long)skb->data_end)
			return NULL;
	}
	barrier_var(bytes); /* else clang tests `data` against -offset for NULL, and the verifier loses the pointer */
	return bytes;
}

/* A MAC address as a number, to compare it by. */
static __always_inline __u64 mac_number(const __u8 *mac)
{
	const __u16 *parts = (const __u16 *)mac;

	return parts[0] | (__u64)parts[1] << 16 | (__u64)parts[2] << 32;
}

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	return mac_number(a) == mac_number(b);
}

/* A frame to a group passes on only as ARP or as neighbour discovery right behind an IPv6 header (2.1.6). */
static __always_inline bool group_frame_is_discovery(struct __sk_buff *skb, __be16 ethertype)
{
	if (ethertype == bpf_htons(ETH_P_ARP))
		return true;
	if (ethertype != bpf_htons(ETH_P_IPV6))
		return false;
	const __u8 *ip = bytes_at(skb, ETH_HLEN, sizeof(struct ipv6hdr) + 1);
	return ip && ip[6] == ICMPV6_PROTOCOL && ip[40] >= ICMPV6_ROUTER_SOLICITATION && ip[40] <= ICMPV6_REDIRECT;
}

/* Stage 1, rules in the order of docs/semantics.md 2.1. Fills in `ethertype` and `to_group`. `own`: the port's MAC. */
static __always_inline enum pc_reason parse_frame(struct __sk_buff *skb, struct packet *packet, __u32 direction, __u64 own)
{
	const struct ethhdr *ethernet = bytes_at(skb, 0, ETH_HLEN);

	if (!ethernet)
		return PC_REASON_frame;
	__be16 type = ethernet->h_proto;
	__u64 source = mac_number(ethernet->h_source);
	if (skb->vlan_present || type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD) || type == bpf_htons(ETHERTYPE_QINQ_OLD))
		return PC_REASON_vlan;
	if (type != bpf_htons(ETH_P_IP) && type != bpf_htons(ETH_P_IPV6) && type != bpf_htons(ETH_P_ARP))
		return PC_REASON_ethertype;
	if (direction == PC_OUTBOUND ? source != own : !source || source == own || (ethernet->h_source[0] & 1))
		return PC_REASON_source_mac;
	packet->ethertype = type;
	packet->to_group = ethernet->h_dest[0] & 1;
	if (direction == PC_INBOUND && !packet->to_group && mac_number(ethernet->h_dest) != own)
		return PC_REASON_destination_mac;
	if (packet->to_group && !group_frame_is_discovery(skb, type))
		return PC_REASON_multicast;
	return PC_REASON_passed;
}

/* IPv4 options (3.1.3): `length` bytes, at most 40, so at most 40 steps. Global, so that the verifier checks its loop once. */
__noinline int check_ipv4_options(struct __sk_buff *skb, __u32 length)
{
	__u8 options[40] = {};
	__u32 next = 0; /* offset of the next option */

	if (length == 0 || length > sizeof(options) || bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct iphdr), options, length))
		return PC_REASON_ip_malformed;
	for (__u32 at = 0; at < sizeof(options) && at < length; at++) {
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
		if (at + 1 >= length || at + 1 >= sizeof(options))
			return PC_REASON_ip_malformed;
		__u8 option_length = options[at + 1];
		next = at + option_length;
		if (option_length < 2 || next > length)
			return PC_REASON_ip_malformed;
	}
	return PC_REASON_passed;
}

static __always_inline bool is_group_ipv4(__be32 address)
{
	return (address & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || address == bpf_htonl(0xffffffff);
}

/* 3.1 for IPv4. */
static __always_inline enum pc_reason parse_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	const struct iphdr *ip = bytes_at(skb, ETH_HLEN, sizeof(*ip));

	if (!ip)
		return PC_REASON_ip_malformed;
	__u32 header_length = ip->ihl * 4;
	__u32 total_length = bpf_ntohs(ip->tot_len);
	__be16 fragment = ip->frag_off;
	if (ip->version != 4 || header_length < sizeof(*ip) || header_length > total_length || total_length > skb->len - ETH_HLEN)
		return PC_REASON_ip_malformed;
	packet->family = PC_IPV4;
	packet->source.halves[0] = packet->source.halves[1] = 0;
	packet->destination.halves[0] = packet->destination.halves[1] = 0;
	packet->source.v4 = ip->saddr;
	packet->destination.v4 = ip->daddr;
	packet->protocol = ip->protocol;
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
	if (fragment & bpf_htons(0x3fff)) /* offset or "more fragments" */
		return PC_REASON_fragment;
	return PC_REASON_passed;
}

/* 3.1 and 3.2 for IPv6. */
static __always_inline enum pc_reason parse_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	const struct ipv6hdr *ip = bytes_at(skb, ETH_HLEN, sizeof(*ip));

	if (!ip)
		return PC_REASON_ip_malformed;
	__u32 payload_length = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || sizeof(*ip) + payload_length > skb->len - ETH_HLEN)
		return PC_REASON_ip_malformed;
	packet->family = PC_IPV6;
	__builtin_memcpy(&packet->source, &ip->saddr, 16);
	__builtin_memcpy(&packet->destination, &ip->daddr, 16);
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	packet->transport_offset = ETH_HLEN + sizeof(*ip);
	packet->transport_length = payload_length;
	if ((packet->destination.v6[0] == 0xff) != packet->to_group)
		return PC_REASON_multicast;
	switch (packet->protocol) {
	case 0:
	case 60:
		return PC_REASON_extension_header;
	case 43:
		return PC_REASON_source_route;
	case 44:
		return PC_REASON_fragment;
	}
	return PC_REASON_passed;
}

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

static __always_inline enum pc_reason parse_tcp(struct __sk_buff *skb, struct packet *packet)
{
	const struct tcphdr *tcp = NULL;

	if (packet->transport_length >= sizeof(*tcp))
		tcp = bytes_at(skb, packet->transport_offset & 0x7f, sizeof(*tcp));
	if (!tcp)
		return PC_REASON_transport_malformed;
	__u32 header_length = tcp->doff * 4;
	if (header_length < sizeof(*tcp) || header_length > packet->transport_length)
		return PC_REASON_transport_malformed;
	packet->source_port = tcp->source;
	packet->destination_port = tcp->dest;
	packet->tcp_flags = ((const __u8 *)tcp)[13];
	packet->headers = packet->transport_offset + header_length;
	return are_legal_tcp_flags(packet->tcp_flags) ? PC_REASON_passed : PC_REASON_tcp_flags;
}

static __always_inline enum pc_reason parse_udp(struct __sk_buff *skb, struct packet *packet)
{
	const struct udphdr *udp = NULL;

	if (packet->transport_length >= sizeof(*udp))
		udp = bytes_at(skb, packet->transport_offset & 0x7f, sizeof(*udp));
	if (!udp || bpf_ntohs(udp->len) < sizeof(*udp) || bpf_ntohs(udp->len) > packet->transport_length)
		return PC_REASON_transport_malformed;
	packet->source_port = udp->source;
	packet->destination_port = udp->dest;
	packet->headers = packet->transport_offset + sizeof(*udp);
	return PC_REASON_passed;
}

/* docs/semantics.md 7.2. Sets `query_type`, the type of the query that the packet is, or answers. */
static __always_inline enum message classify_icmp(struct packet *packet)
{
	packet->query_type = packet->icmp_type;
	if (packet->icmp_code != 0)
		return MESSAGE_ALONE;
	if (packet->protocol == ICMPV6_PROTOCOL) {
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

static __always_inline enum pc_reason parse_icmp(struct __sk_buff *skb, struct packet *packet)
{
	const __u8 *icmp = NULL;

	if (packet->transport_length >= 8)
		icmp = bytes_at(skb, packet->transport_offset & 0x7f, 8);
	if (!icmp)
		return PC_REASON_transport_malformed;
	packet->icmp_type = icmp[0];
	packet->icmp_code = icmp[1];
	packet->icmp_id = *(const __be16 *)(icmp + 4);
	packet->message = classify_icmp(packet);
	return PC_REASON_passed;
}

/* 3.3. Ports of protocols that have none are 0. */
static __always_inline enum pc_reason parse_transport(struct __sk_buff *skb, struct packet *packet)
{
	packet->source_port = packet->destination_port = packet->icmp_id = 0;
	packet->tcp_flags = packet->icmp_type = packet->icmp_code = packet->query_type = 0;
	packet->message = MESSAGE_DATA;
	packet->headers = packet->transport_offset;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(skb, packet);
	case IPPROTO_UDP:
		return parse_udp(skb, packet);
	case ICMP_PROTOCOL:
		return packet->family == PC_IPV4 ? parse_icmp(skb, packet) : PC_REASON_protocol;
	case ICMPV6_PROTOCOL:
		return packet->family == PC_IPV6 ? parse_icmp(skb, packet) : PC_REASON_protocol;
	}
	return PC_REASON_passed;
}

/* Stages 1 and 3. An enum pc_reason. Global, so that the verifier takes what it leaves in `packet` as one unknown instead of following every
 * kind of packet through all that comes after. Never called with NULL; the verifier cannot know. */
__noinline int parse(struct __sk_buff *skb, struct packet *packet, __u32 direction, __u64 own_mac)
{
	enum pc_reason reason;

	if (!packet)
		return PC_REASON_inconsistent;
	reason = parse_frame(skb, packet, direction, own_mac);
	if (reason || packet->ethertype == bpf_htons(ETH_P_ARP))
		return reason;
	reason = packet->ethertype == bpf_htons(ETH_P_IP) ? parse_ipv4(skb, packet) : parse_ipv6(skb, packet);
	if (reason)
		return reason;
	return parse_transport(skb, packet);
}
