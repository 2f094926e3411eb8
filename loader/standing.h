// SPDX-License-Identifier: Apache-2.0
// What of ours stands in the kernel, judged from the pins of a bpffs directory alone: no process of ours need be running.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "loader/hook.h"

namespace portcullis {

struct PinnedLink {
    std::string path;
    Hook hook;  // ifindex 0: its device is gone
    std::uint32_t program_id = 0;
};
struct StandingFilter {
    Hook hook;
    std::uint32_t program_id = 0;
};
struct Standing {
    std::vector<PinnedLink> links;        // tcx; of whatever network namespace
    std::vector<StandingFilter> filters;  // clsact, in the calling thread's namespace; those that hold a pinned program
};
// Whether the hook of that number in the calling thread's namespace holds one of them: a link may be of a device that has left it, and
// whose number another one has.
[[nodiscard]] Result<bool> is_held(const Standing& standing, const Hook& hook);

[[nodiscard]] Result<Standing> find_standing(const std::string& directory);

// Takes the link's program off its hook and removes the pin.
[[nodiscard]] Result<> release_link(const PinnedLink& link);

}  // namespace portcullis
