// SPDX-License-Identifier: Apache-2.0
// Waits until no program runs any more that was running when the wait began: an RCU grace period. After it, what such a program may have
// read (an entry that has been deleted since, the inactive version of a row) can be used for something else.
//
// How: an update of a map of maps from user space returns only after a grace period (synchronize_rcu in the kernel's
// maybe_wait_bpf_programs, since Linux 4.20; there for this very use). membarrier(MEMBARRIER_CMD_GLOBAL) was rejected: it waits for
// nothing on a host with one CPU, and is refused on hosts with full dynticks.
#pragma once

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

class GracePeriod {
   public:
    // Makes a map of maps of one entry, pc_grace, which no program uses.
    [[nodiscard]] static Result<GracePeriod> create();
    // Usually some milliseconds.
    [[nodiscard]] Result<> wait() const;

   private:
    GracePeriod(UniqueFd outer, UniqueFd inner) : outer_(std::move(outer)), inner_(std::move(inner)) {}
    UniqueFd outer_, inner_;
};

}  // namespace portcullis
