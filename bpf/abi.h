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

#define PC_ABI_VERSION 5u

/* Directions as the instance sees them, index of every `[2]` that is not a parity. */
#define PC_OUTBOUND 0u
#define PC_INBOUND 1u

/* Index of per-family pairs. */
#define PC_IPV4 0u
#define PC_IPV6 1u

/* One row. All programs read `generation` once per run; its lowest bit is the parity that is active for that run. The first two words are where they
 * are in every version of this layout: by them a daemon tells whether it knows what it finds. */
struct pc_host {
	__u32 generation;
	__u32 abi_version;  /* PC_ABI_VERSION, which changes with the layout or what it means; 0: not filled in yet */
	__u64 tag_seed;     /* random, keys the tags of flow entries; never changes while flows live */
	__u32 clock_offset; /* ticks added to the kernel's clock; 0 but in tests, where time passes by it */
	__u32 flow_reserve; /* entries of the flow tables that each port has for itself; never changes while flows live */
	__u32 flow_shared;  /* entries that all ports share beyond that: Quotas.Flows less the reserves, at least 0 */
	__u32 answer_mark;  /* random, not 0: the mark of pc_reject's answers between two hooks of one device; never changes */
	/* The clock is the kernel's jiffies, which cost no call: nanoseconds of CLOCK_MONOTONIC are jiffies * jiffy_ns + clock_base, modulo 2^64. */
	__u64 clock_base; /* neither this nor jiffy_ns changes while flows live */
	__u64 jiffy_ns;   /* of one jiffy: clock_getres(CLOCK_MONOTONIC_COARSE) */
	__u64 device_version; /* advanced whenever entries of pc_devices were deleted; rows of pc_device_cache that are of another one hold nothing */
	/* The fast path is taken before this tick alone (docs/decisions/0014): the daemon moves it on while it follows the host's devices. */
	__u32 fast_path_until;
	__u32 reserved;
};

/* pc_tails: programs that others end in. */
#define PC_TAIL_REJECT 0u /* pc_reject */
#define PC_TAIL_ENTER 1u  /* pc_enter_instance */
#define PC_TAILS 2u

/* ---- devices and ports ------------------------------------------------------------------------------------------------------------ */

#define PC_DEVICE_PORT 1u   /* both programs are attached; `slot` is its row in pc_ports */
#define PC_DEVICE_UPLINK 2u /* leads off the host; `slot` is 0 */
#define PC_DEVICE_HOST 3u   /* a bridge, or what cannot be a port of one: what enters by it the host sent or routed; `slot` is 0 */

/* pc_devices: ifindex -> what it is. A device that is missing here drops everything in our programs (no_port). */
struct pc_device {
	__u32 kind;
	__u32 slot;
	__u32 bridge; /* of an uplink: ifindex of the bridge that it is a port of; 0: none, the host routes by it. Of others 0 */
};

/*
 * pc_device_cache: ifindex modulo its size -> device_version << PC_PORT_ID_SLOT_BITS | slot, as programs found it in pc_devices: the slot of a port, whose
 * row in pc_ports says whether it is that very device's.
 */
#define PC_DEVICE_CACHE 4096u /* a power of two */

