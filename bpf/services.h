/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is around a port: services, routers, DHCP servers, the host itself (docs/semantics.md 5). */
#pragma once
#include "bpf/packet.h"

/* IPv4 addresses as IPv4-mapped ones, as the maps here hold them. */
static __always_inline void map_address(__u8 *mapped, __u32 family, const union address *address)
{
	__u32 *words = (__u32 *)mapped;

	if (family == PC_IPV4) {
		words[0] = words[1] = 0;
		words[2] = bpf_htonl(0xffff);
		words[3] = address->v4;
	} else {
		words[0] = address->words[0];
		words[1] = address->words[1];
		words[2] = address->words[2];
		words[3] = address->words[3];
	}
}

/* With two bytes of zeroes behind it. In words, as hashes read it (bpf/flow_key.h says why). */
static __always_inline void put_mac(__u8 *address, __u64 mac)
{
	__u32 *words = (__u32 *)address;

	words[0] = mac;
	words[1] = mac >> 32;
}

/* An entry of the host's and the port's own set, else of the bridge's. The key's set is filled in here. */
static __always_inline const struct pc_service *find_service(const struct gate *gate, struct pc_service_key *key)
{
	const struct pc_service *found = NULL;

	key->set = gate->view->services[0];
	if (key->set)
		found = bpf_map_lookup_elem(&pc_services, key);
	if (found)
		return found;
	key->set = gate->view->services[1];
	return key->set ? bpf_map_lookup_elem(&pc_services, key) : NULL;
}

static __always_inline bool has_service(const struct gate *gate, struct pc_service_key *key)
{
	bool is_found = find_service(gate, key) != NULL;

	barrier_var(is_found); /* else clang combines two answers by arithmetic on the pointers, which the verifier refuses */
	return is_found;
}

/* An entry that has nothing but a kind and an address. */
static __noinline const struct pc_service *find_service_address(const struct gate *gate, const struct packet *packet,
								const union address *address, __u32 kind)
{
	struct pc_service_key key = {.kind = kind};

	map_address(key.address, packet->family, address);
	return find_service(gate, &key);
}

static __always_inline bool is_service_address(const struct gate *gate, const struct packet *packet, const union address *address,
					       __u32 kind)
{
	bool is_found = find_service_address(gate, packet, address, kind) != NULL;

	barrier_var(is_found);
	return is_found;
}

static __always_inline bool is_listed_multicast(const struct gate *gate, const struct packet *packet)
{
	return (gate->view->flags & PC_PORT_HAS_MULTICAST) && is_service_address(gate, packet, &packet->destination, PC_SERVICE_MULTICAST);
}

static __noinline bool is_own_mac(const struct gate *gate, __u64 mac)
{
	struct pc_service_key key = {.kind = PC_SERVICE_MAC};

	if (mac == mac_number(gate->view->mac))
		return true;
	if (!(gate->view->flags & PC_PORT_HAS_MACS))
		return false;
	put_mac(key.address, mac);
	return has_service(gate, &key);
}

static __noinline bool is_host_address(__u32 family, const union address *address)
{
	struct pc_host_address_key key;

	map_address(key.address, family, address);
	bool is_found = bpf_map_lookup_elem(&pc_host_addresses, &key) != NULL;
	barrier_var(is_found);
	return is_found;
}

/* Whether the packet's remote end is a listed service: destination and its port outbound, source and its port inbound; of echoes the
 * address. */
static __noinline bool is_listed_remote(const struct gate *gate, const struct packet *packet)
{
	bool is_outbound = gate->at->direction == PC_OUTBOUND;
	struct pc_service_key key = {.kind = PC_SERVICE_LISTED, .protocol = packet->protocol};

	if (!(gate->view->flags & PC_PORT_HAS_SERVICES) || packet->fragment == FRAGMENT_LATER)
		return false;
	switch (packet->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		key.port = bpf_ntohs(is_outbound ? packet->destination_port : packet->source_port);
		break;
	case ICMP_PROTOCOL:
	case ICMPV6_PROTOCOL:
		if (packet->message != (is_outbound ? MESSAGE_QUERY : MESSAGE_REPLY) ||
		    packet->query_type != (packet->protocol == ICMP_PROTOCOL ? 8 : 128))
			return false;
		break;
	default:
		return false;
	}
	map_address(key.address, packet->family, is_outbound ? &packet->destination : &packet->source);
	return has_service(gate, &key);
}

/* 5.3: whether the packet goes to a listed service. What then needs a flow (7.4) is the caller's. */
static __always_inline bool is_listed_service(const struct gate *gate, const struct packet *packet)
{
	return gate->at->direction == PC_OUTBOUND && is_listed_remote(gate, packet);
}
