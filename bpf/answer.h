/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What pc_reject makes of a denied packet (docs/semantics.md 13.5): the answer to it, from the address that it went to, in the same buffer. A TCP
 * segment is answered by an RST (RFC 9293 3.10.7.1), everything else by an ICMP error that says "administratively prohibited".
 */
#pragma once
#include <linux/pkt_cls.h>

#include "bpf/ipv6.h"
#include "bpf/reject.h"
#include "bpf/transport.h"

/* What is quoted at most: an IPv6 header, all headers behind it that stage 3 admits, and 8 bytes of what they carry. A multiple of 4. */
#define QUOTE_MAX 304u
/* While it is rewritten, a packet has this length, and once more with as much behind it as bpf_skb_adjust_room wants to be left. */
#define SCRATCH_LENGTH (ETH_HLEN + QUOTE_MAX)
#define SCRATCH_REST 64

#define ANSWER_HOP_LIMIT 64
#define ICMP_UNREACHABLE 3         /* type, RFC 792 */
#define ICMP_PROHIBITED 13         /* code, RFC 1812 5.2.7.1 */
#define ICMPV6_UNREACHABLE 1       /* type, RFC 4443 3.1 */
#define ICMPV6_PROHIBITED 1        /* code */
#define TCP_HEADER_WORD (5u << 12) /* data offset of a header without options, in the word of the flags */

struct answer {
	union address source; /* of the answer: the denied packet's destination */
	union address destination;
	__u32 family;
	__u32 sum; /* of the pseudo-header */
};

struct error_message {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__u32 unused;
	__u8 quote[QUOTE_MAX];
};

static __always_inline __u16 folded(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u32 sum_of(const void *from, __u32 length, __u32 sum)
{
	return bpf_csum_diff(NULL, 0, (__be32 *)from, length, sum);
}

static __always_inline __u32 ip_header_length(const struct answer *answer)
{
	return answer->family == PC_IPV4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

/* False: the packet is not what it was when it was judged. */
static __always_inline bool read_addresses(struct __sk_buff *skb, struct answer *answer)
{
	if (answer->family == PC_IPV4)
		return !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, saddr), &answer->destination, 4) &&
		       !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, daddr), &answer->source, 4);
	return !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, saddr), &answer->destination, 16) &&
	       !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, daddr), &answer->source, 16);
}

/*
 * Leaves the Ethernet header, room for an IP packet of `length` bytes, and nothing of what the kernel knew of the former content: GSO (taken off
 * by bpf_skb_change_tail), a checksum that is still to be computed (by pulling the buffer's beginning past where it starts, which
 * nothing else does), one that is known (by growing, and by bpf_skb_adjust_room). Fails where a tap was told to put a checksum further behind.
 */
static __always_inline bool begin_anew(struct __sk_buff *skb, __u32 length)
{
	return !bpf_skb_change_tail(skb, SCRATCH_LENGTH, 0) && !bpf_skb_change_tail(skb, SCRATCH_LENGTH + SCRATCH_REST, 0) &&
	       !bpf_skb_adjust_room(skb, -(__s32)SCRATCH_LENGTH, BPF_ADJ_ROOM_MAC, 0) && !bpf_skb_change_tail(skb, ETH_HLEN + length, 0);
}

static __noinline bool swap_macs(struct __sk_buff *skb)
{
	__u8 former[2 * ETH_ALEN];
	__u8 macs[2 * ETH_ALEN];

	if (bpf_skb_load_bytes(skb, 0, former, sizeof(former)))
		return false;
	__builtin_memcpy(macs, former + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(macs + ETH_ALEN, former, ETH_ALEN);
	return !bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), BPF_F_INVALIDATE_HASH);
}

static __noinline bool write_ipv4(struct __sk_buff *skb, const struct answer *answer, __u8 protocol, __u32 length)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(sizeof(ip) + length),
		.frag_off = bpf_htons(0x4000), /* DF: the identification may be 0 */
		.ttl = ANSWER_HOP_LIMIT,
		.protocol = protocol,
		.saddr = answer->source.v4,
		.daddr = answer->destination.v4,
	};

	ip.check = folded(sum_of(&ip, sizeof(ip), 0));
	return !bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

