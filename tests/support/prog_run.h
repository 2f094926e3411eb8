// SPDX-License-Identifier: Apache-2.0
// Runs a program that is attached to a device on a frame of the test's choice (BPF_PROG_TEST_RUN), and reads and writes the maps it uses.
// Finds both through the kernel, so that what runs is what is attached. Uses the system call alone: the loader is under test too.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/unique_fd.h"
#include "core/verdict.h"

namespace portcullis::test {

// Return values of a TC program that matter here (linux/pkt_cls.h): TC_ACT_UNSPEC, also TCX_NEXT, and TC_ACT_SHOT.
inline constexpr std::uint32_t kNext = 0xffffffff;
inline constexpr std::uint32_t kShot = 2;

// A map with the raw bytes of its keys and values.
class KernelMap {
   public:
    explicit KernelMap(UniqueFd fd);

    // One row as the kernel gives it: per-CPU maps have one value for each possible CPU, back to back.
    [[nodiscard]] std::optional<std::vector<std::byte>> value_of(std::span<const std::byte> key) const;
    [[nodiscard]] std::vector<std::vector<std::byte>> keys() const;
    void update(std::span<const std::byte> key, std::span<const std::byte> value) const;
    void clear() const;
    [[nodiscard]] const bpf_map_info& info() const { return info_; }

   private:
    UniqueFd fd_;
    bpf_map_info info_{};
};

class AttachedProgram {
   public:
    // The first program at the device's tcx hook whose name starts with "pc_"; none when there is none. The calling thread must be in the
    // device's namespace.
    [[nodiscard]] static std::optional<AttachedProgram> at(std::uint32_t ifindex, Direction direction);

    // The kernel's number of it, never given out twice, and whether a program of that number is still loaded.
    [[nodiscard]] std::uint32_t id() const;
    [[nodiscard]] static bool exists(std::uint32_t id);

    // Return value of the program for the frame on that device, at least 14 bytes long. `ingress_ifindex` is where it entered the host;
    // 0 is the host itself. The calling thread must be in the device's namespace.
    [[nodiscard]] std::uint32_t run(std::span<const std::uint8_t> frame, std::uint32_t ifindex, std::uint32_t ingress_ifindex) const;
    [[nodiscard]] int fd() const { return fd_.value(); }
    // The map of that name among those it uses: ends the process when there is none.
    [[nodiscard]] KernelMap map(std::string_view name) const;

   private:
    explicit AttachedProgram(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace portcullis::test
