/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which addresses are a port's own, and what else stands in sets of prefixes (bpf/abi.h, pc_addresses4/6). */
#pragma once
#include "bpf/claims.h"

/* What the longest prefix of the set that holds the address says; 0: none. */
static __always_inline __u32 find_in_set4(__u32 set, __be32 address)
{
	struct pc_address4_key key = {.prefixlen = 64, .address_set = set, .address = address};
	const __u32 *found = bpf_map_lookup_elem(&pc_addresses4, &key);

	return found ? *found : 0;
}

static __always_inline __u32 find_in_set6(__u32 set, const union address *address)
{
	struct pc_address6_key key = {.prefixlen = 160, .address_set = set};

	__builtin_memcpy(key.address, address, 16);
	const __u32 *found = bpf_map_lookup_elem(&pc_addresses6, &key);
	return found ? *found : 0;
}

static __noinline __u32 find_in_set(__u32 family, __u32 set, const union address *address)
{
	if (!set)
		return 0;
	return family == PC_IPV4 ? find_in_set4(set, address->v4) : find_in_set6(set, address);
}

static __always_inline bool is_own_ipv4(const struct gate *gate, __be32 address)
{
	return (address && address == gate->view->own_ipv4) || find_in_set4(gate->view->address_set, address) != 0;
}

static __always_inline bool is_first_own_ipv6(const struct gate *gate, const union address *address)
{
	const __u64 *own = (const __u64 *)gate->view->own_ipv6;

	return address->halves[0] == own[0] && address->halves[1] == own[1] && !is_unspecified(address);
}

static __noinline bool is_own_ipv6(const struct gate *gate, const union address *address)
{
	return is_first_own_ipv6(gate, address) || find_in_set6(gate->view->address_set, address) || has_claimed(gate, address);
}

static __always_inline bool is_own(const struct gate *gate, const struct packet *packet, const union address *address)
{
	return packet->family == PC_IPV4 ? is_own_ipv4(gate, address->v4) : is_own_ipv6(gate, address);
}
