// SPDX-License-Identifier: Apache-2.0
// Which object file the programs of a set were loaded from: a map beside theirs with one number in it. The kernel keeps no such thing, its
// tag of a program is known only once that has been loaded, and two builds of one version would have the same number of it.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

inline constexpr const char* kBuildStamp = "pc_build";

// `object_file`: the bytes of the ELF file, and whatever else tells its programs from others.
[[nodiscard]] Result<UniqueFd> make_build_stamp(std::string_view object_file);
// Whether `map` is a stamp of that. Of two that differ it would say so once in 2^64 times, by chance; nobody but root writes it.
[[nodiscard]] bool is_stamp_of(int map, std::string_view object_file);

}  // namespace portcullis
