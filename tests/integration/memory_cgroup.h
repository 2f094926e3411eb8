// SPDX-License-Identifier: Apache-2.0
// A cgroup of the memory controller, version 2 or 1, whichever this kernel has it in.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace portcullis::test {

// Pre: a PrivateBpffs lives, in whose mount namespace the cgroups are mounted for as long as this lives. Processes in it have ended before
// it goes. Failure ends the process.
class MemoryCgroup {
   public:
    // `most`: bytes that its processes take together from when they enter it; the kernel kills who goes beyond. Nothing is swapped out in
    // their stead.
    explicit MemoryCgroup(std::size_t most);
    MemoryCgroup(const MemoryCgroup&) = delete;
    MemoryCgroup& operator=(const MemoryCgroup&) = delete;
    ~MemoryCgroup();

    void take(pid_t process) const;

   private:
    std::string directory_;
};

}  // namespace portcullis::test
