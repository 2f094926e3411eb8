// SPDX-License-Identifier: Apache-2.0
// The guard of early boot: `portcullisd --guard` closes the ports of the last accepted model and of --model by their names, also those that
// do not exist yet, and exits. They stay closed until a daemon on the same state directory enforces a model, which ends the guard, or
// `portcullis teardown` does. A daemon that never starts leaves it standing.
//
// Uses nf_tables whatever back end enforces later: BPF has no hook at a device that does not exist.
#pragma once

#include <string>

#include "core/result.h"
#include "tools/daemon/options.h"

namespace portcullis {

// What --guard does; returns the exit status: 0 also where there is nothing to guard, because no model is known, or a daemon runs, or what
// an earlier one enforced stands.
[[nodiscard]] int run_guard(const DaemonOptions& options);

// The daemon's side.
class Guard {
   public:
    explicit Guard(const std::string& state_directory);
    // To be called when a model is enforced, until nothing is left to do: ends the guard. Each failure is logged once.
    void end();

   private:
    std::string table_;
    bool stands_ = false;
    std::string reported_;
};

}  // namespace portcullis
