/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stage 1: the Ethernet frame. docs/semantics.md 2.1, but 2.1.7, which can be told only after stage 3. */
#pragma once
#include "bpf/entrance.h"

#define ETHERTYPE_QINQ_OLD 0x9100
#define ETHERTYPE_RARP 0x8035
#define VLAN_ID_MASK 0x0fff
#define MAC_BROADCAST 0xffffffffffffull

/* linux/if_arp.h draws in the C library's headers, which have no BPF variant. */
#define ARPHRD_ETHER 1
#define ARPOP_REQUEST 1
#define ARPOP_REPLY 2
#define ARPOP_RREQUEST 3

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

static __always_inline bool is_arp_of_ipv4(const struct arp_message *arp)
{
	return arp->hardware_type == bpf_htons(ARPHRD_ETHER) && arp->protocol_type == bpf_htons(ETH_P_IP) && arp->hardware_length == 6 &&
	       arp->protocol_length == 4;
}

/* 2.1.3: the announcement of an instance that has moved here. Which of them pass is a matter of their rate. */
static __noinline bool is_announcement(const struct gate *gate, const struct packet *packet)
{
	__u64 own = mac_number(gate->view->mac);
	const struct ethhdr *ethernet = bytes_at(gate->skb, 0, ARP_FRAME_MIN);

	if (!ethernet || packet->source_mac != own || packet->destination_mac != MAC_BROADCAST)
		return false;
	const struct arp_message *arp = (const void *)(ethernet + 1);
	return is_arp_of_ipv4(arp) && arp->operation == bpf_htons(ARPOP_RREQUEST) && mac_number(arp->sender_mac) == own &&
	       mac_number(arp->target_mac) == own && !unaligned_be32(arp->sender) && !unaligned_be32(arp->target);
}

static __always_inline bool is_tagged(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD) || type == bpf_htons(ETHERTYPE_QINQ_OLD);
}

static __noinline bool is_listed_vlan(const struct gate *gate)
{
	struct pc_service_key key = {.kind = PC_SERVICE_VLAN, .port = context_vlan_tci(gate->skb) & VLAN_ID_MASK};

	/* to a bridge of 802.1Q a tag of another kind is payload of its untagged VLAN */
	if (context_vlan_proto(gate->skb) != bpf_htons(ETH_P_8021Q))
		return false;
	return (gate->view->flags & PC_PORT_HAS_VLANS) && has_service(gate, &key);
}

/* 2.1.6: does the MAC belong to an interface bound to a port of the same bridge? */
static __noinline bool is_neighbour_mac(const struct gate *gate, __u64 mac)
{
	struct pc_mac_key key = {.bridge = gate->at->bridge};

	if (!gate->at->bridge)
		return false;
	put_mac(key.mac, mac);
	bool is_found = bpf_map_lookup_elem(&pc_macs, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* 2.1.4 to 2.1.6 for an inbound frame. */
static __noinline enum pc_reason check_inbound_macs(struct gate *gate, const struct packet *packet)
{
	__u64 source = packet->source_mac;

	if (!source || (source & 1) || is_own_mac(gate, source))
		return PC_REASON_source_mac;
	if (!packet->to_group && !is_own_mac(gate, packet->destination_mac))
		return PC_REASON_destination_mac;
	find_entrance(gate, source);
	if (!entered_by_port(gate) && is_neighbour_mac(gate, source))
		return PC_REASON_source_mac;
	return PC_REASON_passed;
}

/* Rules in the order of docs/semantics.md 2.1. Fills in what the packet has of its frame, and the entrance. */
static __noinline enum pc_reason parse_frame(struct gate *gate, struct packet *packet)
{
	context *skb = gate->skb;
	const struct ethhdr *ethernet = bytes_at(skb, 0, ETH_HLEN);

	if (!ethernet)
		return PC_REASON_frame;
	__be16 type = ethernet->h_proto;
	packet->ethertype = type;
	packet->source_mac = mac_number(ethernet->h_source);
	packet->destination_mac = mac_number(ethernet->h_dest);
	packet->to_group = ethernet->h_dest[0] & 1;
	if (is_tagged(type) || (context_has_vlan(skb) && !is_listed_vlan(gate)))
		return PC_REASON_vlan;
	if (type != bpf_htons(ETH_P_IP) && type != bpf_htons(ETH_P_IPV6) && type != bpf_htons(ETH_P_ARP)) {
		if (type == bpf_htons(ETHERTYPE_RARP) && gate->at->direction == PC_OUTBOUND && is_announcement(gate, packet))
			return PC_REASON_passed;
		return PC_REASON_ethertype;
	}
	if (gate->at->direction == PC_INBOUND)
		return check_inbound_macs(gate, packet);
	return is_own_mac(gate, packet->source_mac) ? PC_REASON_passed : PC_REASON_source_mac;
}
