// SPDX-License-Identifier: Apache-2.0
// The one row of pc_host, mapped into memory: the switch is one aligned 32-bit store, which a map update does not promise.
#pragma once

#include <cstdint>

#include "bpf/abi.h"
#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

class HostWord {
   public:
    // Maps the row and, where it is empty, fills it in: generation 0, our ABI version, a random tag seed and answer mark, entries of the
    // flow tables that each port has for itself, the clock: `jiffies` are the kernel's now. One that is filled in stays as it is, but that
    // nothing is cached of devices any more. Pre: it is of our layout.
    [[nodiscard]] static Result<HostWord> open(UniqueFd map, std::uint32_t flow_reserve, std::uint64_t jiffies);
    HostWord(HostWord&& other) noexcept;
    HostWord& operator=(HostWord&& other) noexcept;
    HostWord(const HostWord&) = delete;
    HostWord& operator=(const HostWord&) = delete;
    ~HostWord();

    [[nodiscard]] const pc_host& row() const { return *row_; }
    [[nodiscard]] std::uint32_t generation() const;
    [[nodiscard]] std::uint32_t parity() const { return generation() & 1; }
    // The next generation holds for every program run that begins from now on, and all that was written before is visible to it.
    void advance();
    // What the programs have cached of pc_devices is void for every run that begins from now on: entries were deleted.
    void forget_devices();
    // The fast path may be taken before that tick.
    void lend_fast_path(std::uint32_t until);
    // Entries of the flow tables that ports share beyond their reserves.
    void share_flows(std::uint32_t entries);

   private:
    explicit HostWord(pc_host* row) : row_(row) {}
    pc_host* row_;
};

}  // namespace portcullis