static __noinline bool write_ipv6(struct __sk_buff *skb, const struct answer *answer, __u8 protocol, __u32 length)
{
	struct ipv6hdr ip = {.version = 6, .payload_len = bpf_htons(length), .nexthdr = protocol, .hop_limit = ANSWER_HOP_LIMIT};

	__builtin_memcpy(&ip.saddr, &answer->source, sizeof(ip.saddr));
	__builtin_memcpy(&ip.daddr, &answer->destination, sizeof(ip.daddr));
	return !bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

/* Everything in front of the `length` bytes of `protocol`. */
static __always_inline bool write_headers(struct __sk_buff *skb, const struct answer *answer, __u8 protocol, __u32 length)
{
	if (!begin_anew(skb, ip_header_length(answer) + length) || !swap_macs(skb))
		return false;
	return answer->family == PC_IPV4 ? write_ipv4(skb, answer, protocol, length) : write_ipv6(skb, answer, protocol, length);
}

/* The addresses are summed up whole: what an IPv4 address does not use is 0. */
static __always_inline __u32 pseudo_header_sum(const struct answer *answer, __u8 protocol, __u32 length)
{
	__be32 rest[2] = {bpf_htonl(length), bpf_htonl(protocol)};

	return sum_of(rest, sizeof(rest), sum_of(answer, 2 * sizeof(union address), 0));
}

static __noinline bool write_reset(struct __sk_buff *skb, const struct answer *answer)
{
	struct tcphdr denied, reset = {};
	__be32 *words = (__be32 *)&reset; /* 1: sequence, 2: acknowledgement, 3: data offset, flags, window */

	if (bpf_skb_load_bytes(skb, skb->cb[ANSWER_TRANSPORT_OFFSET], &denied, sizeof(denied)))
		return false;
	reset.source = denied.dest;
	reset.dest = denied.source;
	if (denied.ack) {
		words[1] = denied.ack_seq;
		words[3] = bpf_htonl((TCP_HEADER_WORD | TCP_RST) << 16);
	} else {
		__u32 length = skb->cb[ANSWER_SEGMENT_LENGTH] + denied.syn + denied.fin;

		words[2] = bpf_htonl(bpf_ntohl(denied.seq) + length);
		words[3] = bpf_htonl((TCP_HEADER_WORD | TCP_RST | TCP_ACK) << 16);
	}
	reset.check = folded(sum_of(&reset, sizeof(reset), pseudo_header_sum(answer, IPPROTO_TCP, sizeof(reset))));
	if (!write_headers(skb, answer, IPPROTO_TCP, sizeof(reset)))
		return false;
	return !bpf_skb_store_bytes(skb, ETH_HLEN + ip_header_length(answer), &reset, sizeof(reset), 0);
}

static __noinline bool write_error(struct __sk_buff *skb, const struct answer *answer)
{
	struct error_message message = {.type = ICMP_UNREACHABLE, .code = ICMP_PROHIBITED};
	bool is_ipv4 = answer->family == PC_IPV4;
	__u8 protocol = is_ipv4 ? ICMP_PROTOCOL : ICMPV6_PROTOCOL;
	__u32 quoted = skb->cb[ANSWER_IP_LENGTH];
	__u32 sum = 0;

	if (quoted > QUOTE_MAX)
		quoted = QUOTE_MAX;
	if (quoted < sizeof(struct iphdr) || bpf_skb_load_bytes(skb, ETH_HLEN, message.quote, quoted))
		return false;
	if (!is_ipv4) {
		message.type = ICMPV6_UNREACHABLE;
		message.code = ICMPV6_PROHIBITED;
		sum = pseudo_header_sum(answer, ICMPV6_PROTOCOL, ICMP_HEADER_LENGTH + quoted);
	}
	/* what is behind the quote is 0 */
	message.checksum = folded(sum_of(&message, sizeof(message), sum));
	if (!write_headers(skb, answer, protocol, ICMP_HEADER_LENGTH + quoted))
		return false;
	return !bpf_skb_store_bytes(skb, ETH_HLEN + ip_header_length(answer), &message, ICMP_HEADER_LENGTH + quoted, 0);
}

/* Makes the packet the answer to itself. False: it cannot be. */
static __always_inline bool make_answer(struct __sk_buff *skb)
{
	struct answer answer = {.family = skb->cb[ANSWER_FAMILY]};

	if (!read_addresses(skb, &answer))
		return false;
	return skb->cb[ANSWER_PROTOCOL] == IPPROTO_TCP ? write_reset(skb, &answer) : write_error(skb, &answer);
}

/* Sends it back through the egress hook of the device that it came by, with the mark by which is_own_answer knows it there. */
static __always_inline int send_back(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct pc_host *host = bpf_map_lookup_elem(&pc_host, &zero);

	if (!host || !host->answer_mark)
		return TC_ACT_SHOT;
	skb->mark = host->answer_mark;
	return bpf_redirect(skb->ifindex, 0);
}
