/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause OR Apache-2.0 */
/*
 * The layout shared by the BPF programs and user space: keys, values and rows of every map, compiled by clang for BPF and by g++ and
 * clang++ for the host. A map's name is the struct's without `_key` in the plural (see bpf/maps.h); docs/kernel-state.md describes their use.
 *
 * Rules of the layout
 * - Fixed-width types, natural alignment, every byte named; padding is zero.
 * - Addresses and the ports of flow keys are in network order (__be16, __be32, byte arrays); everything else is in host order.
 * - Number 0 of any kind (rule, set, policy, interface, zone, subnet, owner, address set, slot) means "none" and is never given out.
 *
 * Rules of change (docs/kernel-state.md, "Switching")
 * - Array rows that carry verdicts hold two versions, one per parity of pc_host.generation; only the inactive one is written.
 * - Entries of hash maps and tries are immutable: inserted before the switch under numbers that nothing refers to yet, deleted a grace period
 *   after it, and nothing is inserted after a delete before another grace period: the kernel reuses elements at once.
 * - Flow entries are written by the programs alone, and their verdict word by compare-and-swap alone.
 */
#pragma once
#include <linux/types.h>

#define PC_ABI_VERSION 1u

/* Directions as the instance sees them, index of every `[2]` that is not a parity. */
#define PC_OUTBOUND 0u
#define PC_INBOUND 1u

/* Index of per-family pairs. */
#define PC_IPV4 0u
#define PC_IPV6 1u

/* One row. All programs read `generation` once per run; its lowest bit is the parity that is active for that run. */
struct pc_host {
	__u32 generation;
	__u32 abi_version;
	__u64 tag_seed; /* random, keys the tags of flow entries; never changes while flows live */
};

/* ---- devices and ports ------------------------------------------------------------------------------------------------------------ */

#define PC_DEVICE_PORT 1u   /* both programs are attached; `slot` is its row in pc_ports */
#define PC_DEVICE_UPLINK 2u /* a bridge port that leads off the host; `slot` is 0 */
#define PC_DEVICE_BRIDGE 3u /* a bridge: what enters by it was sent or routed by the host itself; `slot` is 0 */

/* pc_devices: ifindex -> what it is. A device that is missing here drops everything in our programs (no_port). */
struct pc_device {
	__u32 kind;
	__u32 slot;
};

#define PC_PORT_OPEN 1u   /* without it everything is dropped (closed) */
#define PC_PORT_NO_ACL 2u /* the model uses no network ACLs; without it policy number 0 denies */

/* Flow states; index of pc_port_view.timeout_ticks. */
enum pc_flow_state {
	PC_FLOW_DEAD = 0,
	PC_FLOW_SYN_SENT = 1,     /* opened by a SYN; half-open */
	PC_FLOW_PICKED_UP = 2,    /* opened by an ACK in mid-stream; half-open until answered */
	PC_FLOW_SYN_RECEIVED = 3, /* the SYN was answered */
	PC_FLOW_ESTABLISHED = 4,
	PC_FLOW_FIN_WAIT = 5,  /* one side sent FIN */
	PC_FLOW_TIME_WAIT = 6, /* both sides sent FIN */
	PC_FLOW_UDP = 7,       /* half-open until answered */
	PC_FLOW_UDP_STREAM = 8,
	PC_FLOW_ICMP = 9,
	PC_FLOW_OTHER = 10,
	PC_FLOW_STATES = 16
};

/* Time in flows is the coarse monotonic clock in ticks of 2^27 ns (134 ms), 32 bits, compared modulo 2^32. */
#define PC_TICK_SHIFT 27

/* One version of a port. */
struct pc_port_view {
	__u32 flags; /* PC_PORT_* */
	__u32 epoch; /* 24 bits; changes whenever something changes that verdicts cached in this port's flows depend on */
	__u32 zone;  /* the VPC: first half of every look-up of an address */
	__u32 subnet;
	__u32 interface;       /* own row in pc_interfaces */
	__u32 address_set;     /* own addresses and delegated prefixes, in pc_addresses4/6 */
	__u32 group_policy[2]; /* by direction; 0: nothing may start */
	__u32 acl_policy[2];   /* by direction; 0: everything is denied, unless PC_PORT_NO_ACL */
	__u8 mac[6];
	__u8 pad[2];
	__u32 reserved[4];
	__u32 timeout_ticks[PC_FLOW_STATES]; /* by state; 0 never occurs for a live state */
};

#define PC_PORT_ID_SLOT_BITS 12 /* at most 4,095 ports */

