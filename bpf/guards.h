/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Link guards (stage 2): ARP, neighbour discovery, redirects, DHCP, MLD. docs/semantics.md 2.2-2.4. What they admit is exempt from the
 * stages that follow, so they check every address in a message themselves.
 */
#pragma once
#include "bpf/policy.h"

/* linux/if_arp.h draws in the C library's headers, which have no BPF variant. */
#define ARPHRD_ETHER 1
#define ARPOP_REQUEST 1
#define ARPOP_REPLY 2

#define ARP_FRAME_MIN 42u
#define ARP_FRAME_MAX 64u

struct arp_message {
	__be16 hardware_type;
	__be16 protocol_type;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender[4]; /* not aligned */
	__u8 target_mac[6];
	__u8 target[4];
};

static __always_inline __be32 unaligned_be32(const __u8 *bytes)
{
	return (__be32) * (const __be16 *)bytes | (__be32) * (const __be16 *)(bytes + 2) << 16; /* little endian hosts */
}

static __noinline enum pc_reason guard_arp(const struct gate *gate, const struct packet *packet)
{
	struct __sk_buff *skb = gate->skb;

	if (skb->len < ARP_FRAME_MIN || skb->len > ARP_FRAME_MAX)
		return PC_REASON_arp;
	const struct ethhdr *ethernet = bytes_at(skb, 0, ARP_FRAME_MIN);
	if (!ethernet)
		return PC_REASON_arp;
	const struct arp_message *arp = (const void *)(ethernet + 1);
	bool is_request = arp->operation == bpf_htons(ARPOP_REQUEST);
	if (arp->hardware_type != bpf_htons(ARPHRD_ETHER) || arp->protocol_type != bpf_htons(ETH_P_IP) || arp->hardware_length != 6 ||
	    arp->protocol_length != 4 || (!is_request && arp->operation != bpf_htons(ARPOP_REPLY)))
		return PC_REASON_arp;
	if (!same_mac(arp->sender_mac, ethernet->h_source))
		return PC_REASON_arp;
	__be32 sender = unaligned_be32(arp->sender);
	__be32 target = unaligned_be32(arp->target);
	bool is_sender_own = is_own_ipv4(gate, sender);
	if (gate->direction == PC_OUTBOUND)
		return is_sender_own || (is_request && !sender) ? PC_REASON_passed : PC_REASON_arp;
	if (is_sender_own)
		return PC_REASON_arp;
	if (sender == target || (is_request && is_own_ipv4(gate, target)) || (!is_request && !packet->to_group))
		return PC_REASON_passed;
	return PC_REASON_arp;
}

#define ND_OPTION_SOURCE_LINK_LAYER 1
#define ND_OPTION_TARGET_LINK_LAYER 2
#define ND_OPTION_NONCE 14
#define ND_OPTIONS_MAX 64u

static __always_inline bool is_unspecified(const union address *address)
{
	return !(address->halves[0] | address->halves[1]);
}

/* 2.3.2, for the `length` bytes at `at` of the frame. `own_mac`: what link-layer options must hold, outbound; 0 inbound. At most 8 options fit,
 * each of them a whole number of 8-byte units. Global, so that the verifier checks its loop once. */
__noinline int are_legal_nd_options(struct __sk_buff *skb, __u32 at, __u32 length, __u64 own_mac, int is_source_unspecified)
{
	__u8 options[ND_OPTIONS_MAX] = {};
	__u32 units = length / 8;
	__u32 end = 0; /* of the option at hand, in units */

	if (length == 0)
		return true;
	if (length > ND_OPTIONS_MAX || length % 8 || bpf_skb_load_bytes(skb, at, options, length))
		return false;
	for (__u32 unit = 0; unit < ND_OPTIONS_MAX / 8 && unit < units; unit++) {
		__u8 type = options[unit * 8];
		__u8 option_units = options[unit * 8 + 1];

		if (unit < end)
			continue;
		end = unit + option_units;
		if (!option_units || end > units)
			return false;
		bool is_link_layer = type == ND_OPTION_SOURCE_LINK_LAYER || type == ND_OPTION_TARGET_LINK_LAYER;
		if (!is_link_layer && type != ND_OPTION_NONCE)
			return false;
		if (type == ND_OPTION_SOURCE_LINK_LAYER && is_source_unspecified)
			return false;
		if (is_link_layer && own_mac && (option_units != 1 || mac_number(&options[unit * 8 + 2]) != own_mac))
			return false;
	}
	return true;
}

