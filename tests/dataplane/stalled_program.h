// SPDX-License-Identifier: Apache-2.0
// A program of stall.bpf.c over the pinned maps of an enforced host: run on one CPU, held up at a point between the look-up of an entry
// and its use, while the caller does what it likes on another.
#pragma once

#include <sched.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bpf/abi.h"
#include "tests/dataplane/stall_points.h"
#include "tests/support/packet.h"
#include "tests/support/prog_run.h"

struct stall_bpf;

namespace portcullis::test {

// What a program is run on.
struct StalledRun {
    Bytes frame = Bytes(14);
    std::uint32_t ifindex = 0, ingress_ifindex = 0;
    std::optional<pc_sweep_request> request = {};  // in the frame's control block
};

struct StallAt {
    stall_point point = STALL_NOWHERE;
    std::uint32_t passes = 0;  // times that the program passes the point before
};

class StalledProgram {
   public:
    // Keeps the calling thread on one CPU while it lives: there the element of what is deleted is the one that is given out next. Pre: the
    // maps are pinned.
    explicit StalledProgram(const std::string& name);
    ~StalledProgram();
    StalledProgram(const StalledProgram&) = delete;
    StalledProgram& operator=(const StalledProgram&) = delete;

    // Return value of the program. `meanwhile` is called while it is held up; a program that never gets to the point, or waits for ten
    // seconds there, ends the process. The calling thread must be in the device's namespace.
    [[nodiscard]] std::uint32_t run(const StalledRun& run, StallAt at, const std::function<void()>& meanwhile);
    // What the careless program works on, and what it read there.
    [[nodiscard]] KernelMap plain_elements() const;
    [[nodiscard]] std::uint64_t plain_value() const;

   private:
    std::string name_;
    stall_bpf* object_ = nullptr;
    int program_fd_ = -1;  // the object's own
    cpu_set_t allowed_{};  // to the thread before
    int other_cpu_ = 0;
};

}  // namespace portcullis::test
