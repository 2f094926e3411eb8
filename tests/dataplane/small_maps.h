// SPDX-License-Identifier: Apache-2.0
// What tests of the loader share: maps of a size that loads in milliseconds, and a bpffs directory of their own.
#pragma once

#include <string>

#include "compiler/lower_bpf.h"

namespace portcullis::test {

[[nodiscard]] MapCapacities small_maps();

// A new directory with a bpffs mounted on it; unmounted, with everything pinned in it, and removed at the end.
class ScratchBpffs {
   public:
    ScratchBpffs();
    ScratchBpffs(const ScratchBpffs&) = delete;
    ScratchBpffs& operator=(const ScratchBpffs&) = delete;
    ~ScratchBpffs();
    // Does not exist yet, on the bpffs.
    [[nodiscard]] std::string directory() const { return mount_point_ + "/portcullis"; }
    [[nodiscard]] const std::string& mount_point() const { return mount_point_; }

   private:
    std::string mount_point_;
};

}  // namespace portcullis::test
