// SPDX-License-Identifier: Apache-2.0
// Removes everything of ours, from the pins alone: works whether or not a daemon ever ran in this process. The caller makes sure that no
// daemon is running on the directory (two writers), and calls it in the network namespace of the devices.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace portcullis {

struct TeardownReport {
    std::uint32_t links = 0;    // tcx and XDP links detached
    std::uint32_t filters = 0;  // clsact filters removed
    std::uint32_t pins = 0;     // files removed from the directory, links included
};

// Detaches the links that are pinned in `directory`, removes the clsact filters that hold a program pinned there, then every pin whose name
// begins with pc_, then the directories that are empty, and the bpffs mount if it was ours and is empty. Nothing else. A directory that
// does not exist is no error. Stops at the first failure; can be called again.
[[nodiscard]] Result<TeardownReport> teardown(const std::string& directory);

}  // namespace portcullis
