/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packets that most packets are: TCP without FIN and RST, or UDP, behind plain headers, of a live flow whose verdicts are known and say pass, or
 * without a flow and denied like one before (bpf/denials.h). They are judged here at once. Whatever is not just so is left to the stages
 * (bpf/stages.h), untouched: nothing passes or is denied here that the stages would not pass or deny with the same effect.
 */
#pragma once
#include "bpf/conntrack.h"
#include "bpf/denials.h"
#include "bpf/dhcp.h"
#include "bpf/events.h"
#include "bpf/parse.h"

#define PLAIN_IPV4 0x45 /* version 4, no options */

/* All that the word must say. Without PC_FLOW_BOUND each packet's address is looked up. */
#define PASSES_OUT (PC_FLOW_OUT_KNOWN | PC_FLOW_ACL_OUT | PC_FLOW_POLICY_OUT | PC_FLOW_BOUND | PC_FLOW_GROUPS)
#define PASSES_IN (PC_FLOW_ACL_IN | PC_FLOW_POLICY_IN | PC_FLOW_BOUND | PC_FLOW_GROUPS)

struct plain_packet {
	__u32 family;
	__u32 transport_length;
	__u32 headers; /* bytes of them */
	__u32 acknowledgement;
	__u16 window; /* unscaled */
	__u8 protocol;
	__u8 is_syn;
	struct tracked tracked;
};

/* Stage 1 with the port's own MAC, and where the packet entered. */
static __always_inline bool is_plain_frame(struct gate *gate, const struct ethhdr *ethernet)
{
	__u64 source = mac_number(ethernet->h_source), destination = mac_number(ethernet->h_dest), own = mac_number(gate->view->mac);

	if (context_has_vlan(gate->skb))
		return false;
	if (gate->at->direction == PC_OUTBOUND)
		return source == own && !(destination & 1);
	if (!source || (source & 1) || source == own || destination != own)
		return false;
	find_entrance(gate, source);
	return entered_by_port(gate) ? gate->at->entrance_zone == gate->view->zone : !is_neighbour_mac(gate, source);
}

static __always_inline bool read_plain_tcp(struct plain_packet *plain, const struct tcphdr *tcp)
{
	__u32 length = tcp->doff * 4;

	__u8 flags = ((const __u8 *)tcp)[13] & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

	if ((flags != TCP_ACK && flags != TCP_SYN) || length < sizeof(*tcp) || length > plain->transport_length)
		return false;
	plain->is_syn = flags == TCP_SYN;
	plain->acknowledgement = bpf_ntohl(tcp->ack_seq);
	plain->window = bpf_ntohs(tcp->window);
	plain->headers += length;
	return true;
}

static __always_inline bool read_plain_udp(struct plain_packet *plain, const struct udphdr *udp)
{
	__u32 length = bpf_ntohs(udp->len);

	plain->headers += sizeof(*udp);
	return length >= sizeof(*udp) && length <= plain->transport_length && !is_dhcp_port(udp->source) && !is_dhcp_port(udp->dest);
}

/* The bytes behind the IP header; NULL: they are not all there, or are nothing plain. */
static __always_inline const struct udphdr *read_plain_transport(const struct gate *gate, struct plain_packet *plain, const void *transport)
{
	const void *end = (const void *)(long)gate->skb->data_end;
	const struct tcphdr *tcp = transport;
	const struct udphdr *udp = transport;

	if (plain->protocol == IPPROTO_TCP)
		return (const void *)(tcp + 1) <= end && read_plain_tcp(plain, tcp) ? udp : NULL;
	if (plain->protocol == IPPROTO_UDP)
		return (const void *)(udp + 1) <= end && read_plain_udp(plain, udp) ? udp : NULL;
	return NULL;
}

/* As keys have them. TCP's ports lie as UDP's do. */
static __always_inline __u32 ports_of(const struct udphdr *udp, bool is_outbound)
{
	__u32 ports = *(const __u32 *)udp; /* the source's first */

	return is_outbound ? ports : ports >> 16 | ports << 16;
}

