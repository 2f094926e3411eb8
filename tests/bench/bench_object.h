// SPDX-License-Identifier: Apache-2.0
// The benchmarks' own BPF programs (bench.bpf.c), loaded; and the runs that time programs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/unique_fd.h"
#include "tests/support/delivery_fence.h"

struct bench_bpf;

namespace portcullis::bench {

struct ProgramRun {
    int program_fd = -1;
    std::uint32_t ifindex = 0;          // device that the program believes to run on; 0: none
    std::uint32_t ingress_ifindex = 0;  // where the packet entered
    std::uint32_t repeat = 1;
};

// How packets are varied. One flow is the frame's own.
struct Rotation {
    std::uint64_t flows = 1;
    std::uint64_t first = 0;  // number of the first of them
    enum class Ends : std::uint32_t {
        Request,  // source port, destination address
        Answer,   // destination port, source address
        Flood,    // source port, source address
    } ends = Ends::Request;
    std::uint32_t first_remote = 0xc6336401;  // the address that varies, of IPv4: from 198.51.100.1, one for every 60,000 flows
};

// Copies of a frame, varied, put into the receive path of a device. The thread is in the device's namespace.
struct Burst {
    std::uint32_t ifindex = 0;
    std::span<const std::uint8_t> frame;
    Rotation rotation;
    std::uint32_t count = 1;
};

// Any failure ends the process with a sentence: a benchmark says nothing on such a machine.
class BenchObject {
   public:
    // Tables for so many flows.
    explicit BenchObject(std::uint64_t flows);
    ~BenchObject();
    BenchObject(const BenchObject&) = delete;
    BenchObject& operator=(const BenchObject&) = delete;

    [[nodiscard]] int empty() const;
    [[nodiscard]] int limit(Family family) const;
    [[nodiscard]] int insert(Family family) const;
    [[nodiscard]] int prefix_look_up() const;

    // Nanoseconds per packet of the program, as the kernel times it.
    [[nodiscard]] double time(const ProgramRun& run, std::span<const std::uint8_t> frame) const;
    // The same with the packet varied before each run, which is in the time.
    [[nodiscard]] double time_rotating(const ProgramRun& run, std::span<const std::uint8_t> frame, const Rotation& rotation) const;
    // The flows that the limit looks up, or the prefix, exist from now on.
    void fill_limit(std::span<const std::uint8_t> frame, std::uint64_t flows) const;
    void add_prefix(const Prefix& prefix) const;
    void clear_flows() const;

    // Sends the burst and waits for its delivery to a sink. Nanoseconds per packet by the wall clock. Ends the process when fewer arrive.
    [[nodiscard]] double send(const Burst& burst) const;
    // Packets of which nobody knows how many arrive: the fence tells when all have or never will.
    struct Sent {
        double nanoseconds = 0;  // per packet
        std::uint64_t delivered = 0;
    };
    [[nodiscard]] Sent send_some(const Burst& burst, const test::DeliveryFence& fence) const;
    // The same, none of which may arrive: nanoseconds per packet. Ends the process when one does.
    [[nodiscard]] double send_denied(const Burst& burst, const test::DeliveryFence& fence) const;
    // A sink at the ingress of a device, as long as this lives.
    void attach_sink(std::uint32_t ifindex);

   private:
    void begin(const Rotation& rotation) const;
    void generate(const Burst& burst) const;
    bench_bpf* object_ = nullptr;
    std::vector<UniqueFd> sink_links_;
};

}  // namespace portcullis::bench
