/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known about a packet once its headers were read (bpf/frame.h, bpf/ipv4.h, bpf/ipv6.h, bpf/transport.h). Nothing else reads packet
 * bytes but the link guards and the reader of quoted packets.
 */
#pragma once
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>

#include "bpf/gate.h"

#define ICMP_PROTOCOL 1
#define IGMP_PROTOCOL 2
#define ICMPV6_PROTOCOL 58

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
	MESSAGE_ERROR, /* an ICMP error: quotes a packet */
	MESSAGE_ALONE, /* any other ICMP: judged by itself */
};

enum fragment {
	FRAGMENT_NONE,  /* atomic ones too */
	FRAGMENT_FIRST, /* has the transport header */
	FRAGMENT_LATER, /* has none: ports, flags and ICMP type are 0, the message MESSAGE_DATA */
};

union address {
	__be32 v4;
	__u8 v6[16];
	__u32 words[4];
	__u64 halves[2];
};

/* What the key of a flow is made of. */
#define PACKET_ENDS                                                                                                                        \
	union address source;                                                                                                              \
	union address destination;                                                                                                         \
	__u32 family; /* PC_IPV4, PC_IPV6; PC_FAMILY_NONE: no IP header was read */                                                        \
	__be16 source_port;                                                                                                                \
	__be16 destination_port;                                                                                                           \
	__be16 icmp_id;                                                                                                                    \
	__u8 protocol; /* of a later fragment `fragment_protocol` */                                                                       \
	__u8 icmp_type;                                                                                                                    \
	__u8 icmp_code;                                                                                                                    \
	__u8 message;    /* enum message */                                                                                                \
	__u8 query_type; /* ICMP: type of the query that the packet is, or answers */                                                      \
	__u8 ends_pad;

struct packet_ends {
	PACKET_ENDS
};

struct packet {
	union {
		struct packet_ends ends;
		struct {
			PACKET_ENDS
		};
	};
	__u64 source_mac; /* as mac_number() gives it */
	__u64 destination_mac;
	__u32 transport_length; /* by the IP header; padding is not part of it */
	__u32 sequence;         /* TCP, this and the next in host order */
	__u32 acknowledgement;
	__u32 segment_length; /* TCP: bytes behind the header, by the IP length */
	__u32 fragment_id;    /* as in the packet */
	__u16 transport_offset;
	__u16 headers; /* bytes that every segment of a GSO packet repeats */
	__u16 window;  /* TCP, host order, unscaled */
	__be16 ethertype;
	__u8 shift; /* TCP window scale, at most 14, of a segment with SYN that has the option */
	__u8 has_shift;
	__u8 hop_limit;
	__u8 tcp_flags;
	__u8 to_group;          /* 1: the frame goes to a group address */
	__u8 fragment;          /* enum fragment */
	__u8 fragment_protocol; /* the protocol field that names the datagram: IPv4's, or the fragment header's next header */
	__u8 has_extensions;    /* 1: IPv6 headers were walked */
	__u8 is_big;            /* 1: a GSO packet of more than 65,535 bytes, whose IP length is 0 */
	__u8 is_flowless;       /* 1: it has been found that no entry has its key */
	__u8 pad[2];
};

/* Pointer to `length` bytes at `offset` of the frame, which are pulled into the linear part if need be; NULL when the frame ends before.
 * Every earlier pointer into the packet is invalid afterwards. `offset` must have a bound that the verifier sees. */
static __always_inline void *bytes_at(context *skb, __u32 offset, __u32 length)
{
	void *data = (void *)(long)skb->data;
	void *bytes = data + offset;

	if (unlikely(bytes + length > (void *)(long)skb->data_end)) {
		if (context_pull(skb, offset + length))
			return NULL;
		data = (void *)(long)skb->data;
		bytes = data + offset;
		if (bytes + length > (void *)(long)skb->data_end)
			return NULL;
	}
	barrier_var(bytes); /* else clang tests `data` against -offset for NULL, and the verifier loses the pointer */
	return bytes;
}

#define OPTIONS_BUFFER 64u

/* Copies `length` bytes at `offset` of the frame, 1 to OPTIONS_BUFFER; false: there are not so many, or none is asked for. */
static __always_inline bool copy_options(context *skb, __u32 offset, __u8 *options, __u32 length)
{
	if (length == 0 || length > OPTIONS_BUFFER)
		return false;
	/* clang makes one comparison of the two, of which the verifier of Linux 6.1 learns nothing: it is told the bounds once more */
	barrier_var(length);
	return !context_load(skb, offset, options, ((length - 1) & (OPTIONS_BUFFER - 1)) + 1);
}

/* A MAC address as a number, to compare it by. */
static __always_inline __u64 mac_number(const __u8 *mac)
{
	const __u16 *parts = (const __u16 *)mac;

	return parts[0] | (__u64)parts[1] << 16 | (__u64)parts[2] << 32;
}

static __always_inline bool is_unspecified(const union address *address)
{
	return !(address->halves[0] | address->halves[1]);
}

static __always_inline bool is_link_local_ipv6(const union address *address)
{
	return address->v6[0] == 0xfe && (address->v6[1] & 0xc0) == 0x80;
}

/* Multicast and broadcast, to which frames to groups go. */
static __always_inline bool is_group_ipv4(__be32 address)
{
	return (address & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || address == bpf_htonl(0xffffffff);
}

/* Whether the local end of the packet's flow is a group, which is nobody's own: no packet may come from it. */
static __always_inline bool is_local_to_group(const struct gate *gate, const struct packet *packet)
{
	return gate->at->direction == PC_INBOUND && packet->to_group;
}

/* The remote of a packet that stage 2 left: in a frame to a group there are only packets to multicast addresses listed for the port. */
static __always_inline const union address *remote_address(const struct gate_numbers *at, const struct packet *packet)
{
	return at->direction == PC_OUTBOUND || packet->to_group ? &packet->destination : &packet->source;
}
