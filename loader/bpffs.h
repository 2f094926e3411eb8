// SPDX-License-Identifier: Apache-2.0
// The BPF file system below a directory: found, or mounted where there is none. A mount of ours is recognised by its source,
// "portcullis", so that teardown can take away what was put there and nothing else.
#pragma once

#include <string>

#include "core/result.h"
#include "loader/log.h"

namespace portcullis {

// Afterwards `directory` exists on a bpffs, for root alone. Where no bpffs is mounted above it, one is mounted on /sys/fs/bpf for a
// directory below that, else on the directory itself, and `log` is told.
[[nodiscard]] Result<> prepare_bpffs(const std::string& directory, const LogCallback& log);

// Whether the directory exists and is on a bpffs.
[[nodiscard]] bool is_on_bpffs(const std::string& directory);

// Takes away the mount that prepare_bpffs made for `directory`, unless somebody else has put something there since.
void unmount_ours(const std::string& directory);

}  // namespace portcullis
