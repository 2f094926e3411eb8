/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map of the data path. Keys and values: bpf/abi.h. Sizes here are the defaults of compiler/lower_bpf.h (MapCapacities); the loader
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

#define PC_ARRAY(name, value, entries) PC_MAP(BPF_MAP_TYPE_ARRAY, name, __u32, value, entries, 0)
#define PC_HASH(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_HASH, name, key, value, entries, 0)
/* Policy entries come and go by the thousand and most maps stay nearly empty: allocated on insertion, which user space alone does. */
#define PC_POLICY_HASH(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_HASH, name, key, value, entries, BPF_F_NO_PREALLOC)
#define PC_TRIE(name, key, value, entries) PC_MAP(BPF_MAP_TYPE_LPM_TRIE, name, key, value, entries, BPF_F_NO_PREALLOC)

/* The generation word: one store to it switches the whole host. */
PC_ARRAY(pc_host, struct pc_host, 1);

/* What a device is to us; one entry per managed device, uplink and bridge. */
PC_HASH(pc_devices, __u32, struct pc_device, 16384);
/* The ports, two versions each. */
PC_ARRAY(pc_ports, struct pc_port, 1025);

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

/* Live connections, per port. Allocated at load: no insertion fails for lack of kernel memory. */
PC_HASH(pc_flows4, struct pc_flow4_key, struct pc_flow4, 1048576);
PC_HASH(pc_flows6, struct pc_flow6_key, struct pc_flow6, 262144);

/* Packets and bytes per port, direction and reason. */
PC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, pc_counters, __u32, struct pc_counter, 1025 * 2 * PC_REASONS_MAX, 0);
