/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map of the data path. Keys and values: bpf/abi.h. Sizes here are the defaults of compiler/lower_bpf/lower_bpf.h (MapCapacities); the loader
 * sets the real ones before loading. Array rows cost their value; entries of hash maps about 64 bytes more than key and value, of tries
 * about 40 more.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

#define PC_MAP(map_type, map_name, key_type, value_type, entries, flags)                                                                   \
	struct {                                                                                                                           \
		__uint(type, map_type);                                                                                                    \
		__type(key, key_type);                                                                                                     \
		__type(value, value_type);                                                                                                 \
		__uint(max_entries, entries);                                                                                              \
		__uint(map_flags, flags);                                                                                                  \
	} map_name SEC(".maps")

/* An array of maps, `inner` each, which the loader makes: flow shards when it loads, queues when a port is bound. */
#define PC_MAP_ARRAY(map_name, entries, inner_map)                                                                                         \
	struct {                                                                                                                           \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                                                  \
		__type(key, __u32);                                                                                                        \
		__uint(max_entries, entries);                                                                                              \
		__array(values, inner_map);                                                                                                \
	} map_name SEC(".maps")

#define PC_ARRAY(name, value, entries) PC_MAP(BPF_MAP_TYPE_ARRAY, name, __u32, value, entries, 0)
#define PC_HASH(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_HASH, name, key, value, entries, 0)
/* Policy entries come and go by the thousand and most maps stay nearly empty: allocated on insertion, which user space alone does. */
#define PC_POLICY_HASH(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_HASH, name, key, value, entries, BPF_F_NO_PREALLOC)
#define PC_TRIE(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_LPM_TRIE, name, key, value, entries, BPF_F_NO_PREALLOC)

/* The generation word: one store to it switches the whole host. */
PC_ARRAY(pc_host, struct pc_host, 1);

/* What a device is to us; one entry per managed device, uplink and bridge. */
PC_HASH(pc_devices, __u32, struct pc_device, 16384);
/* What programs found in it of late. */
PC_ARRAY(pc_device_cache, __u64, PC_DEVICE_CACHE);
/* The ports, two versions each. */
PC_ARRAY(pc_ports, struct pc_port, 1025);

/* Slots -> the devices of ports with a fast path. The kernel itself takes a device out when it ends or leaves its namespace: its number alone would lead to
 * another that got it since. */
PC_MAP(BPF_MAP_TYPE_DEVMAP, pc_fast_devices, __u32, __u32, 1025, 0);

/* A port's own addresses, by address set. */
PC_TRIE(pc_addresses4, struct pc_address4_key, __u32, 262144);
PC_TRIE(pc_addresses6, struct pc_address6_key, __u32, 262144);

/* Whose an address is, by zone. */
PC_TRIE(pc_members4, struct pc_member4_key, __u32, 262144);
PC_TRIE(pc_members6, struct pc_member6_key, __u32, 262144);
PC_ARRAY(pc_owners, struct pc_owner, 262145);
PC_ARRAY(pc_interfaces, struct pc_interface, 65537);

/* Policies: address -> port set -> decision. */
PC_ARRAY(pc_policies, struct pc_policy, 65537);
PC_TRIE(pc_cidrs4, struct pc_cidr4_key, __u32, 2097152);
PC_TRIE(pc_cidrs6, struct pc_cidr6_key, __u32, 1048576);
PC_POLICY_HASH(pc_group_sets, struct pc_group_set_key, __u32, 262144);
PC_ARRAY(pc_set_heads, struct pc_set_head, 1048577);
PC_POLICY_HASH(pc_port_sets, struct pc_port_set_key, __u32, 2097152);
/* Decisions per rule: new flows, packets judged without a flow, denials. */
PC_ARRAY(pc_rule_hits, __u64, 1048577);

/* What numbers stand for. */
PC_POLICY_HASH(pc_names, struct pc_name_key, struct pc_name, 2097152);

/* What is believed and exempt around ports. */
PC_POLICY_HASH(pc_services, struct pc_service_key, struct pc_service, 262144);
/* MACs of bound interfaces, by bridge. */
PC_HASH(pc_macs, struct pc_mac_key, __u32, 2048);
/* The host itself: its addresses, and what its tunnel devices unwrap. */
PC_HASH(pc_host_addresses, struct pc_host_address_key, __u32, 16384);
PC_HASH(pc_tunnels, struct pc_tunnel_key, __u32, 1024);
/* Link-local addresses claimed by ports. */
PC_HASH(pc_claims, struct pc_claim_key, __u32, 8192);

/* Live connections, in shards. Allocated at load: no insertion fails for lack of kernel memory. A shard has room for a quarter more than its share, since
 * hashes do not spread evenly. Sizes and not types, which clang would leave incomplete here: the loader names the types of the maps that it makes. */
struct pc_flow4_shard {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct pc_flow4_key));
	__uint(value_size, sizeof(struct pc_flow4));
	__uint(max_entries, 20480);
};
struct pc_flow6_shard {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct pc_flow6_key));
	__uint(value_size, sizeof(struct pc_flow6));
	__uint(max_entries, 5120);
};
PC_MAP_ARRAY(pc_flows4, PC_FLOW_SHARDS, struct pc_flow4_shard);
PC_MAP_ARRAY(pc_flows6, PC_FLOW_SHARDS, struct pc_flow6_shard);
PC_ARRAY(pc_flow_pool, struct pc_flow_pool, 1);

/* Keys of half-open flows in the order of their opening, by slot * 2 + side; 48 bytes an entry, as many as the port's quota. */
struct pc_half_open_queue {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(key_size, 0);
	__uint(value_size, sizeof(struct pc_half_open_record));
	__uint(max_entries, 4096);
};
PC_MAP_ARRAY(pc_half_open, 1025 * 2, struct pc_half_open_queue);

/* What the programs count per port. */
PC_ARRAY(pc_port_states, struct pc_port_state, 1025);

/* Prefixes whose flows end with the change in progress. */
PC_TRIE(pc_departed4, struct pc_member4_key, __u32, 262144);
PC_TRIE(pc_departed6, struct pc_member6_key, __u32, 262144);

/* First fragments, per port and family. */
PC_ARRAY(pc_fragments, struct pc_fragments, 1025 * 2);

/* Denials, as they happen. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} pc_events SEC(".maps");

/* Packets and bytes per port, direction and reason. */
PC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, pc_counters, __u32, struct pc_counter, 1025 * 2 * PC_REASONS_MAX, 0);
