/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* DHCP. docs/semantics.md 2.4.4 and 2.4.5. */
#pragma once
#include <linux/udp.h>

#include "bpf/entrance.h"
#include "bpf/own.h"

#define DHCPV4_SERVER 67
#define DHCPV4_CLIENT 68
#define DHCPV6_CLIENT 546
#define DHCPV6_SERVER 547

#define DHCPV4_REQUEST 1
#define DHCPV4_REPLY 2
#define DHCPV6_LENGTH_MIN 4
#define DHCPV6_ADVERTISE 2
#define DHCPV6_REPLY 7
#define DHCPV6_RECONFIGURE 10
/* SOLICIT, REQUEST, CONFIRM, RENEW, REBIND, RELEASE, DECLINE, INFORMATION-REQUEST: bits by number */
#define DHCPV6_OF_CLIENTS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 9 | 1u << 11)

/* A DHCPv4 message as far as it is looked at, with the UDP header before it. */
struct dhcpv4_message {
	__be16 ports[2];
	__be16 length;
	__be16 checksum;
	__u8 operation;
	__u8 hardware_type;
	__u8 hardware_length;
	__u8 hops;
	__u8 unread[20];
	__be32 relay;
	__u8 client_mac[6];
	__u8 client_mac_rest[10];
};

struct dhcpv6_message {
	__be16 ports[2];
	__be16 length;
	__be16 checksum;
	__u8 type;
	__u8 transaction[3];
};

/* Whether a message from or to it may be one of DHCP. */
static __always_inline bool is_dhcp_port(__be16 port)
{
	return port == bpf_htons(DHCPV4_SERVER) || port == bpf_htons(DHCPV4_CLIENT) || port == bpf_htons(DHCPV6_SERVER) ||
	       port == bpf_htons(DHCPV6_CLIENT);
}

/* In whichever family: in the wrong one it is none that passes. Later fragments have no ports. */
static __always_inline bool is_dhcp(const struct gate *gate, const struct packet *packet)
{
	__u16 source = bpf_ntohs(packet->source_port);
	__u16 destination = bpf_ntohs(packet->destination_port);

	if (packet->protocol != IPPROTO_UDP)
		return false;
	if (gate->at->direction == PC_OUTBOUND && (source == DHCPV4_SERVER || source == DHCPV6_SERVER))
		return true;
	return (source == DHCPV4_SERVER && destination == DHCPV4_CLIENT) || (source == DHCPV4_CLIENT && destination == DHCPV4_SERVER) ||
	       (source == DHCPV6_SERVER && destination == DHCPV6_CLIENT) || (source == DHCPV6_CLIENT && destination == DHCPV6_SERVER);
}

static __always_inline bool is_between(const struct packet *packet, __u16 source, __u16 destination)
{
	return packet->source_port == bpf_htons(source) && packet->destination_port == bpf_htons(destination);
}

enum belief {
	NOT_LISTED,
	BELIEVED,
	DISBELIEVED,
};

/* 5.4: did the message of the server in the key enter where that server is, by what the set says? */
static __noinline enum belief belief_of_set(const struct gate *gate, struct pc_service_key *key, __u32 set)
{
	bool is_there;

	if (!set)
		return NOT_LISTED;
	key->set = set;
	const struct pc_service *server = bpf_map_lookup_elem(&pc_services, key);
	if (!server)
		return NOT_LISTED;
	__u32 where = server->where;
	if (where == PC_WHERE_ANY)
		is_there = is_service_origin(gate);
	else if (where == PC_WHERE_HOST)
		is_there = gate->at->entrance == PC_ENTRANCE_HOST;
	else
		is_there = where == context_entrance(gate->skb); /* which is never PC_WHERE_NOWHERE */
	return is_there ? BELIEVED : DISBELIEVED;
}

