// SPDX-License-Identifier: Apache-2.0
// A bpffs of this process alone, at the usual place, in a mount namespace that the calling thread enters for the rest of its life: the
// kernel removes it, and the enforcement that is pinned in it, when the process ends, however it ends.
#pragma once

#include <string>

namespace portcullis::test {

class PrivateBpffs {
   public:
    PrivateBpffs();
    PrivateBpffs(const PrivateBpffs&) = delete;
    PrivateBpffs& operator=(const PrivateBpffs&) = delete;
    ~PrivateBpffs();

    [[nodiscard]] static std::string directory() { return "/sys/fs/bpf/portcullis"; }
};

}  // namespace portcullis::test
