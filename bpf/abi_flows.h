/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause OR Apache-2.0 */
/* The part of bpf/abi.h that is about flows, fragments and sweeping: what the programs write themselves. Included by it alone. */
#pragma once
#include <linux/types.h>

/* ---- flows --------------------------------------------------------------------------------------------------------------------------- */

/*
 * pc_flows4/6: arrays of PC_FLOW_SHARDS hash maps each; a flow's shard is given by the hash of its key (bpf/conntrack.h). In shards, an insertion
 * that finds no room can free what is expired of one of them in bounded time, without the daemon.
 *
 * Flows are per port: two local instances that talk have one entry each. TCP and UDP: both ports. ICMP queries: local_port is the
 * identifier, remote_port the query's type, `asker` the direction of the query, so that a query never rides on the entry of the opposite
 * one. Other protocols: ports 0.
 */
#define PC_FLOW_SHARDS 64u
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
 *   bits 0-11 tag | 12-31 epoch | 32-35 state (enum pc_flow_state) | 36-51 PC_FLOW_* flags | 52-63 entrance
 * The tag is a keyed hash of the flow's key: a program that still holds an element which the kernel gave to another flow sees another tag.
 * The epoch is that of the port's view when what the flags say about verdicts was computed; pc_sweep sets it to 0, which no view has, long
 * before its 20 bits come round. The entrance is how the inbound packets came that PC_FLOW_ACL_IN and PC_FLOW_POLICY_IN were computed for: the slot of
 * the port, or PC_ENTRANCE_*.
 */
#define PC_WORD_TAG_MASK 0xfffu
#define PC_WORD_EPOCH_SHIFT 12
#define PC_WORD_EPOCH_MASK 0xfffffu
#define PC_WORD_STATE_SHIFT 32
#define PC_WORD_STATE_MASK 0xfu
#define PC_WORD_FLAGS_SHIFT 36
#define PC_WORD_FLAGS_MASK 0xffffu
#define PC_WORD_ENTRANCE_SHIFT 52

#define PC_ENTRANCE_NONE 0xfffu /* nothing computed yet */
#define PC_ENTRANCE_ELSEWHERE 0xffeu
#define PC_ENTRANCE_UPLINK 0xffdu
#define PC_ENTRANCE_ROUTER 0xffcu
#define PC_ENTRANCE_HOST 0u

/* Verdicts, of this epoch. */
#define PC_FLOW_OUT_KNOWN 1u  /* PC_FLOW_ACL_OUT and PC_FLOW_POLICY_OUT are computed */
#define PC_FLOW_ACL_OUT 2u    /* the ACL allows the flow's outbound packets, or does not concern them */
#define PC_FLOW_POLICY_OUT 4u /* host policies let outbound packets pass; of a service flow: the service is listed */
#define PC_FLOW_ACL_IN 8u     /* likewise inbound packets that came by the word's entrance */
#define PC_FLOW_POLICY_IN 16u /* host policies, and of a service flow its origin, likewise */
#define PC_FLOW_BOUND 32u     /* the local address is the port's own; without it each packet's is looked up */
#define PC_FLOW_GROUPS 64u    /* OnRevoke "cut": the groups still admit its first packet; "keep": always */
/* History. */
#define PC_FLOW_STARTED_IN 128u /* the packet that opened or renewed it was inbound */
#define PC_FLOW_COUNTS 256u     /* and its remote counted as an interface's (docs/semantics.md 6.6) */
#define PC_FLOW_SERVICE 512u    /* a service flow */
#define PC_FLOW_ANSWERED 1024u
#define PC_FLOW_CLOSER_IN 2048u /* the side that sent FIN first is the remote */
#define PC_FLOW_RENEW_OUT 4096u /* an outbound SYN on the live flow awaits its answer; the latest SYN alone does */
#define PC_FLOW_RENEW_IN 8192u
#define PC_FLOW_RENEW_COUNTS 16384u /* PC_FLOW_COUNTS of that SYN */
#define PC_FLOW_LEFT 32768u         /* of a dead flow: who ended it could not delete the entry, which the sweep does */

/*
 * What both families' entries hold besides the key. Whatever a program writes into an entry it writes by compare-and-swap: of a word that holds bits of
 * the tag, or, where there is no room for them (`expected`, `acl_rule`), of one that was read before `seen` still had the flow's tag. So an element that
 * has become another flow's meanwhile is not written, but for one whose old value is the same by chance.
 */
struct pc_flow {
	__u64 word;
	__u64 seen;        /* tag in the upper 32 bits, tick of the last admitted packet in the lower */
	__u64 expected[2]; /* TCP, by direction of the side: acknowledgement number it last sent << 32 | scaled window */
	__u64 packets[2];  /* by direction, admitted ones: tag in the upper 16 bits */
	__u64 bytes[2];    /* likewise */
	__u32 group_rule;
	__u32 acl_rule[2]; /* by direction; 0: none concerned it */
	__u32 shifts;      /* TCP window scale, PC_SHIFT_*; tag in the upper 16 bits */
};
#define PC_COUNT_BITS 48 /* of packets and bytes, below the tag */
/* pc_flow.shifts: three fields of 5 bits: shift, and PC_SHIFT_KNOWN. */
#define PC_SHIFT_OUT 0
#define PC_SHIFT_IN 5
#define PC_SHIFT_RENEW 10 /* of the SYN that awaits its answer */
#define PC_SHIFT_KNOWN 16u
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