#define PC_PORT_OPEN 1u             /* without it everything is dropped (closed) */
#define PC_PORT_NO_ACL 2u           /* the model uses no network ACLs; without it policy number 0 denies */
#define PC_PORT_NO_ADDRESSES 4u     /* has none but link-local ones: docs/semantics.md 4.2 */
#define PC_PORT_ANY_ADDRESS 8u      /* SourceDestCheck false: 4.3 */
#define PC_PORT_BOUND_SOURCES 16u   /* with it: AllowedSources bound the rest, in source_set */
#define PC_PORT_CLAIMS 32u          /* LinkLocal "claimed": 4.5 */
#define PC_PORT_TRACK_ALL 64u       /* 7.5 */
#define PC_PORT_STRICT_ICMP 128u    /* 7.9 */
#define PC_PORT_CUT 256u            /* OnRevoke "cut": 7.8 */
#define PC_PORT_LOG 512u            /* denials make events */
#define PC_PORT_REJECT 1024u        /* 13.5: outbound denials of stages 6 to 8 are answered */
#define PC_PORT_ISOLATED 2048u      /* 13.2 */
#define PC_PORT_HOST_SERVICES 4096u /* 13.3: host_set holds what may be reached */
/* What the sets in `services` hold, so that nothing is looked for that is not there. */
#define PC_PORT_HAS_MACS 8192u
#define PC_PORT_HAS_MULTICAST 16384u
#define PC_PORT_HAS_VLANS 32768u
#define PC_PORT_HAS_ROUTERS 65536u
#define PC_PORT_HAS_DHCP4 131072u
#define PC_PORT_HAS_DHCP6 262144u
#define PC_PORT_HAS_SERVICES 524288u /* services, or routers that answer echo requests */
/* The fast path: the bridge would forward what this port sends and gets just so (docs/decisions/0014). */
#define PC_PORT_FAST 1048576u
#define PC_PORT_FAST_ENTER 2097152u /* with it: what it gets goes into the namespace behind it at once */

/* Bits of pc_port_view.wide: a rule from literally anywhere for all ports (7.5). */
#define PC_WIDE(direction, family, is_udp) (1u << ((direction)*4 + (family)*2 + (is_udp)))

/* Flow states; index of pc_port_view.timeout_ticks. */
enum pc_flow_state {
	PC_FLOW_DEAD = 0,
	PC_FLOW_SYN_SENT = 1,  /* opened by a SYN; half-open */
	PC_FLOW_PICKED_UP = 2, /* opened by an ACK in mid-stream; half-open until answered */
	PC_FLOW_SYN_RECEIVED = 3,
	PC_FLOW_ESTABLISHED = 4,
	PC_FLOW_FIN_WAIT = 5,   /* one side sent FIN */
	PC_FLOW_CLOSE_WAIT = 6, /* and the other acknowledged */
	PC_FLOW_LAST_ACK = 7,   /* both sides sent FIN */
	PC_FLOW_TIME_WAIT = 8,
	PC_FLOW_CLOSE = 9, /* an acceptable RST */
	PC_FLOW_UDP = 10,  /* half-open until answered */
	PC_FLOW_UDP_STREAM = 11,
	PC_FLOW_ICMP = 12,
	PC_FLOW_OTHER = 13,
	PC_FLOW_STATES = 16
};

/* Time in flows is the monotonic clock as the jiffies tell it, in ticks of 2^27 ns (134 ms), 32 bits, compared modulo 2^32. */
#define PC_TICK_SHIFT 27

/* One version of a port. */
struct pc_port_view {
	__u32 flags; /* PC_PORT_* */
	__u32 epoch; /* 20 bits; changes whenever something changes that verdicts cached in this port's flows depend on */
	__u32 zone;  /* the VPC: first half of every look-up of an address */
	__u32 subnet;
	__u32 interface;       /* own row in pc_interfaces */
	__u32 address_set;     /* own addresses and delegated prefixes, in pc_addresses4/6 */
	__u32 group_policy[2]; /* by direction; 0: nothing may start */
	__u32 acl_policy[2];   /* by direction; 0: everything is denied, unless PC_PORT_NO_ACL */
	__u8 mac[6];
	__u8 pad[2];
	__u32 services[2];     /* sets in pc_services: the host's and the port's own, the bridge's; 0: none */
	__u32 host_set;        /* HostServices, in pc_services */
	__u32 deny_set;        /* DenyCidrs, in pc_addresses4/6; 0: none */
	__u32 source_set;      /* AllowedSources, in pc_addresses4/6 */
	__u32 wide;            /* PC_WIDE bits */
	__u32 flow_quota;      /* answered flows */
	__u32 half_open_quota; /* of each side */
	/* The first of address_set's addresses of each family, for which the set need not be asked; zeroes: none. */
	__u8 own_ipv6[16];
	__be32 own_ipv4;
	__u32 reserved[7];
	__u32 timeout_ticks[PC_FLOW_STATES]; /* by state; 0 never occurs for a live state */
};

