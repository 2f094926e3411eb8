/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the benchmarks put beside the programs under test: the floor (a program that does nothing), the limit (parse and one look-up in a
 * table like the flow tables), a bare insertion into such a table; a wrapper that varies the packet and tail-calls the program under test;
 * the generator and the sink of the live path.
 */
// In this order: bpf_helpers.h needs the types of linux/bpf.h.
// clang-format off
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#include "bpf/abi.h"

#define PORTS_PER_ADDRESS 50000u

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, struct pc_flow4_key);
    __type(value, struct pc_flow4);
    __uint(max_entries, 1048576);
} bench_flows SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __type(key, __u32);
    __type(value, __u32);
    __uint(max_entries, 1);
} bench_target SEC(".maps");

/* Set and read by user space between runs. */
__u64 runs;           /* packets that bench_rotate and bench_send have varied */
__u64 flow_count = 1; /* how many flows they rotate through */
__u64 is_answer;      /* whether the packet is the remote's: what varies lies at the other end */
__u64 delivered;      /* packets that reached bench_sink */

/* Headers of a UDP (or TCP: the ports lie alike) packet over IPv4 without options. */
struct headers {
    struct ethhdr ethernet;
    struct iphdr ip;
    struct udphdr udp;
} __attribute__((packed));

static __always_inline struct headers* headers_of(__u32 data, __u32 data_end) {
    struct headers* headers = (void*)(long)data;

    return (void*)(headers + 1) <= (void*)(long)data_end ? headers : NULL;
}

static __always_inline void make_key(const struct headers* headers, struct pc_flow4_key* key) {
    __builtin_memset(key, 0, sizeof(*key));
    key->port_id = 1;
    key->local = headers->ip.saddr;
    key->remote = headers->ip.daddr;
    key->local_port = headers->udp.source;
    key->remote_port = headers->udp.dest;
    key->protocol = headers->ip.protocol;
}

/* One of `flow_count` flows in turn: 50,000 source ports for each destination in 198.51.100.y. Checksums are left wrong: nothing here
 * looks. A single flow is the packet's own.
 */
static __always_inline void vary(struct headers* headers) {
    __u64 number = runs++ % flow_count;

    if (flow_count == 1) return;
    __be16 port = bpf_htons(1024 + number % PORTS_PER_ADDRESS);
    __be32 remote = bpf_htonl(0xc6336401u + number / PORTS_PER_ADDRESS);

    if (is_answer) {
        headers->udp.dest = port;
        headers->ip.saddr = remote;
    } else {
        headers->udp.source = port;
        headers->ip.daddr = remote;
    }
}

SEC("tc")
int bench_empty(struct __sk_buff* skb) { return TC_ACT_UNSPEC; }

SEC("tc")
int bench_limit(struct __sk_buff* skb) {
    const struct headers* headers = headers_of(skb->data, skb->data_end);
    struct pc_flow4_key key;

    if (!headers || headers->ethernet.h_proto != bpf_htons(ETH_P_IP) || headers->ip.ihl != 5) return TC_ACT_SHOT;
    make_key(headers, &key);
    return bpf_map_lookup_elem(&bench_flows, &key) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int bench_insert(struct __sk_buff* skb) {
    const struct headers* headers = headers_of(skb->data, skb->data_end);
    struct pc_flow4 entry = {};

    if (!headers) return TC_ACT_SHOT;
    make_key(headers, &entry.key);
    return bpf_map_update_elem(&bench_flows, &entry.key, &entry, BPF_ANY) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int bench_rotate(struct __sk_buff* skb) {
    struct headers* headers = headers_of(skb->data, skb->data_end);

    if (!headers) return TC_ACT_SHOT;
    vary(headers);
    bpf_tail_call_static(skb, &bench_target, 0);
    return TC_ACT_SHOT;
}

SEC("xdp")
int bench_send(struct xdp_md* context) {
    struct headers* headers = headers_of(context->data, context->data_end);

    if (!headers) return XDP_DROP;
    vary(headers);
    return XDP_PASS;
}

SEC("tc")
int bench_sink(struct __sk_buff* skb) {
    delivered++; /* one CPU sends and receives */
    return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
