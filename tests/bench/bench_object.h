// SPDX-License-Identifier: Apache-2.0
// The benchmarks' own BPF programs (bench.bpf.c), loaded; and the runs that time programs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/unique_fd.h"

struct bench_bpf;

namespace portcullis::bench {

struct ProgramRun {
    int program_fd = -1;
    std::uint32_t ifindex = 0;          // device that the program believes to run on; 0: none
    std::uint32_t ingress_ifindex = 0;  // where the packet entered
    std::uint32_t repeat = 1;
};

// How packets are varied.
struct Rotation {
    std::uint64_t flows = 1;
    bool is_answer = false;  // the packets are the remote's
};

// Any failure ends the process with a sentence: a benchmark says nothing on such a machine.
class BenchObject {
   public:
    BenchObject();
    ~BenchObject();
    BenchObject(const BenchObject&) = delete;
    BenchObject& operator=(const BenchObject&) = delete;

    [[nodiscard]] int empty() const;
    [[nodiscard]] int limit() const;
    [[nodiscard]] int insert() const;
    [[nodiscard]] int sink() const;

    // Nanoseconds per packet of the program, as the kernel times it.
    [[nodiscard]] double time(const ProgramRun& run, std::span<const std::uint8_t> frame) const;
    // The same with the packet varied before each run.
    [[nodiscard]] double time_rotating(const ProgramRun& run, std::span<const std::uint8_t> frame, const Rotation& rotation) const;
    // Sends `count` copies of the frame, varied, into the receive path of a device, and waits for their delivery to a sink. Nanoseconds
    // per packet by the wall clock. Ends the process when fewer arrive.
    [[nodiscard]] double send(std::uint32_t ifindex, std::span<const std::uint8_t> frame, const Rotation& rotation,
                              std::uint32_t count) const;
    // The same for packets that are dropped on the way before a queue: they are when the system call returns. Ends the process when one
    // is delivered.
    [[nodiscard]] double send_denied(std::uint32_t ifindex, std::span<const std::uint8_t> frame, const Rotation& rotation,
                                     std::uint32_t count) const;
    // The flows the limit looks up exist from now on.
    void fill_limit(std::span<const std::uint8_t> frame, std::uint64_t flows) const;
    void clear_flows() const;
    // A sink at the ingress of a device, as long as this lives.
    void attach_sink(std::uint32_t ifindex);

   private:
    void begin(const Rotation& rotation) const;
    void generate(std::uint32_t ifindex, std::span<const std::uint8_t> frame, std::uint32_t count) const;
    bench_bpf* object_ = nullptr;
    std::vector<UniqueFd> sink_links_;
};

}  // namespace portcullis::bench