#define PC_PORT_ID_SLOT_BITS 12 /* at most 4,095 ports */

/* pc_ports: slot -> port. Slot 0 counts what no_port drops. */
struct pc_port {
	__u32 ifindex; /* compared with the device the program runs on: mismatch drops (no_port) */
	__u32 port_id; /* incarnation << PC_PORT_ID_SLOT_BITS | slot; never given out twice in the life of the maps: a reused slot or ifindex
			* inherits no flow */
	__u32 bridge;  /* ifindex of the bridge it is a port of; 0: none */
	__u32 reserved[13];
	struct pc_port_view view[2]; /* by parity */
};

/* ---- who owns an address ------------------------------------------------------------------------------------------------------------ */

/* pc_addresses4/6: sets of prefixes -> what the longest match says. A port's own addresses and its AllowedSources: 1. DenyCidrs: PC_DENIED or
 * PC_DENIED_NEW_ONLY. prefixlen = 32 + the prefix's. */
#define PC_DENIED 1u
#define PC_DENIED_NEW_ONLY 2u
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
 * link-local (EUI-64) addresses of interfaces, and the CIDR blocks of the zone's subnets; where instances are isolated, in the zone PC_ZONE_ALL the
 * addresses and prefixes of all interfaces of all VPCs, with an owner of its own. prefixlen = 32 + the prefix's. */
#define PC_ZONE_ALL 0xffffffffu
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

/* pc_owners: who has the prefix, by parity. interface 0: a subnet's block or a link-local address, which no group reference matches. `own` is the
 * daemon's: which interface of the zone's own it is, by which departures are told; 0: `interface`. */
#define PC_OWN_NONE 0xffffffffu
struct pc_owner {
	__u32 interface[2];
	__u32 subnet[2];
	__u32 own[2];
};

#define PC_GROUPS_PER_INTERFACE 16u

/* pc_interfaces: interface number -> the groups it carries, by parity. */
struct pc_interface {
	__u32 ifindex[2]; /* not 0: it, or one of those it stands for, is bound on this host (to that device) */
	__u32 group_count[2];
	__u32 groups[2][PC_GROUPS_PER_INTERFACE];
};

/* ---- what is around a port ------------------------------------------------------------------------------------------------------------ */

/*
 * pc_services: sets of what is believed and exempt around ports (docs/semantics.md 5), many kinds in one map. IPv4 addresses are IPv4-mapped
 * (::ffff:a.b.c.d), port in host order, fields that a kind does not use 0.
 */
#define PC_SERVICE_LISTED 1u     /* {address, protocol, port}: exempt; echo: protocol 1 or 58, port 0 */
#define PC_SERVICE_DHCP 2u       /* {address} -> where: PC_WHERE_* or an ifindex */
#define PC_SERVICE_ROUTER 3u     /* {address} -> mac */
#define PC_SERVICE_ROUTER_MAC 4u /* {mac in address[0-5]} */
#define PC_SERVICE_RESERVED 5u   /* {address}: of any of the above: no instance's source, nor claimed by one */
#define PC_SERVICE_MULTICAST 6u  /* {address} */
#define PC_SERVICE_VLAN 7u       /* {port: VID} */
#define PC_SERVICE_MAC 8u        /* {mac in address[0-5]}: own, beside the view's */
#define PC_SERVICE_HOST 9u       /* {protocol, port; port 0 where the protocol has none}: HostServices, in host_set */
#define PC_WHERE_ANY 0u          /* the host, a router, a listed uplink */
#define PC_WHERE_HOST 0xffffffffu
#define PC_WHERE_NOWHERE 0xfffffffeu /* a device that is not there */
struct pc_service_key {
	__u32 set;
	__u8 kind;
	__u8 protocol;
	__u16 port;
	__u8 address[16];
};
struct pc_service {
	__u32 where;
	__u8 mac[6];
	__u8 pad[2];
};

/* pc_macs: {bridge, MAC} -> ifindex of the port whose interface has it (docs/semantics.md 2.1.6). */
struct pc_mac_key {
	__u32 bridge;
	__u8 mac[6];
	__u8 pad[2];
};

