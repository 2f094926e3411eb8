/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which calls of a daemon under test fall out otherwise than the kernel has it: written by the test, read by failing_calls.c in the daemon,
 * in memory that both share (the file that PORTCULLIS_FAILING_CALLS names). Zeroed: none.
 */
#pragma once

struct failing_calls {
    int bpf_calls_left;    /* the last of so many bpf(2) that change something fails with `error`, and is not made; 0: none does */
    int answers_left;      /* the last of so many answers of nf_tables to a transaction is lost, with ENOBUFS; 0: none is */
    int error;             /* errno */
    char unverifiable[16]; /* the verifier refuses programs of that name; empty: none */
};
