/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the benchmarks put beside the programs under test: the floor (a program that does nothing), the limit (parse and one look-up in a
 * table like the flow tables), a bare insertion into such a table, a bare look-up of a prefix; a wrapper that varies the packet and
 * tail-calls the program under test; the generator and the sink of the live path.
 */
// In this order: bpf_helpers.h needs the types of linux/bpf.h.
// clang-format off
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#include "bpf/abi.h"

#define PORTS_PER_ADDRESS 60000u

#define FLOW_TABLE(name, family)                   \
    struct {                                       \
        __uint(type, BPF_MAP_TYPE_HASH);           \
        __type(key, struct pc_flow##family##_key); \
        __type(value, struct pc_flow##family);     \
        __uint(max_entries, 1048576);              \
    } name SEC(".maps")

/* User space makes them smaller where it needs few. */
FLOW_TABLE(bench_flows4, 4);
FLOW_TABLE(bench_flows6, 6);

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __type(key, struct pc_cidr4_key);
    __type(value, __u32);
    __uint(max_entries, 1048576);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} bench_prefixes SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __type(key, __u32);
    __type(value, __u32);
    __uint(max_entries, 1);
} bench_target SEC(".maps");

/* Set and read by user space between runs. */
__u64 runs;                       /* packets that were varied */
__u64 flow_count = 1;             /* how many flows they rotate through; 1: the packet's own */
__u64 first_flow;                 /* the first of them */
__u32 first_remote = 0xc6336401u; /* 198.51.100.1: the address of flow 0 that varies */
__u32 ends_varied;                /* VARIES_* */
__u64 delivered;                  /* packets that reached bench_sink */

#define VARIES_REQUEST 0u /* source port, destination address */
#define VARIES_ANSWER 1u  /* destination port, source address */
#define VARIES_FLOOD 2u   /* source port, source address */

/* Headers of a UDP (or TCP: the ports lie alike) packet without options or extension headers. */
struct headers4 {
    struct ethhdr ethernet;
    struct iphdr ip;
    struct udphdr udp;
} __attribute__((packed));
struct headers6 {
    struct ethhdr ethernet;
    struct ipv6hdr ip;
    struct udphdr udp;
} __attribute__((packed));

#define HEADERS(name, context)                           \
    struct name* headers = (void*)(long)(context)->data; \
    if ((void*)(headers + 1) > (void*)(long)(context)->data_end) headers = NULL

static __always_inline void make_key4(const struct headers4* headers, struct pc_flow4_key* key) {
    __builtin_memset(key, 0, sizeof(*key));
    key->port_id = 1;
    key->local = headers->ip.saddr;
    key->remote = headers->ip.daddr;
    key->local_port = headers->udp.source;
    key->remote_port = headers->udp.dest;
    key->protocol = headers->ip.protocol;
}

static __always_inline void make_key6(const struct headers6* headers, struct pc_flow6_key* key) {
    __builtin_memset(key, 0, sizeof(*key));
    key->port_id = 1;
    __builtin_memcpy(key->local, &headers->ip.saddr, sizeof(key->local));
    __builtin_memcpy(key->remote, &headers->ip.daddr, sizeof(key->remote));
    key->local_port = headers->udp.source;
    key->remote_port = headers->udp.dest;
    key->protocol = headers->ip.nexthdr;
}

