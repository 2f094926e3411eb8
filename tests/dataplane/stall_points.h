/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause OR Apache-2.0 */
/* Where a program of stall.bpf.c may be held up: the arguments of PC_STALL (bpf/flow_table.h). */
#pragma once

enum stall_point {
    STALL_NOWHERE,
    STALL_PLAIN,     /* between the look-up and the use of a program that takes no care */
    STALL_FOUND,     /* an element was looked up; its word is read next */
    STALL_READ,      /* its word was read; its key is compared next */
    STALL_COMPARED,  /* its key was compared; the rest is read next */
    STALL_SWAP,      /* its word is changed next */
    STALL_RULE,      /* the ACL rule that decided is noted next */
    STALL_SEQUENCES, /* what a TCP segment tells is noted next */
    STALL_REFRESH,   /* time and counters are written next */
    STALL_KILL,      /* the flow is ended next */
    STALL_SWEEP,     /* the sweep found that the entry is over, and ends or deletes it next */
};
