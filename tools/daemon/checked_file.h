// SPDX-License-Identifier: Apache-2.0
// A file that is whole or an error: replaced atomically, and read back only with the checksum it was written with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace portcullis {

// Writes `content` beside `path`, durably; commit_checked_file then puts it in place, which needs no space. Mode 0600.
[[nodiscard]] Result<> stage_checked_file(const std::string& path, std::string_view content);
[[nodiscard]] Result<> commit_checked_file(const std::string& path);
void discard_checked_file(const std::string& path);
// None where there is no such file.
[[nodiscard]] Result<std::optional<std::string>> read_checked_file(const std::string& path);

}  // namespace portcullis
