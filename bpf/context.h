/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel hands to a program: a socket buffer to TC programs, a frame that the driver has just received to XDP programs, which
 * define PC_XDP before they include anything. What judges packets is compiled for both; it calls the context `skb` and asks it by these
 * functions alone.
 */
#pragma once
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef PC_XDP
typedef struct xdp_md context;
#define IS_EARLY 1 /* TC comes after us */

/* The whole frame's. */
static __always_inline __u32 context_length(context *skb)
{
	return bpf_xdp_get_buff_len(skb);
}

/* Bytes of a GSO packet's segments; 0: it is none. To XDP none is known to be one. */
static __always_inline __u32 context_gso_size(const context *skb)
{
	return 0;
}

/* A tag in metadata: XDP does not see it. */
static __always_inline bool context_has_vlan(const context *skb)
{
	return false;
}

static __always_inline __u32 context_vlan_proto(const context *skb)
{
	return 0;
}

static __always_inline __u32 context_vlan_tci(const context *skb)
{
	return 0;
}

/* Of the device that the program runs on. */
static __always_inline __u32 context_ifindex(const context *skb)
{
	return skb->ingress_ifindex;
}

/* Of the device that the packet entered by; asked at the egress hook alone. */
static __always_inline __u32 context_entrance(const context *skb)
{
	return 0;
}

/* Makes `length` bytes linear; 0: they are now. XDP programs leave frames that are not linear to TC. */
static __always_inline long context_pull(context *skb, __u32 length)
{
	return -1;
}

static __always_inline long context_load(context *skb, __u32 offset, void *to, __u32 length)
{
	return bpf_xdp_load_bytes(skb, offset, to, length);
}
#else
typedef struct __sk_buff context;
#define IS_EARLY 0

static __always_inline __u32 context_length(const context *skb)
{
	return skb->len;
}

static __always_inline __u32 context_gso_size(const context *skb)
{
	return skb->gso_size;
}

static __always_inline bool context_has_vlan(const context *skb)
{
	return skb->vlan_present;
}

/* In network order. */
static __always_inline __u32 context_vlan_proto(const context *skb)
{
	return skb->vlan_proto;
}

static __always_inline __u32 context_vlan_tci(const context *skb)
{
	return skb->vlan_tci;
}

static __always_inline __u32 context_ifindex(const context *skb)
{
	return skb->ifindex;
}

static __always_inline __u32 context_entrance(const context *skb)
{
	return skb->ingress_ifindex;
}

static __always_inline long context_pull(context *skb, __u32 length)
{
	return bpf_skb_pull_data(skb, length);
}

static __always_inline long context_load(const context *skb, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(skb, offset, to, length);
}
#endif
