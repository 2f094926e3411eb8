/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program that runs for a hundred milliseconds or so, in which no grace period of RCU ends. */
// clang-format off
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define TURNS (1u << 23) /* the most that bpf_loop takes */

/* How many runs have begun, and ended. Written by one runner. */
volatile __u64 begun, ended;

static long turn(__u32 index, void* unused) { return 0; }

SEC("tc")
int long_reader(struct __sk_buff* skb) {
    begun++;
    for (int i = 0; i < 2; i++) bpf_loop(TURNS, turn, NULL, 0);
    ended++;
    return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