/* pc_ports: slot -> port. Slot 0 counts what no_port drops. */
struct pc_port {
	__u32 ifindex; /* compared with the device the program runs on: mismatch drops (no_port) */
	__u32 port_id; /* incarnation << PC_PORT_ID_SLOT_BITS | slot; never given out twice in the life of the maps: a reused slot or ifindex
			* inherits no flow */
	__u32 reserved[14];
	struct pc_port_view view[2]; /* by parity */
};

/* ---- who owns an address ------------------------------------------------------------------------------------------------------------ */

/* pc_addresses4/6: the addresses that a port may send from and receive at -> 1. prefixlen = 32 + the prefix's. */
struct pc_address4_key {
	__u32 prefixlen;
	__u32 address_set;
	__be32 address;
};
struct pc_address6_key {
	__u32 prefixlen;
	__u32 address_set;
	__u8 address[16];
};

/* pc_members4/6: {zone, prefix} -> row of pc_owners. Holds the addresses and delegated prefixes of every interface of the model, the
 * link-local (EUI-64) addresses of interfaces, and the CIDR blocks of the zone's subnets. prefixlen = 32 + the prefix's. */
struct pc_member4_key {
	__u32 prefixlen;
	__u32 zone;
	__be32 address;
};
struct pc_member6_key {
	__u32 prefixlen;
	__u32 zone;
	__u8 address[16];
};

/* pc_owners: who has the prefix, by parity. interface 0: a subnet's block or a link-local address, which no group reference matches. */
struct pc_owner {
	__u32 interface[2];
	__u32 subnet[2];
};

#define PC_GROUPS_PER_INTERFACE 16u

/* pc_interfaces: interface number -> the groups it carries, by parity. */
struct pc_interface {
	__u32 ifindex[2]; /* the device it is bound to on this host; 0: on another host */
	__u32 group_count[2];
	__u32 groups[2][PC_GROUPS_PER_INTERFACE];
};

/* ---- policies ------------------------------------------------------------------------------------------------------------------------ */

/*
 * A decision is a rule number, with PC_DENY set where the rule denies. 0: no rule matched.
 *
 * A policy is for one direction. Judging remote R, protocol P, port N (destination port; for ICMP and ICMPv6 type << 8 | code):
 *   1. The longest prefix of pc_cidrs4/6 {policy, R}, else default_set of R's family, names a port set: the decision is that set's.
 *   2. If that gives no rule and the policy has PC_POLICY_GROUPS and R belongs to an interface: for each of its groups, in order,
 *      pc_group_sets {policy, group} names a port set; the first decision that is not 0 holds.
 * Every prefix's set already contains what shorter prefixes and first-match order contribute.
 */
#define PC_DENY 0x80000000u
#define PC_POLICY_CIDRS4 1u /* pc_cidrs4 has entries for it */
#define PC_POLICY_CIDRS6 2u
#define PC_POLICY_GROUPS 4u

/* pc_policies: policy number -> policy. Rows are immutable while anything refers to them. */
struct pc_policy {
	__u32 number; /* its own: a row that is not filled in is `inconsistent` */
	__u32 flags;
	__u32 default_set[2]; /* by family; 0: empty */
};

struct pc_cidr4_key {
	__u32 prefixlen; /* 32 + the prefix's */
	__u32 policy;
	__be32 address;
};
struct pc_cidr6_key {
	__u32 prefixlen;
	__u32 policy;
	__u8 address[16];
};
/* pc_cidrs4/6 -> port set number (__u32). */

/* pc_group_sets -> port set number (__u32). */
struct pc_group_set_key {
	__u32 policy;
	__u32 group;
};

/*
 * A port set decides by protocol and port. pc_set_heads: set number -> head. Judging {P, N}: for every length L whose bit is set in the
 * head's mask for P, pc_port_sets {set, P, L, N with all but its L highest bits cleared}; ranges of one set do not overlap, so at most one
 * look-up hits and its decision holds; else `any` does. Protocols without ports have one entry, of length 0 and port 0.
 */
#define PC_LENGTHS_TCP 0u
#define PC_LENGTHS_UDP 1u
#define PC_LENGTHS_ICMP 2u
#define PC_LENGTHS_ICMPV6 3u
struct pc_set_head {
	__u32 number;     /* its own: a row that is not filled in is `inconsistent` */
	__u32 any;        /* decision for whatever no entry matches; 0: none */
	__u32 lengths[4]; /* by PC_LENGTHS_*: bit L: entries of prefix length L (0-16) exist */
	__u32 has_others; /* 1: entries for protocols other than TCP, UDP, ICMP and ICMPv6 exist */
	__u32 reserved;
};
struct pc_port_set_key {
	__u32 set;
	__u16 port; /* host order */
	__u8 protocol;
	__u8 length;
};
/* pc_port_sets -> decision (__u32). pc_rule_hits: rule number -> times it decided (__u64): new flows, packets without an entry, denials. */