/* 2.3.3 and 2.3.4. */
static __noinline bool are_legal_nd_addresses(const struct gate *gate, const struct packet *packet, const union address *target)
{
	bool is_source_own = is_own_ipv6(gate, packet->source.v6);
	bool is_source_none = is_unspecified(&packet->source);

	if (packet->icmp_type == ICMPV6_ROUTER_SOLICITATION)
		return gate->direction == PC_OUTBOUND && (is_source_own || is_source_none);
	bool is_target_own = is_own_ipv6(gate, target->v6);
	if (packet->icmp_type == ICMPV6_NEIGHBOR_SOLICITATION) {
		if (gate->direction == PC_INBOUND)
			return is_target_own && !is_source_own;
		return is_source_none ? is_target_own : is_source_own && target->v6[0] != 0xff && !is_unspecified(target);
	}
	if (gate->direction == PC_INBOUND)
		return !is_target_own && !is_source_own;
	return is_source_own && is_target_own;
}

static __noinline enum pc_reason guard_nd(const struct gate *gate, const struct packet *packet)
{
	union address target = {};
	__u32 fixed = packet->icmp_type == ICMPV6_ROUTER_SOLICITATION ? 8 : 24;

	if (packet->icmp_type == ICMPV6_REDIRECT)
		return PC_REASON_redirect;
	if (packet->icmp_type == ICMPV6_ROUTER_ADVERTISEMENT)
		return PC_REASON_router_advertisement;
	if (packet->hop_limit != 255 || packet->icmp_code != 0 || packet->transport_length < fixed)
		return PC_REASON_nd;
	if (fixed == 24 && bpf_skb_load_bytes(gate->skb, packet->transport_offset + 8, &target, sizeof(target)))
		return PC_REASON_nd;
	__u64 own_mac = gate->direction == PC_OUTBOUND ? mac_number(gate->view->mac) : 0;
	if (!are_legal_nd_options(gate->skb, packet->transport_offset + fixed, packet->transport_length - fixed, own_mac,
				  is_unspecified(&packet->source)))
		return PC_REASON_nd;
	return are_legal_nd_addresses(gate, packet, &target) ? PC_REASON_passed : PC_REASON_nd;
}

static __always_inline bool is_nd(const struct packet *packet)
{
	return packet->protocol == ICMPV6_PROTOCOL && packet->icmp_type >= ICMPV6_ROUTER_SOLICITATION &&
	       packet->icmp_type <= ICMPV6_REDIRECT;
}

#define DHCPV4_SERVER 67
#define DHCPV4_CLIENT 68
#define DHCPV6_CLIENT 546
#define DHCPV6_SERVER 547

static __always_inline bool is_dhcp(const struct gate *gate, const struct packet *packet)
{
	__u16 source = bpf_ntohs(packet->source_port);
	__u16 destination = bpf_ntohs(packet->destination_port);

	if (gate->direction == PC_OUTBOUND && (source == DHCPV4_SERVER || source == DHCPV6_SERVER))
		return true;
	return (source == DHCPV4_SERVER && destination == DHCPV4_CLIENT) || (source == DHCPV4_CLIENT && destination == DHCPV4_SERVER) ||
	       (source == DHCPV6_SERVER && destination == DHCPV6_CLIENT) || (source == DHCPV6_CLIENT && destination == DHCPV6_SERVER);
}

/* 2.4: messages that never pass. Neighbour discovery has its own guard. */
static __always_inline enum pc_reason guard_others(const struct gate *gate, const struct packet *packet)
{
	if (packet->protocol == IPPROTO_UDP && is_dhcp(gate, packet))
		return PC_REASON_dhcp;
	if (packet->protocol == ICMP_PROTOCOL && packet->icmp_type == 5)
		return PC_REASON_redirect;
	if (packet->protocol == ICMPV6_PROTOCOL && ((packet->icmp_type >= 130 && packet->icmp_type <= 132) || packet->icmp_type == 143))
		return PC_REASON_multicast_listener;
	return PC_REASON_passed;
}
