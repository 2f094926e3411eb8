// SPDX-License-Identifier: Apache-2.0
#include "loader/pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>

#include "loader/bpffs.h"
#include "loader/build_stamp.h"
#include "loader/pin_sets.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;

Result<> make_directory(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        return fail(Error::from_errno("cannot make the directory " + path.string(), error.value()));
    }
    return {};
}

Result<> pin_parts(const std::vector<BpfObject::Part>& parts, const fs::path& directory) {
    if (auto made = make_directory(directory); !made) {
        return made;
    }
    for (const BpfObject::Part& part : parts) {
        const fs::path path = directory / part.name;
        if (const int result = ::bpf_obj_pin(part.fd, path.c_str()); result < 0) {
            return fail(Error::from_errno("cannot pin " + path.string(), -result));
        }
    }
    return {};
}

// Those that are not there. Gives their names.
Result<std::vector<std::string>> pin_missing(std::vector<BpfObject::Part> parts, const fs::path& directory) {
    const auto names = names_in(directory, "pc_");
    if (!names) {
        return fail(names.error());
    }
    std::erase_if(parts, [&](const BpfObject::Part& part) { return std::ranges::binary_search(*names, part.name); });
    if (auto pinned = parts.empty() ? Result<>() : pin_parts(parts, directory); !pinned) {
        return fail(std::move(pinned.error()));
    }
    std::vector<std::string> missing;
    for (const BpfObject::Part& part : parts) {
        missing.push_back(directory.filename() / part.name);
    }
    return missing;
}

std::set<std::string> names_of(const std::vector<BpfObject::Part>& parts) {
    std::set<std::string> names;
    for (const BpfObject::Part& part : parts) {
        names.insert(part.name);
    }
    return names;
}

// Moves the pins of one directory but the stamp into another, over what is there, and removes what the other has and the set does not, some
// of whose pins may have been moved before.
Result<> move_over(const fs::path& from, const fs::path& to, const std::set<std::string>& set) {
    auto moving = names_in(from, "pc_");
    if (!moving) {
        return fail(std::move(moving.error()));
    }
    auto former = names_in(to, "pc_");
    if (!former) {
        return fail(std::move(former.error()));
    }
    if (auto made = make_directory(to); !made) {
        return made;
    }
    for (const std::string& name : *moving) {
        if (name != kBuildStamp && ::rename((from / name).c_str(), (to / name).c_str()) != 0) {
            return fail(Error::from_errno("cannot move the pin " + (from / name).string(), errno));
        }
    }
    for (const std::string& name : *former) {
        if (!set.contains(name)) {  // a leftover; teardown finds it again
            (void)::unlink((to / name).c_str());
        }
    }
    return {};
}

}  // namespace

Result<Pins> Pins::open(const std::string& directory, const LogCallback& log) {
    if (auto prepared = prepare_bpffs(directory, log); !prepared) {
        return fail(std::move(prepared.error()));
    }
    Pins pins(directory, log);
    if (auto made = make_directory(pins.links_directory()); !made) {
        return fail(std::move(made.error()));
    }
    return pins;
}