/* Every listing of the server has to believe it. */
static __noinline bool is_server_believed(const struct gate *gate, const struct packet *packet)
{
	struct pc_service_key key = {.kind = PC_SERVICE_DHCP};
	__u32 configured = packet->family == PC_IPV4 ? PC_PORT_HAS_DHCP4 : PC_PORT_HAS_DHCP6;

	if (!(gate->view->flags & configured))
		return gate->at->entrance == PC_ENTRANCE_HOST;
	map_address(key.address, packet->family, &packet->source);
	enum belief own = belief_of_set(gate, &key, gate->view->services[0]);
	enum belief of_bridge = belief_of_set(gate, &key, gate->view->services[1]);
	return own != DISBELIEVED && of_bridge != DISBELIEVED && (own == BELIEVED || of_bridge == BELIEVED);
}

/* Whom a client sends to besides everyone. */
static __noinline bool is_server_or_host(const struct gate *gate, const struct packet *packet)
{
	return is_service_address(gate, packet, &packet->destination, PC_SERVICE_DHCP) ||
	       is_host_address(packet->family, &packet->destination);
}

static __noinline bool is_legal_dhcpv4(const struct gate *gate, const struct packet *packet)
{
	struct dhcpv4_message message;
	bool is_to_all = packet->destination.v4 == bpf_htonl(0xffffffff);

	if (context_load(gate->skb, packet->transport_offset, &message, sizeof(message)))
		return false;
	if (bpf_ntohs(message.length) < sizeof(message) || message.hardware_type != 1 || message.hardware_length != 6 ||
	    !is_own_mac(gate, mac_number(message.client_mac)))
		return false;
	if (gate->at->direction == PC_INBOUND)
		return is_between(packet, DHCPV4_SERVER, DHCPV4_CLIENT) && message.operation == DHCPV4_REPLY &&
		       (is_to_all || is_own_ipv4(gate, packet->destination.v4)) && is_server_believed(gate, packet);
	if (!is_between(packet, DHCPV4_CLIENT, DHCPV4_SERVER) || message.operation != DHCPV4_REQUEST || message.relay)
		return false;
	if (!packet->source.v4)
		return is_to_all;
	return is_own_ipv4(gate, packet->source.v4) && (is_to_all || is_server_or_host(gate, packet));
}

static __always_inline bool is_all_dhcpv6_servers(const union address *address)
{
	return address->words[0] == bpf_htonl(0xff020000) && !address->words[1] && !address->words[2] &&
	       address->words[3] == bpf_htonl(0x00010002);
}

static __noinline bool is_legal_dhcpv6(const struct gate *gate, const struct packet *packet)
{
	struct dhcpv6_message message;

	if (context_load(gate->skb, packet->transport_offset, &message, sizeof(message)))
		return false;
	if (bpf_ntohs(message.length) < sizeof(message))
		return false;
	if (gate->at->direction == PC_INBOUND)
		return is_between(packet, DHCPV6_SERVER, DHCPV6_CLIENT) &&
		       (message.type == DHCPV6_ADVERTISE || message.type == DHCPV6_REPLY || message.type == DHCPV6_RECONFIGURE) &&
		       is_own_ipv6(gate, &packet->destination) && is_server_believed(gate, packet);
	if (!is_between(packet, DHCPV6_CLIENT, DHCPV6_SERVER) || message.type > 31 || !(DHCPV6_OF_CLIENTS >> message.type & 1))
		return false;
	return is_own_ipv6(gate, &packet->source) && (is_all_dhcpv6_servers(&packet->destination) || is_server_or_host(gate, packet));
}

static __noinline enum pc_reason guard_dhcp(const struct gate *gate, const struct packet *packet)
{
	bool is_legal = packet->fragment == FRAGMENT_NONE;

	if (is_legal)
		is_legal = packet->family == PC_IPV4 ? is_legal_dhcpv4(gate, packet) : is_legal_dhcpv6(gate, packet);
	return is_legal ? PC_REASON_passed : PC_REASON_dhcp;
}