/*
 * pc_half_open: slot * 2 + side (direction of the opener) -> a queue (FIFO) of the keys of half-open flows as they were opened, as many as the quota.
 * What was answered or is gone meanwhile is skipped when its turn comes.
 */
struct pc_half_open_record {
	union {
		struct pc_flow4_key v4; /* zeroes behind it */
		struct pc_flow6_key v6;
	};
	__u32 family;
};

/* pc_port_states: slot -> what the programs count for a port, by atomic adds. Begun anew by pc_sweep (begin_port_id) when the slot gets another port id, but for
 * `entries` and `in_shards`, which are the slot's, whoever's port it was when they were made, until they are swept. */
#define PC_RATE_ANNOUNCEMENT 0u /* RARP (docs/semantics.md 2.1.3) */
#define PC_RATE_ICMP_ERROR 1u   /* 7.9 */
#define PC_RATE_EVENT 2u
#define PC_RATE_ANSWER 3u      /* 13.5 */
#define PC_RATES 4u            /* a power of two */
#define PC_RATE_WINDOW_SHIFT 3 /* a window of the limits is 8 ticks, 1.07 s */
struct pc_port_state {
	__u32 port_id;
	__u32 entries; /* all entries of the flow tables */
	__u32 answered;
	__u32 half_open[2]; /* by side */
	__u32 services;
	__u32 claims;
	__u32 reclaimed; /* tick of the last reclaiming that found nothing */
	__u32 shard;     /* where the next reclaiming looks */
	__u32 bridged;   /* tick at which a packet of a flow that has a fast path took the bridge, which so remembers where its sender is */
	__u64 rates[PC_RATES]; /* window << 32 | count */
	__u64 lost_events;     /* denials that made no event, for the limit or a full ring */
	__u64 pad[2];
	__u32 in_shards[PC_FLOW_SHARDS]; /* of the entries, answered and service flows in each shard: where to look for expired ones */
};
#define PC_SERVICE_FLOWS_MAX 1024u

/* pc_flow_pool: one row: entries taken from flow_shared. */
struct pc_flow_pool {
	__u32 shared;
	__u32 pad;
};

/* pc_departed4/6 (tries keyed as pc_members4/6) -> the generation that begins with the change in progress, by which the prefixes left the model or
 * became another interface's. Filled before the switch, emptied once pc_sweep has ended their flows. */

/* ---- fragments ------------------------------------------------------------------------------------------------------------------------ */

/* pc_fragments, slot * 2 + family -> the last admitted first fragments of a port (docs/semantics.md 9). An entry's word is zeroed, then its key written,
 * then the word. */
#define PC_FRAGMENTS_PER_PORT 32u
struct pc_fragment {
	__u64 word;      /* bits 0-31 tick, 32-51 epoch, 52-63 entrance (outbound: PC_ENTRANCE_NONE); 0: empty */
	__u8 source[16]; /* IPv4 in the first 4 bytes, zeroes behind them */
	__u8 destination[16];
	__u32 id; /* as in the packet */
	__u8 protocol;
	__u8 direction;
	__u8 pad[2];
};
struct pc_fragments {
	__u32 port_id; /* of whom the entries are */
	__u32 next;
	struct pc_fragment entries[PC_FRAGMENTS_PER_PORT];
};

/* ---- sweeping ------------------------------------------------------------------------------------------------------------------------ */

/*
 * What pc_sweep is asked, and answers, in the five words of __sk_buff.cb: of one shard of both flow tables it frees expired entries, those of ports that
 * are gone and those of departed addresses. A TC program that is never attached but run by BPF_PROG_TEST_RUN: programs of type syscall may not use
 * tries.
 *
 * A frame longer than its Ethernet header holds records of pc_half_open behind it, at most PC_REQUEUE_MAX. Then instead of all that those whose flows
 * are still half-open are queued in their order in the row `shard` of pc_half_open; where it is full the oldest gives way. With PC_SWEEP_END_RECORDS in
 * `begin_port_id` the flows of the records end instead, half-open or not, and `freed` says how many.
 *
 * With PC_SWEEP_JIFFIES in `begin_port_id` nothing is swept: `live` and `freed` are the lower and the upper half of the kernel's jiffies.
 */
#define PC_REQUEUE_MAX 64u
#define PC_SWEEP_END_RECORDS 1u /* no port id: the incarnation of one is never 0 */
#define PC_SWEEP_JIFFIES 2u     /* likewise */
struct pc_sweep_request {
	__u32 shard;
	__u32 ends_departed; /* 1: pc_departed4/6 are not empty */
	__u32 begin_port_id; /* not 0: instead of all that, begins the row of pc_port_states and the fragment memory of its slot anew for the port id */
	__u32 live;  /* answer */
	__u32 freed; /* answer */
};
