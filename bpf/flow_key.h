/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys of flows (docs/semantics.md 7.2), their keyed hash, and what its bits are for: 0-11 the tag of the verdict word, 16-31 the tag of
 * counters, 32-63 the tag of the time of last use, of which 32-37 are the shard.
 */
#pragma once
#include "bpf/packet.h"

union flow_key {
	struct pc_flow4_key v4;
	struct pc_flow6_key v6;
	__u64 parts[6];                    /* whole, for hashing */
	struct pc_half_open_record record; /* the key, and the family in its last four bytes, which are 0 in a key */
};

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "parts of keys are put together as little-endian machines read them"
#endif

/*
 * Keys are written in whole parts: they are read so right behind, and a processor hands on what it has not stored yet only to a load that no more than one
 * store has to do with. `ports`: the local one, then the remote one, `kind`: the protocol, then who asked, as they lie in the key.
 */
static __always_inline void fill_key4(union flow_key *key, __u32 port_id, __be32 local, __be32 remote, __u32 ports, __u32 kind)
{
	key->parts[0] = port_id | (__u64)local << 32;
	key->parts[1] = remote | (__u64)ports << 32;
	key->parts[2] = kind;
}

static __always_inline void fill_key6(union flow_key *key, __u32 port_id, const __be32 *local, const __be32 *remote, __u32 ports,
				      __u32 kind)
{
	key->parts[0] = port_id | (__u64)local[0] << 32;
	key->parts[1] = local[1] | (__u64)local[2] << 32;
	key->parts[2] = local[3] | (__u64)remote[0] << 32;
	key->parts[3] = remote[1] | (__u64)remote[2] << 32;
	key->parts[4] = remote[3] | (__u64)ports << 32;
	key->parts[5] = kind;
}

static __always_inline __u64 tag_of(const union flow_key *key, __u32 family, __u64 seed)
{
	const __u64 *parts = key->parts;
	__u64 hash = seed;

	hash = (hash ^ parts[0]) * 0x9e3779b97f4a7c15ull;
	hash = (hash ^ hash >> 32 ^ parts[1]) * 0xbf58476d1ce4e5b9ull;
	hash = (hash ^ hash >> 29 ^ parts[2]) * 0x94d049bb133111ebull;
	if (family == PC_IPV6) {
		hash = (hash ^ hash >> 32 ^ parts[3]) * 0x9e3779b97f4a7c15ull;
		hash = (hash ^ hash >> 29 ^ parts[4]) * 0xbf58476d1ce4e5b9ull;
		hash = (hash ^ hash >> 32 ^ parts[5]) * 0x94d049bb133111ebull;
	}
	return hash ^ hash >> 32;
}

/* Of bits that `seen` holds: who ends a flow knows by them which shard it was in. */
static __always_inline __u32 shard_of(__u64 tag)
{
	return tag >> 32 & (PC_FLOW_SHARDS - 1);
}

static __always_inline __u64 counter_tag(__u64 tag)
{
	return (tag >> 16 & 0xffff) << PC_COUNT_BITS;
}

static __always_inline __u64 seen_tag(__u64 tag)
{
	return tag & 0xffffffff00000000ull;
}

static __always_inline __u32 shifts_tag(__u64 tag)
{
	return tag & 0xffff0000u;
}

/* Fills in the key of a packet that passes in `direction` and returns its hash. Global, so that the verifier takes the key as unknown bytes. */
__noinline __u64 make_key(const struct packet_ends *packet, union flow_key *key, __u64 seed, __u32 direction, __u32 port_id)
{
	if (!packet || !key)
		return 0;
	const union address *local = direction == PC_OUTBOUND ? &packet->source : &packet->destination;
	const union address *remote = direction == PC_OUTBOUND ? &packet->destination : &packet->source;
	__be16 local_port = direction == PC_OUTBOUND ? packet->source_port : packet->destination_port;
	__be16 remote_port = direction == PC_OUTBOUND ? packet->destination_port : packet->source_port;
	__u32 asker = 0;

	if (packet->message != MESSAGE_DATA) {
		local_port = packet->icmp_id;
		remote_port = packet->query_type;
		asker = packet->message == MESSAGE_QUERY ? direction : !direction;
	}
	__u32 ports = local_port | (__u32)remote_port << 16;
	__u32 kind = packet->protocol | asker << 8;
	__builtin_memset(key, 0, sizeof(*key));
	if (packet->family == PC_IPV4)
		fill_key4(key, port_id, local->v4, remote->v4, ports, kind);
	else
		fill_key6(key, port_id, local->words, remote->words, ports, kind);
	return tag_of(key, packet->family, seed);
}

static __always_inline bool same_key4(const struct pc_flow4_key *a, const struct pc_flow4_key *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

static __always_inline bool same_key6(const struct pc_flow6_key *a, const struct pc_flow6_key *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b; /* both are aligned so */

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]) |
		 (((const __u32 *)a)[10] ^ ((const __u32 *)b)[10]));
}
