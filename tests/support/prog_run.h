// SPDX-License-Identifier: Apache-2.0
// Runs a program that is attached to a device on a frame of the test's choice (BPF_PROG_TEST_RUN), and reads and writes the maps it uses.
// Finds both through the kernel, so that what runs is what is attached. Uses the system call alone: the loader is under test too.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/unique_fd.h"
#include "core/verdict.h"

namespace portcullis::test {

// Return values of a TC program that matter here (linux/pkt_cls.h): TC_ACT_UNSPEC, also TCX_NEXT; TC_ACT_SHOT; and TC_ACT_REDIRECT: what
// was denied has become the answer to it (docs/semantics.md 13.5).
inline constexpr std::uint32_t kNext = 0xffffffff;
inline constexpr std::uint32_t kShot = 2;
inline constexpr std::uint32_t kAnswered = 7;

// A map with the raw bytes of its keys and values.
class KernelMap {
   public:
    explicit KernelMap(UniqueFd fd);
    // By its pin, or by the kernel's number of it. Ends the process when there is none.
    [[nodiscard]] static KernelMap pinned(const std::string& path);
    [[nodiscard]] static KernelMap by_id(std::uint32_t id);

    // One row as the kernel gives it: per-CPU maps have one value for each possible CPU, back to back.
    [[nodiscard]] std::optional<std::vector<std::byte>> value_of(std::span<const std::byte> key) const;
    // Rows first … first + count - 1 of an array, one behind the other, in one call of the kernel.
    [[nodiscard]] std::vector<std::byte> rows(std::uint32_t first, std::uint32_t count) const;
    [[nodiscard]] std::vector<std::vector<std::byte>> keys() const;
    void update(std::span<const std::byte> key, std::span<const std::byte> value) const;
    void remove(std::span<const std::byte> key) const;  // ends the process when it is not there
    void clear() const;
    void drain() const;  // of a queue: takes out all
    [[nodiscard]] const bpf_map_info& info() const { return info_; }

   private:
    [[nodiscard]] std::size_t value_bytes() const;  // of one row, as the kernel copies it
    UniqueFd fd_;
    bpf_map_info info_{};
};

// What a test run of a program takes at least: an Ethernet header and, where the ethertype says so, a whole IP header.
[[nodiscard]] bool is_taken_by_test_run(std::span<const std::uint8_t> frame);

// The kernel's number of a pinned link, which no other link gets. Ends the process when there is none.
[[nodiscard]] std::uint32_t pinned_link_id(const std::string& path);

class AttachedProgram {
   public:
    // The first program at the device's tcx hook, else in its clsact filters, whose name starts with "pc_"; none when there is none. The
    // calling thread must be in the device's namespace.
    [[nodiscard]] static std::optional<AttachedProgram> at(std::uint32_t ifindex, Direction direction);

    // The program of a pinned link. Ends the process when there is none.
    [[nodiscard]] static AttachedProgram of_link(const std::string& path);

    // The kernel's number of it, never given out twice, and whether a program of that number is still loaded.
    [[nodiscard]] std::uint32_t id() const;
    [[nodiscard]] static bool exists(std::uint32_t id);

    // Return value of the program for the frame on that device, at least 14 bytes long. `ingress_ifindex` is where it entered the host;
    // 0 is the host itself. The calling thread must be in the device's namespace.
    [[nodiscard]] std::uint32_t run(std::span<const std::uint8_t> frame, std::uint32_t ifindex, std::uint32_t ingress_ifindex) const;
    // The same for a packet with more to it, and what became of that.
    struct Run {
        std::uint32_t ifindex = 0;
        std::uint32_t ingress_ifindex = 0;
        std::uint32_t mark = 0;
        std::uint32_t gso_size = 0;
        std::uint32_t gso_segs = 0;
    };
    struct Outcome {
        std::uint32_t code = 0;
        std::uint32_t mark = 0;
        std::uint32_t gso_segs = 0;
        std::vector<std::uint8_t> frame;
    };
    [[nodiscard]] Outcome outcome_of(std::span<const std::uint8_t> frame, const Run& run) const;
    // The same as `run` of an XDP program (XDP_DROP, XDP_PASS).
    [[nodiscard]] std::uint32_t run_xdp(std::span<const std::uint8_t> frame, std::uint32_t ifindex) const;
    [[nodiscard]] int fd() const { return fd_.value(); }
    // The map of that name among those it uses: ends the process when there is none.
    [[nodiscard]] KernelMap map(std::string_view name) const;

   private:
    explicit AttachedProgram(UniqueFd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] std::uint32_t run_in(std::span<const std::uint8_t> frame, std::span<std::byte> context) const;
    UniqueFd fd_;
};

}  // namespace portcullis::test
