/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of bpf/tc.bpf.c, which stop where the test wants them to until it lets them go on, as if the host had taken their CPU away;
 * and a program that uses an element of a hash map without any care.
 */
// In this order: bpf_helpers.h needs the types of linux/bpf.h.
// clang-format off
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#include "tests/dataplane/stall_points.h"

#define SPINS 2048
#define LONGEST 10000000000ull /* ns: below what the kernel takes for a lockup */

/* Set by user space before a run. */
volatile __u32 stall_at;    /* enum stall_point */
volatile __u32 passes;      /* times that the program passes the point before it stops there */
volatile __u32 is_released; /* set by user space during a run */
/* Read by user space. */
volatile __u32 is_stalled;
volatile __u32 is_overslept; /* nobody released it */
__u64 plain_value;           /* what the careless program read */

/* Elements to count through: verifiers before 5.17 take no loop that is as long, and the programs leave two call frames. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u32);
    __uint(max_entries, 1048576);
} rounds SEC(".maps");

static long spin(void* map, const __u32* key, __u32* value, __u64* begin) {
    for (int i = 0; i < SPINS; i++)
        if (is_released) return 1;
    return bpf_ktime_get_ns() - *begin > LONGEST;
}

/* A global function, which the verifier walks through once. */
__noinline int stall(__u32 point) {
    __u64 begin = bpf_ktime_get_ns();

    if (stall_at != point || passes-- != 0) return 0;
    stall_at = STALL_NOWHERE;
    is_stalled = 1;
    bpf_for_each_map_elem(&rounds, spin, &begin, 0);
    is_overslept = !is_released;
    return 0;
}

#define PC_STALL(point) stall(point)
#include "bpf/tc.bpf.c"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 16);
} plain_elements SEC(".maps");

/* Reads and writes the value of key 1. */
SEC("tc")
int plain(struct __sk_buff* skb) {
    __u32 key = 1;
    __u64* value = bpf_map_lookup_elem(&plain_elements, &key);

    if (!value) return TC_ACT_SHOT;
    stall(STALL_PLAIN);
    plain_value = READ_ONCE(*value);
    WRITE_ONCE(*value, 77);
    return TC_ACT_UNSPEC;
}
