// SPDX-License-Identifier: Apache-2.0
// What a former daemon left, found by the pins of a bpffs directory: maps, to be adopted with all that they hold, policy, flows and
// counters; and the programs over them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/standing.h"

namespace portcullis {

using PinnedByName = std::map<std::string, UniqueFd, std::less<>>;

struct StandingSet {
    PinnedByName maps;
    PinnedByName programs;
};

// The pins of the one set whose maps all programs use which are pinned with it or stand at a hook, of this layout (PC_ABI_VERSION). None:
// there is no such set, since nothing stands, or of an older layout, or a change from one set to another was interrupted half way. Fails
// where what stands has a newer layout: nothing is known about it, and nothing must be done to it.
[[nodiscard]] Result<std::optional<StandingSet>> find_standing_set(const std::string& directory, const Standing& standing);

}  // namespace portcullis