Result<UniqueFd> Pins::lock() const {
    UniqueFd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open()) {
        return fail(Error::from_errno("cannot open " + directory_, errno));
    }
    if (::flock(directory.value(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? fail("another daemon runs with " + directory_, EBUSY)
                                    : fail(Error::from_errno("cannot lock " + directory_, errno));
    }
    return directory;
}

bool Pins::is_locked_by(const UniqueFd& lock) const {
    struct stat there = {};
    struct stat locked = {};
    return ::stat(directory_.c_str(), &there) == 0 && ::fstat(lock.value(), &locked) == 0 && there.st_dev == locked.st_dev &&
           there.st_ino == locked.st_ino;
}

Result<bool> Pins::hold_enforcement() const { return holds_enforcement(directory_); }

Result<bool> holds_enforcement(const std::string& directory) {
    if (!is_on_bpffs(directory)) {
        return false;
    }
    auto links = names_in(fs::path(directory) / "links", "pc_");
    if (!links) {
        return fail(std::move(links.error()));
    }
    auto sets = sets_in(directory);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    if (!links->empty() || sets->size() > 1) {
        return true;
    }
    auto programs = names_in(fs::path(directory) / "progs", "pc_");
    if (!programs) {
        return fail(std::move(programs.error()));
    }
    return !programs->empty();
}

Result<> Pins::pin(const BpfObject& object) {
    auto standing = hold_enforcement();
    if (!standing) {
        return fail(std::move(standing.error()));
    }
    fs::path set = directory_;
    for (unsigned number = 1; *standing && (set == directory_ || fs::exists(set)); ++number) {
        set = fs::path(directory_) / ("next" + std::to_string(number));
    }
    if (!*standing) {
        // Maps without programs are what a daemon left that died while pinning.
        if (auto cleared = clear_directory(set / "maps"); !cleared) {
            return fail(std::move(cleared.error()));
        }
    }
    // Programs last: their pins are what makes a set count.
    auto pinned = pin_parts(object.maps(), set / "maps");
    if (pinned) {
        pinned = pin_parts(object.programs(), set / "progs");
    }
    if (!pinned) {
        (void)remove_set(set);  // the failure that matters is the first
        return pinned;
    }
    own_set_ = set;
    own_maps_ = names_of(object.maps());
    own_programs_ = names_of(object.programs());
    return {};
}

Result<> Pins::remove_idle_sets(const Standing& standing) const {
    std::set<std::uint32_t> in_use;
    for (const PinnedLink& link : standing.links) {
        in_use.insert(link.program_id);
    }
    for (const StandingFilter& filter : standing.filters) {
        in_use.insert(filter.program_id);
    }
    auto sets = sets_in(directory_);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    for (const fs::path& set : *sets) {
        auto programs = programs_of(set);
        if (!programs) {
            return fail(std::move(programs.error()));
        }
        const bool is_idle = std::ranges::none_of(*programs, [&](std::uint32_t id) { return in_use.contains(id); });
        if (auto removed = is_idle && set != directory_ ? remove_set(set) : Result<std::uint32_t>(0); !removed) {
            return fail(std::move(removed.error()));
        }
    }
    return {};
}

Result<> Pins::promote() {
    if (own_set_.empty() || own_set_ == directory_) {
        return {};
    }
    // The stamp vouches for programs, so there is none while they are not all of one build.
    const fs::path from = fs::path(own_set_) / "maps" / kBuildStamp;
    const fs::path stamp = fs::path(directory_) / "maps" / kBuildStamp;
    if (::unlink(stamp.c_str()) != 0 && errno != ENOENT) {
        return fail(Error::from_errno("cannot remove the pin " + stamp.string(), errno));
    }
    auto moved = move_over(fs::path(own_set_) / "maps", fs::path(directory_) / "maps", own_maps_);
    moved = moved ? move_over(fs::path(own_set_) / "progs", fs::path(directory_) / "progs", own_programs_) : moved;
    if (!moved) {
        return moved;
    }
    if (::rename(from.c_str(), stamp.c_str()) != 0) {
        return fail(Error::from_errno("cannot move the pin " + from.string(), errno));
    }
    own_set_ = directory_;
    auto sets = sets_in(directory_);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    for (const fs::path& set : *sets) {
        if (set == directory_) {
            continue;
        }
        if (auto removed = remove_set(set); !removed) {
            return fail(std::move(removed.error()));
        }
    }
    return {};
}

Result<std::vector<std::string>> Pins::pin_again(const BpfObject& object) const {
    if (own_set_ != directory_) {
        return std::vector<std::string>();
    }
    if (!is_on_bpffs(directory_)) {
        if (auto prepared = prepare_bpffs(directory_, log_); !prepared) {
            return fail(std::move(prepared.error()));
        }
    }
    if (auto made = make_directory(links_directory()); !made) {
        return fail(std::move(made.error()));
    }
    auto pinned = pin_missing(object.maps(), fs::path(directory_) / "maps");
    auto programs = pinned ? pin_missing(object.programs(), fs::path(directory_) / "progs") : pinned;
    if (!programs) {
        return programs;
    }
    std::ranges::move(*programs, std::back_inserter(*pinned));
    return pinned;
}

Result<std::uint32_t> remove_pins(const std::string& directory) {
    auto links = clear_directory(fs::path(directory) / "links");
    if (!links) {
        return links;
    }
    auto sets = sets_in(directory);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    std::uint32_t removed = *links;
    // Sets of take-overs first, the main one last: it removes the directory itself.
    std::ranges::reverse(*sets);
    for (const fs::path& set : *sets) {
        auto count = remove_set(set);
        if (!count) {
            return count;
        }
        removed += *count;
    }
    return removed;
}

}  // namespace portcullis
