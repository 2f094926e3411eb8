/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause OR Apache-2.0 */
/*
 * Every verdict's reason, written once: PC_REASON(name, stage, text).
 * The BPF programs take the enumerators from here, user space the names and the texts (core/verdict.h). A reason's number is the index
 * of its counter in pc_counters, so new reasons go at the end. `stage` is the stage of docs/semantics.md that gives it.
 */
#pragma once

/* clang-format off */
#define PC_REASONS(PC_REASON) \
	PC_REASON(passed,               0, "passed") \
	PC_REASON(no_port,              0, "the device is not a port we know: closed") \
	PC_REASON(closed,               0, "the port is closed: no policy is active on it") \
	PC_REASON(frame,                1, "the frame is shorter than an Ethernet header or than its protocol needs") \
	PC_REASON(vlan,                 1, "a VLAN tag on an untagged port") \
	PC_REASON(ethertype,            1, "neither IPv4, IPv6 nor ARP") \
	PC_REASON(source_mac,           1, "the source MAC is not the sender's own") \
	PC_REASON(destination_mac,      1, "the destination MAC is not the receiver's own") \
	PC_REASON(multicast,            1, "broadcast or multicast that is neither of the link protocols nor listed for the port") \
	PC_REASON(arp,                  2, "an ARP message that is malformed, forged or not for this port") \
	PC_REASON(nd,                   2, "a neighbour discovery message that is malformed, forged or not for this port") \
	PC_REASON(router_advertisement, 2, "a router advertisement that does not come from a router") \
	PC_REASON(redirect,             2, "an ICMP or ICMPv6 redirect") \
	PC_REASON(dhcp,                 2, "a DHCP message that is not between a client and its configured server") \
	PC_REASON(multicast_listener,   2, "an MLD or IGMP message that is not allowed here") \
	PC_REASON(ip_malformed,         3, "the IP header contradicts itself or the frame") \
	PC_REASON(source_route,         3, "an IPv4 source route or an IPv6 routing header") \
	PC_REASON(extension_header,     3, "an IPv6 extension header that is not accepted") \
	PC_REASON(fragment,             3, "an IP fragment that is not accepted") \
	PC_REASON(protocol,             3, "a protocol number that does not belong to this IP version") \
	PC_REASON(transport_malformed,  3, "the transport header is cut or contradicts the IP header") \
	PC_REASON(tcp_flags,            3, "a set of TCP flags that no legal segment has") \
	PC_REASON(source_address,       4, "the source address is not the sender's own") \
	PC_REASON(destination_address,  4, "the destination address is not the receiver's own") \
	PC_REASON(security_group,       7, "no security group rule allows it") \
	PC_REASON(no_flow,              7, "an answer or a reset that belongs to no live flow") \
	PC_REASON(flow_table_full,      7, "no room for a new flow") \
	PC_REASON(flow_busy,            7, "the flow was being changed by another CPU at the same instant") \
	PC_REASON(network_acl,          8, "the network ACL of the subnet denies it") \
	PC_REASON(inconsistent,         0, "the loaded policy lacks a part that it refers to") \
	PC_REASON(vpc,                  2, "it came straight from a port of another VPC: only routed packets cross between VPCs") \
	PC_REASON(deny_cidr,            6, "the destination is in a range that is denied to all instances") \
	PC_REASON(isolated,             6, "instances are isolated from each other") \
	PC_REASON(host_service,         6, "not a port of the host that instances may reach") \
	PC_REASON(host_tunnel,          6, "a tunnel device of the host would unwrap it") \
	PC_REASON(service_origin,       5, "from a service, but no answer of it, or entered elsewhere than services may") \
	PC_REASON(rate_limited,         7, "more of a kind that is passed at a limited rate than the limit") \
	PC_REASON(flow_quota,           7, "the port has as many flows as its quota allows")
/* clang-format on */

#define PC_REASON_ENUMERATOR(name, stage, text) PC_REASON_##name,
enum pc_reason { PC_REASONS(PC_REASON_ENUMERATOR) PC_REASON_COUNT };
#undef PC_REASON_ENUMERATOR
