// SPDX-License-Identifier: Apache-2.0
// The names under which our maps, programs and links outlive the process: files named pc_… in maps/, progs/ and links/ of the bpffs
// directory. While a new daemon takes over from a former one, its maps and programs stand in a set of their own (next1/, next2/ …) and
// move into place when everything has been replaced; links are replaced in place and never move. docs/kernel-state.md, "Pins".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/bpf_object.h"
#include "loader/log.h"
#include "loader/standing.h"

namespace portcullis {

class Pins {
   public:
    // Makes the directory, and mounts a bpffs where none is.
    [[nodiscard]] static Result<Pins> open(const std::string& directory, const LogCallback& log);

    [[nodiscard]] std::string links_directory() const { return directory_ + "/links"; }
    [[nodiscard]] const std::string& directory() const { return directory_; }
    // For as long as the descriptor is open, nobody else gets it: one daemon writes to a directory. It goes with the process.
    [[nodiscard]] Result<UniqueFd> lock() const;
    // Whether it is the lock of the directory that is there now: somebody may have removed the one that was locked.
    [[nodiscard]] bool is_locked_by(const UniqueFd& lock) const;
    // Whether a former daemon's programs or links are pinned here.
    [[nodiscard]] Result<bool> hold_enforcement() const;
    // Pins maps and programs: in place, or beside a former daemon's.
    [[nodiscard]] Result<> pin(const BpfObject& object);
    // Pins anew what somebody removed of what `pin` pinned and `promote` moved into place, on a bpffs mounted anew where that is gone.
    // Gives the names, "maps/pc_host". None while a former daemon's set is in place.
    [[nodiscard]] Result<std::vector<std::string>> pin_again(const BpfObject& object) const;
    // Removes the sets of daemons that died before they had taken over: those of whose programs none is at a hook.
    [[nodiscard]] Result<> remove_idle_sets(const Standing& standing) const;
    // Moves what `pin` pinned into place over the former daemon's, whose other sets are removed. Pre: no hook holds a former program.
    [[nodiscard]] Result<> promote();

   private:
    Pins(std::string directory, LogCallback log) : directory_(std::move(directory)), log_(std::move(log)) {}
    std::string directory_;
    LogCallback log_;
    std::string own_set_;  // where `pin` pinned; empty before
    std::set<std::string> own_maps_;
    std::set<std::string> own_programs_;
};

// Pins::hold_enforcement, asked without bpf(2) and without making anything: false where there is no such directory on a bpffs.
[[nodiscard]] Result<bool> holds_enforcement(const std::string& directory);

// Removes every pin whose name begins with pc_, then the directories that are empty. Gives the number of pins removed.
[[nodiscard]] Result<std::uint32_t> remove_pins(const std::string& directory);

}  // namespace portcullis