static __always_inline bool read_plain_ipv4(const struct gate *gate, struct plain_packet *plain, const struct iphdr *ip)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	__u32 length = bpf_ntohs(ip->tot_len);

	if (*(const __u8 *)ip != PLAIN_IPV4 || (ip->frag_off & bpf_htons(IPV4_OFFSET_MASK | IPV4_MORE_FRAGMENTS)) || length < sizeof(*ip) ||
	    length > gate->at->bytes - ETH_HLEN || is_group_ipv4(ip->daddr))
		return false;
	plain->family = PC_IPV4;
	plain->protocol = ip->protocol;
	plain->transport_length = length - sizeof(*ip);
	plain->headers = ETH_HLEN + sizeof(*ip);
	const struct udphdr *ports = read_plain_transport(gate, plain, ip + 1);
	if (!ports)
		return false;
	fill_key4(&plain->tracked.key, gate->at->port_id, is_outbound ? ip->saddr : ip->daddr, is_outbound ? ip->daddr : ip->saddr,
		  ports_of(ports, is_outbound), ip->protocol);
	return true;
}

static __always_inline bool read_plain_ipv6(const struct gate *gate, struct plain_packet *plain, const struct ipv6hdr *ip)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	__u32 length = bpf_ntohs(ip->payload_len);

	if (ip->version != 6 || length + sizeof(*ip) > gate->at->bytes - ETH_HLEN || ip->daddr.in6_u.u6_addr8[0] == 0xff)
		return false;
	plain->family = PC_IPV6;
	plain->protocol = ip->nexthdr;
	plain->transport_length = length;
	plain->headers = ETH_HLEN + sizeof(*ip);
	const struct udphdr *ports = read_plain_transport(gate, plain, ip + 1);
	if (!ports)
		return false;
	const __be32 *source = ip->saddr.in6_u.u6_addr32, *destination = ip->daddr.in6_u.u6_addr32;
	fill_key6(&plain->tracked.key, gate->at->port_id, is_outbound ? source : destination, is_outbound ? destination : source,
		  ports_of(ports, is_outbound), ip->nexthdr);
	return true;
}

static __always_inline bool read_plain(struct gate *gate, struct plain_packet *plain)
{
	const void *data = (const void *)(long)gate->skb->data, *end = (const void *)(long)gate->skb->data_end;
	const struct ethhdr *ethernet = data;
	const struct iphdr *ip = data + ETH_HLEN;
	const struct ipv6hdr *ip6 = data + ETH_HLEN;

	if ((const void *)(ip + 1) > end || !is_plain_frame(gate, ethernet))
		return false;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return read_plain_ipv4(gate, plain, ip);
	return ethernet->h_proto == bpf_htons(ETH_P_IPV6) && (const void *)(ip6 + 1) <= end && read_plain_ipv6(gate, plain, ip6);
}

/* Whether the packet changes nothing of its flow's state (7.6). */
static __always_inline bool stays_as_it_is(const struct gate *gate, const struct plain_packet *plain)
{
	__u64 word = plain->tracked.word;

	if (plain->protocol == IPPROTO_TCP)
		return word_state(word) == PC_FLOW_ESTABLISHED;
	return (word & WORD_FLAG(PC_FLOW_ANSWERED)) || is_from_opener(gate->at->direction, word);
}

/* Whether the flow of the entry is live, and its word says pass. The order of reading is find_flow's. */
static __always_inline bool is_admitted(const struct gate *gate, const struct plain_packet *plain)
{
	const struct tracked *tracked = &plain->tracked;
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	__u64 needed = is_outbound ? WORD_FLAG(PASSES_OUT) : WORD_FLAG(PASSES_IN);

	PC_STALL(STALL_COMPARED);
	__u64 seen = READ_ONCE(tracked->flow->seen);
	__u64 word = tracked->word;
	__u32 state = word_state(word);
	if (((word ^ tracked->tag) & PC_WORD_TAG_MASK) || (seen ^ tracked->tag) >> 32 || state == PC_FLOW_DEAD ||
	    is_over(gate->view, seen, state, gate->at->now))
		return false;
	return word_epoch(word) == gate->view->epoch && (word & needed) == needed &&
	       (is_outbound || word_entrance(word) == gate->at->entrance) && stays_as_it_is(gate, plain);
}

