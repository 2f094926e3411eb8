/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of bpf(2) by which a daemon changes what enforces. For C and C++. */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>

static inline bool changes_enforcement(long command) {
    switch (command) {
        case BPF_MAP_UPDATE_ELEM:
        case BPF_MAP_DELETE_ELEM:
        case BPF_MAP_UPDATE_BATCH:
        case BPF_MAP_DELETE_BATCH:
        case BPF_OBJ_PIN:
        case BPF_PROG_TEST_RUN:
        case BPF_LINK_CREATE:
        case BPF_LINK_UPDATE:
            return true;
        default:
            return false;
    }
}
