/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause OR Apache-2.0 */
/* The part of bpf/abi.h that is about names. Included by it alone. */
#pragma once
#include <linux/types.h>

/* pc_names: what a number stands for where the other maps do not tell, for the daemon that comes next; no program reads it. A name is cut into parts,
 * from 0 on, all of PC_NAME_PART bytes but the last; each says how long the whole is. */
#define PC_NAME_RULE 1u      /* its label */
#define PC_NAME_GROUP 2u     /* id, as is that of a zone and of a subnet */
#define PC_NAME_INTERFACE 3u /* ids, as compiler/lower_bpf/keys.h writes them */
#define PC_NAME_ZONE 4u
#define PC_NAME_SUBNET 5u
#define PC_NAME_PART 60u
struct pc_name_key {
	__u32 number;
	__u16 kind;
	__u16 part;
};
struct pc_name {
	__u32 bytes;
	__u8 text[PC_NAME_PART]; /* zeroes behind it */
};