static __always_inline void note_passed(const struct gate *gate, const struct plain_packet *plain)
{
	if (plain->protocol == IPPROTO_TCP) {
		PC_STALL(STALL_SEQUENCES);
		expect(&plain->tracked, gate->at->direction,
		       EXPECT(plain->acknowledgement, scaled(plain->window, gate->at->direction, READ_ONCE(plain->tracked.flow->shifts))));
	}
	PC_STALL(STALL_REFRESH);
	note_time(gate, &plain->tracked);
	count_packet(gate, &plain->tracked);
}

/* What becomes of a packet: bytes of its headers, if it is judged, below the reason. */
#define PLAIN_HEADERS 0xffffu
#define PLAIN_REASON_SHIFT 16
#define PLAIN_FLOWLESS 0x10000u /* without headers: not judged, but no entry has its key */

/* Of a packet that has no flow. */
static __always_inline __u32 deny_again(const struct gate *gate, const struct plain_packet *plain)
{
	const struct tracked *tracked = &plain->tracked;
	struct recalled recalled;

	if (!recall_denial(gate->at, &tracked->key, plain->family, tracked->tag, &recalled))
		return PLAIN_FLOWLESS;
	if ((gate->view->flags & PC_PORT_LOG) && !loses_record(gate))
		return PLAIN_FLOWLESS;
	if (recalled.group_rule)
		count_rule(recalled.group_rule);
	if (recalled.acl_rule)
		count_rule(recalled.acl_rule);
	return plain->headers | recalled.reason << PLAIN_REASON_SHIFT;
}

/* Whether the packet is plain; under which key its flow would be. */
static __always_inline bool take_plain(struct gate *gate, struct plain_packet *plain)
{
	struct tracked *tracked = &plain->tracked;

	if ((gate->view->flags & PC_PORT_ANY_ADDRESS) || !read_plain(gate, plain))
		return false;
	tracked->tag = tag_of(&tracked->key, plain->family, gate->at->tag_seed);
	return true;
}

/* Of a packet that has a flow. */
static __always_inline __u32 pass_plain(const struct gate *gate, const struct plain_packet *plain, bool is_moving)
{
	if (is_moving || plain->is_syn || !is_admitted(gate, plain))
		return 0;
	note_passed(gate, plain);
	return plain->headers;
}

static __always_inline __u32 judge_plain(struct gate *gate)
{
	struct plain_packet plain = {};
	struct tracked *tracked = &plain.tracked;
	struct recalled recalled;
	bool is_moving;

	if (!take_plain(gate, &plain))
		return 0;
	/* most begin a flow */
	if (plain.is_syn && !recall_denial(gate->at, &tracked->key, plain.family, tracked->tag, &recalled))
		return 0;
	tracked->flow = look_up(&tracked->key, plain.family, tracked->tag, &tracked->word, &is_moving);
	return tracked->flow ? pass_plain(gate, &plain, is_moving) : deny_again(gate, &plain);
}

/* Likewise, of packets alone that pass. */
static __always_inline __u32 pass_established(struct gate *gate)
{
	struct plain_packet plain = {};
	struct tracked *tracked = &plain.tracked;
	bool is_moving;

	if (!take_plain(gate, &plain) || plain.is_syn)
		return 0;
	tracked->flow = look_up(&tracked->key, plain.family, tracked->tag, &tracked->word, &is_moving);
	return tracked->flow ? pass_plain(gate, &plain, is_moving) : 0;
}