/* pc_host_addresses: addresses of the host itself (IPv4-mapped) -> 1. */
struct pc_host_address_key {
	__u8 address[16];
};

/* pc_tunnels: what the host's tunnel devices would unwrap -> 1. */
struct pc_tunnel_key {
	__u16 port; /* UDP, host order; else 0 */
	__u8 protocol;
	__u8 pad;
};

/* pc_claims: link-local addresses claimed by duplicate address detection (docs/semantics.md 4.5) -> port_id. Written by the programs; a claim
 * of a port id that is gone is free. */
struct pc_claim_key {
	__u32 bridge;
	__u8 address[16];
};
#define PC_CLAIMS_PER_PORT 4u

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
	__u32 literal_set[2]; /* group policies, by family: rules from literally anywhere (docs/semantics.md 7.5); 0: empty */
	__u32 reserved[2];
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
	__u32 unknown_ports[4]; /* by PC_LENGTHS_*: decision about a fragment whose ports are unknown (docs/semantics.md 9.4); 0: none */
};
struct pc_port_set_key {
	__u32 set;
	__u16 port; /* host order */
	__u8 protocol;
	__u8 length;
};
/* pc_port_sets -> decision (__u32). pc_rule_hits: rule number -> times it decided (__u64): new flows, packets without an entry, denials. */

#include "bpf/abi_names.h"

#include "bpf/abi_flows.h"

/* ---- counters ------------------------------------------------------------------------------------------------------------------------ */

#define PC_REASONS_MAX 64u
/* In place of the reason `passed`, outbound: passed, and took the fast path. */
#define PC_COUNTED_FAST (PC_REASONS_MAX - 1)

/* pc_counters, per CPU: row (slot * 2 + direction) * PC_REASONS_MAX + reason. Bytes are those of the skb, packets count GSO segments. */
struct pc_counter {
	__u64 packets;
	__u64 bytes;
};

/* ---- events -------------------------------------------------------------------------------------------------------------------------- */

/* pc_events, a ring buffer: one record per reported denial, rate-limited per port before it is made. */
struct pc_event {
	__u64 time_ns; /* CLOCK_MONOTONIC, coarse */
	__u32 ifindex;
	__u32 port_id;
	__u32 bytes; /* of the skb */
	__u32 rule;  /* number of the rule that denied; 0: none */
	__u16 reason;
	__u8 direction;
	__u8 family; /* PC_IPV4, PC_IPV6; 255: the packet was not read that far */
	__u8 protocol;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags;
	__be16 ethertype;
	__be16 source_port;
	__be16 destination_port;
	__u16 pad;
	__u8 source_mac[6];
	__u8 destination_mac[6];
	__u8 source[16]; /* IPv4 in the first 4 bytes */
	__u8 destination[16];
	__u8 pad2[4];
};
#define PC_FAMILY_NONE 255u

#ifndef __bpf__
#include <assert.h>
static_assert(sizeof(struct pc_port_view) == 192, "one version is three cache lines");
static_assert(sizeof(struct pc_port) == 448, "ABI");
static_assert(sizeof(struct pc_flow4_key) == 20, "ABI");
static_assert(sizeof(struct pc_flow6_key) == 44, "ABI");
static_assert(sizeof(struct pc_flow) == 80, "ABI");
static_assert(sizeof(struct pc_service_key) == 24, "ABI");
static_assert(sizeof(struct pc_half_open_record) == 48, "ABI");
static_assert(sizeof(struct pc_port_state) == 96 + 4 * PC_FLOW_SHARDS, "ABI");
static_assert(sizeof(struct pc_port_set_key) == 8, "ABI");
static_assert(sizeof(struct pc_set_head) == 48, "ABI");
static_assert(sizeof(struct pc_interface) == 144, "ABI");
static_assert(sizeof(struct pc_owner) == 24, "ABI");
static_assert(sizeof(struct pc_name) == 64, "ABI");
static_assert(sizeof(struct pc_event) == 88, "ABI");
static_assert(sizeof(struct pc_sweep_request) == 20, "__sk_buff.cb");
#endif