/* The IPv4 header's checksum stays right (RFC 1624): bridges that call netfilter look at it. */
static __always_inline void set_address(struct headers4* headers, int is_source, __be32 value) {
    __be32 former = is_source ? headers->ip.saddr : headers->ip.daddr;
    __u32 sum = (__u16)~headers->ip.check;

    if (former == value) return;
    sum += (__u16)~former + (__u16) ~(former >> 16) + (__u16)value + (__u16)(value >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    headers->ip.check = ~sum;
    if (is_source)
        headers->ip.saddr = value;
    else
        headers->ip.daddr = value;
}

static __always_inline __be16 port_of(__u64 number) { return bpf_htons(1024 + number % PORTS_PER_ADDRESS); }

/* One of `flow_count` flows in turn. Checksums of UDP and TCP are left wrong: nothing here looks, where they are not 0. */
static __always_inline void vary4(struct headers4* headers) {
    __u64 number = first_flow + runs++ % flow_count;

    if (flow_count == 1) return;
    if (ends_varied == VARIES_ANSWER)
        headers->udp.dest = port_of(number);
    else
        headers->udp.source = port_of(number);
    set_address(headers, ends_varied != VARIES_REQUEST, bpf_htonl(first_remote + number / PORTS_PER_ADDRESS));
}

/* The last 32 bits of the address vary, from 1. */
static __always_inline void vary6(struct headers6* headers) {
    __u64 number = first_flow + runs++ % flow_count;
    __be32 last = bpf_htonl(1 + number / PORTS_PER_ADDRESS);

    if (flow_count == 1) return;
    if (ends_varied == VARIES_ANSWER) {
        headers->udp.dest = port_of(number);
        headers->ip.saddr.s6_addr32[3] = last;
    } else {
        headers->udp.source = port_of(number);
        headers->ip.daddr.s6_addr32[3] = last;
    }
}

SEC("tc")
int bench_empty(struct __sk_buff* skb) { return TC_ACT_UNSPEC; }

SEC("tc")
int bench_limit4(struct __sk_buff* skb) {
    HEADERS(headers4, skb);
    struct pc_flow4_key key;

    if (!headers || headers->ethernet.h_proto != bpf_htons(ETH_P_IP) || headers->ip.ihl != 5) return TC_ACT_SHOT;
    make_key4(headers, &key);
    return bpf_map_lookup_elem(&bench_flows4, &key) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int bench_limit6(struct __sk_buff* skb) {
    HEADERS(headers6, skb);
    struct pc_flow6_key key;

    if (!headers || headers->ethernet.h_proto != bpf_htons(ETH_P_IPV6)) return TC_ACT_SHOT;
    make_key6(headers, &key);
    return bpf_map_lookup_elem(&bench_flows6, &key) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int bench_insert4(struct __sk_buff* skb) {
    HEADERS(headers4, skb);
    struct pc_flow4 entry = {};

    if (!headers) return TC_ACT_SHOT;
    make_key4(headers, &entry.key);
    return bpf_map_update_elem(&bench_flows4, &entry.key, &entry, BPF_ANY) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int bench_insert6(struct __sk_buff* skb) {
    HEADERS(headers6, skb);
    struct pc_flow6 entry = {};

    if (!headers) return TC_ACT_SHOT;
    make_key6(headers, &entry.key);
    return bpf_map_update_elem(&bench_flows6, &entry.key, &entry, BPF_ANY) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int bench_prefix(struct __sk_buff* skb) {
    HEADERS(headers4, skb);
    struct pc_cidr4_key key = {.prefixlen = 64, .policy = 1};

    if (!headers) return TC_ACT_SHOT;
    key.address = headers->ip.daddr;
    return bpf_map_lookup_elem(&bench_prefixes, &key) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int bench_rotate4(struct __sk_buff* skb) {
    HEADERS(headers4, skb);

    if (!headers) return TC_ACT_SHOT;
    vary4(headers);
    bpf_tail_call_static(skb, &bench_target, 0);
    return TC_ACT_SHOT;
}

SEC("tc")
int bench_rotate6(struct __sk_buff* skb) {
    HEADERS(headers6, skb);

    if (!headers) return TC_ACT_SHOT;
    vary6(headers);
    bpf_tail_call_static(skb, &bench_target, 0);
    return TC_ACT_SHOT;
}

SEC("xdp")
int bench_send(struct xdp_md* context) {
    HEADERS(headers4, context);

    if (!headers) return XDP_DROP;
    vary4(headers);
    return XDP_PASS;
}

SEC("tc")
int bench_sink(struct __sk_buff* skb) {
    delivered++; /* one CPU sends and receives */
    return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
