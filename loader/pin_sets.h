// SPDX-License-Identifier: Apache-2.0
// The files below a bpffs directory: sets of maps/ and progs/, in the directory itself or in next1/, next2/ … of daemons that were taking
// over (loader/pins.h). Internal to pins.cpp, standing.cpp and xdp_link.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace portcullis {

inline constexpr std::array<const char*, 2> kKindsOfSet = {"maps", "progs"};

// Names in a directory that begin with `start`, sorted; none where there is no such directory.
[[nodiscard]] Result<std::vector<std::string>> names_in(const std::filesystem::path& directory, std::string_view start);
// The directory itself and the sets of take-overs that stand in it.
[[nodiscard]] Result<std::vector<std::filesystem::path>> sets_in(const std::filesystem::path& directory);
// Numbers of the programs that are pinned in a set.
[[nodiscard]] Result<std::set<std::uint32_t>> programs_of(const std::filesystem::path& set);
// Removes what begins with pc_, and the directory when it is empty then. Gives the number of pins removed.
[[nodiscard]] Result<std::uint32_t> clear_directory(const std::filesystem::path& directory);
[[nodiscard]] Result<std::uint32_t> remove_set(const std::filesystem::path& set);

}  // namespace portcullis
