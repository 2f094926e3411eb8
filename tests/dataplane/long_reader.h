// SPDX-License-Identifier: Apache-2.0
// Somebody whose BPF program runs over and over, each time for so long that grace periods of RCU take as long: with it the kernel keeps
// what the program might still read.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

struct long_reader_bpf;

namespace portcullis::test {

// From its construction until it goes. Failure ends the process.
class LongReader {
   public:
    LongReader();
    LongReader(const LongReader&) = delete;
    LongReader& operator=(const LongReader&) = delete;
    ~LongReader();

    // The number of the run that is going on; waits for the next one where none is.
    [[nodiscard]] std::uint64_t current_run() const;
    // Runs that are over.
    [[nodiscard]] std::uint64_t ended() const;

   private:
    void run();
    long_reader_bpf* object_;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace portcullis::test