/* ---- flows --------------------------------------------------------------------------------------------------------------------------- */

/*
 * Flows are per port: two local instances that talk have one entry each. TCP and UDP: both ports. ICMP queries: local_port is the
 * identifier, remote_port the query's type, `asker` the direction of the query, so that a query never rides on the entry of the opposite
 * one. Other protocols: ports 0.
 */
struct pc_flow4_key {
	__u32 port_id;
	__be32 local;
	__be32 remote;
	__be16 local_port;
	__be16 remote_port;
	__u8 protocol;
	__u8 asker;
	__u8 pad[2];
};
struct pc_flow6_key {
	__u32 port_id;
	__u8 local[16];
	__u8 remote[16];
	__be16 local_port;
	__be16 remote_port;
	__u8 protocol;
	__u8 asker;
	__u8 pad[2];
};

/*
 * The verdict word: everything that decides, in 64 bits, changed by compare-and-swap only.
 *   bits 0-11 tag | 12-31 epoch | 32-35 state (enum pc_flow_state) | 36-43 PC_FLOW_* flags | 44-63 entrance
 * The tag is a keyed hash of the flow's key: a program that still holds an element which the kernel gave to another flow sees another tag.
 * The epoch is that of the port's view when ACL verdicts and PC_FLOW_BOUND were computed; pc_sweep sets it to 0, which no view has, long
 * before its 20 bits come round. The entrance is the ifindex by which the inbound packets came that PC_FLOW_ACL_IN was computed for
 * (docs/semantics.md 6.6: the same address may count differently by another way); PC_ENTRANCE_NONE: not computed.
 */
#define PC_WORD_TAG_MASK 0xfffu
#define PC_WORD_EPOCH_SHIFT 12
#define PC_WORD_EPOCH_MASK 0xfffffu
#define PC_WORD_STATE_SHIFT 32
#define PC_WORD_STATE_MASK 0xfu
#define PC_WORD_FLAGS_SHIFT 36
#define PC_WORD_FLAGS_MASK 0xffu
#define PC_WORD_ENTRANCE_SHIFT 44
#define PC_ENTRANCE_NONE 0xfffffu
#define PC_FLOW_ACL_OUT_KNOWN 1u /* PC_FLOW_ACL_OUT is computed */
#define PC_FLOW_ACL_OUT 2u       /* the ACL allows the flow's outbound packets, or does not concern them */
#define PC_FLOW_ACL_IN 4u        /* likewise inbound packets that came by the word's entrance */
#define PC_FLOW_BOUND 8u         /* the local address is the port's own */
#define PC_FLOW_STARTED_IN 16u   /* the first packet was inbound */
#define PC_FLOW_FIN_OUT 32u      /* FIN seen outbound */
#define PC_FLOW_FIN_IN 64u       /* FIN seen inbound */

/* What both families' entries hold besides the key. */
struct pc_flow {
	__u64 word;
	__u64 seen; /* tag in the upper 32 bits, tick of the last admitted packet in the lower; compare-and-swap */
	__u32 group_rule;
	__u32 acl_rule[2]; /* by direction; 0: none concerned it */
	__u32 reserved;
	__u64 packets[2]; /* by direction, admitted ones */
	__u64 bytes[2];
};
struct pc_flow4 {
	struct pc_flow flow;
	struct pc_flow4_key key; /* compared after copying */
	__u32 pad;
};
struct pc_flow6 {
	struct pc_flow flow;
	struct pc_flow6_key key;
	__u32 pad;
};

/* ---- counters ------------------------------------------------------------------------------------------------------------------------ */

#define PC_REASONS_MAX 64u

/* pc_counters, per CPU: row (slot * 2 + direction) * PC_REASONS_MAX + reason. Bytes are those of the skb, packets count GSO segments. */
struct pc_counter {
	__u64 packets;
	__u64 bytes;
};

/* ---- sweeping ------------------------------------------------------------------------------------------------------------------------ */

/* Context of the pc_sweep program (BPF_PROG_TYPE_SYSCALL): frees expired entries and those of ports that are gone. */
struct pc_sweep_report {
	__u32 live;
	__u32 freed;
};

#ifndef __bpf__
#include <assert.h>
static_assert(sizeof(struct pc_port_view) == 128, "one row is two cache lines");
static_assert(sizeof(struct pc_port) == 320, "ABI");
static_assert(sizeof(struct pc_flow4_key) == 20, "ABI");
static_assert(sizeof(struct pc_flow6_key) == 44, "ABI");
static_assert(sizeof(struct pc_flow) == 64, "ABI");
static_assert(sizeof(struct pc_port_set_key) == 8, "ABI");
static_assert(sizeof(struct pc_set_head) == 32, "ABI");
static_assert(sizeof(struct pc_interface) == 144, "ABI");
#endif
