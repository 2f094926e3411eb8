// SPDX-License-Identifier: Apache-2.0
// Waits for the switch to the next generation, on the first CPU, in a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "tests/support/prog_run.h"

namespace portcullis::bench {

// Pre: a PrivateBpffs holds the pins.
class SwitchWatch {
   public:
    SwitchWatch();
    SwitchWatch(const SwitchWatch&) = delete;
    SwitchWatch& operator=(const SwitchWatch&) = delete;
    ~SwitchWatch();

    // From the construction to the switch, which has been made.
    [[nodiscard]] double milliseconds() const;

   private:
    [[nodiscard]] std::uint32_t generation() const;
    void watch();
    test::KernelMap host_;
    std::uint32_t former_;
    std::chrono::steady_clock::time_point begun_;
    std::atomic<std::int64_t> nanoseconds_ = 0;  // 0: not yet
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace portcullis::bench
