// SPDX-License-Identifier: Apache-2.0
#include "loader/pins.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>

#include "loader/bpffs.h"
#include "loader/clsact.h"
#include "loader/tcx.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;
constexpr std::array<const char*, 2> kKindsOfSet = {"maps", "progs"};

// Names in a directory that begin with `start`, sorted; none where there is no such directory.
Result<std::vector<std::string>> names_in(const fs::path& directory, std::string_view start) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (name.starts_with(start)) names.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(Error::from_errno("cannot list " + directory.string(), error.value()));
    }
    std::ranges::sort(names);
    return names;
}

// The directory itself and the sets of take-overs that stand in it.
Result<std::vector<fs::path>> sets_in(const std::string& directory) {
    auto names = names_in(directory, "next");
    if (!names) return fail(std::move(names.error()));
    std::vector<fs::path> sets = {directory};
    for (const std::string& name : *names) sets.push_back(fs::path(directory) / name);
    return sets;
}

Result<> make_directory(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail(Error::from_errno("cannot make the directory " + path.string(), error.value()));
    return {};
}

Result<> pin_parts(const std::vector<BpfObject::Part>& parts, const fs::path& directory) {
    if (auto made = make_directory(directory); !made) return made;
    for (const BpfObject::Part& part : parts) {
        const fs::path path = directory / part.name;
        if (const int result = ::bpf_obj_pin(part.fd, path.c_str()); result < 0) {
            return fail(Error::from_errno("cannot pin " + path.string(), -result));
        }
    }
    return {};
}

// Removes what begins with pc_, and the directory when it is empty then.
Result<std::uint32_t> clear_directory(const fs::path& directory) {
    auto names = names_in(directory, "pc_");
    if (!names) return fail(std::move(names.error()));
    for (const std::string& name : *names) {
        const fs::path path = directory / name;
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
            return fail(Error::from_errno("cannot remove the pin " + path.string(), errno));
        }
    }
    (void)::rmdir(directory.c_str());  // not empty: what is left is not ours
    return static_cast<std::uint32_t>(names->size());
}

Result<std::uint32_t> remove_set(const fs::path& set) {
    std::uint32_t removed = 0;
    for (const char* kind : kKindsOfSet) {
        auto cleared = clear_directory(set / kind);
        if (!cleared) return cleared;
        removed += *cleared;
    }
    (void)::rmdir(set.c_str());  // the main set's directory still holds links/
    return removed;
}

// Moves every pin of one directory into another, over what is there, and removes what only the other had.
Result<> move_over(const fs::path& from, const fs::path& to) {
    auto moving = names_in(from, "pc_");
    if (!moving) return fail(std::move(moving.error()));
    auto former = names_in(to, "pc_");
    if (!former) return fail(std::move(former.error()));
    if (auto made = make_directory(to); !made) return made;
    for (const std::string& name : *moving) {
        if (::rename((from / name).c_str(), (to / name).c_str()) != 0) {
            return fail(Error::from_errno("cannot move the pin " + (from / name).string(), errno));
        }
    }
    for (const std::string& name : *former) {
        if (!std::ranges::binary_search(*moving, name)) (void)::unlink((to / name).c_str());  // a leftover; teardown finds it again
    }
    return {};
}

// Numbers of the programs that are pinned in one set.
Result<std::set<std::uint32_t>> programs_of(const fs::path& set) {
    auto names = names_in(set / "progs", "pc_");
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::set<std::uint32_t> ids;
    for (const std::string& name : *names) {
        const UniqueFd fd(::bpf_obj_get((set / "progs" / name).c_str()));
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        if (fd.is_open() && ::bpf_obj_get_info_by_fd(fd.value(), &info, &bytes) == 0) {
            ids.insert(info.id);
        }
    }
    return ids;
}

Result<std::set<std::uint32_t>> pinned_programs(const std::string& directory) {
    auto sets = sets_in(directory);
    if (!sets) {
        return fail(std::move(sets.error()));
    }
    std::set<std::uint32_t> all;
    for (const fs::path& set : *sets) {
        auto ids = programs_of(set);
        if (!ids) {
            return ids;
        }
        all.merge(*ids);
    }
    return all;
}

Result<std::vector<PinnedLink>> pinned_links(const fs::path& directory) {
    auto names = names_in(directory, "pc_");
    if (!names) return fail(std::move(names.error()));
    std::vector<PinnedLink> links;
    for (const std::string& name : *names) {
        const std::string path = directory / name;
        const UniqueFd fd(::bpf_obj_get(path.c_str()));
        if (!fd.is_open()) return fail(Error::from_errno("cannot open the pin " + path, -fd.value()));
        if (auto link = tcx_link(fd.value())) links.push_back({.path = path, .hook = link->hook, .program_id = link->program_id});
    }
    return links;
}

Result<std::vector<StandingFilter>> filters_with(const std::set<std::uint32_t>& programs) {
    std::vector<StandingFilter> found;
    if (programs.empty()) return found;
    const std::unique_ptr<struct if_nameindex[], void (*)(struct if_nameindex*)> devices(::if_nameindex(), ::if_freenameindex);
    if (!devices) return fail(Error::from_errno("cannot list the network devices", errno));
    for (std::size_t index = 0; devices[index].if_index != 0; ++index) {
        for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
            const Hook hook{.ifindex = devices[index].if_index, .direction = direction};
            auto program = clsact_program(hook);
            if (!program) return fail(std::move(program.error()));
            if (*program && programs.contains(**program)) found.push_back({.hook = hook, .program_id = **program});
        }
    }
    return found;
}

}  // namespace

Result<Pins> Pins::open(const std::string& directory, const LogCallback& log) {
    if (auto prepared = prepare_bpffs(directory, log); !prepared) return fail(std::move(prepared.error()));
    Pins pins(directory);
    if (auto made = make_directory(pins.links_directory()); !made) return fail(std::move(made.error()));
    return pins;
}

Result<bool> Pins::hold_enforcement() const {
    auto links = names_in(links_directory(), "pc_");
    if (!links) return fail(std::move(links.error()));
    auto sets = sets_in(directory_);
    if (!sets) return fail(std::move(sets.error()));
    if (!links->empty() || sets->size() > 1) return true;
    auto programs = names_in(fs::path(directory_) / "progs", "pc_");
    if (!programs) return fail(std::move(programs.error()));
    return !programs->empty();
}

Result<> Pins::pin(const BpfObject& object) {
    auto standing = hold_enforcement();
    if (!standing) return fail(std::move(standing.error()));
    fs::path set = directory_;
    for (unsigned number = 1; *standing && (set == directory_ || fs::exists(set)); ++number) {
        set = fs::path(directory_) / ("next" + std::to_string(number));
    }
    if (!*standing) {
        // Maps without programs are what a daemon left that died while pinning.
        if (auto cleared = clear_directory(set / "maps"); !cleared) return fail(std::move(cleared.error()));
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
    if (own_set_.empty() || own_set_ == directory_) return {};
    for (const char* kind : kKindsOfSet) {
        if (auto moved = move_over(fs::path(own_set_) / kind, fs::path(directory_) / kind); !moved) return moved;
    }
    own_set_ = directory_;
    auto sets = sets_in(directory_);
    if (!sets) return fail(std::move(sets.error()));
    for (const fs::path& set : *sets) {
        if (set == directory_) continue;
        if (auto removed = remove_set(set); !removed) return fail(std::move(removed.error()));
    }
    return {};
}

bool Standing::has(const Hook& hook) const {
    return std::ranges::any_of(filters, [&](const StandingFilter& filter) { return filter.hook == hook; }) ||
           std::ranges::any_of(links, [&](const PinnedLink& link) { return link.hook == hook; });
}

Result<Standing> find_standing(const std::string& directory) {
    auto links = pinned_links(fs::path(directory) / "links");
    if (!links) return fail(std::move(links.error()));
    auto programs = pinned_programs(directory);
    if (!programs) return fail(std::move(programs.error()));
    auto filters = filters_with(*programs);
    if (!filters) return fail(std::move(filters.error()));
    return Standing{.links = std::move(*links), .filters = std::move(*filters)};
}

Result<> release_link(const PinnedLink& link) {
    const UniqueFd fd(::bpf_obj_get(link.path.c_str()));
    if (!fd.is_open()) {
        return fail(Error::from_errno("cannot open the pin " + link.path, -fd.value()));
    }
    if (auto detached = tcx_detach(fd.value()); !detached) {
        return detached;
    }
    if (::unlink(link.path.c_str()) != 0) {
        return fail(Error::from_errno("cannot remove the pin " + link.path, errno));
    }
    return {};
}

Result<std::uint32_t> remove_pins(const std::string& directory) {
    auto links = clear_directory(fs::path(directory) / "links");
    if (!links) return links;
    auto sets = sets_in(directory);
    if (!sets) return fail(std::move(sets.error()));
    std::uint32_t removed = *links;
    // Sets of take-overs first, the main one last: it removes the directory itself.
    for (auto set = sets->rbegin(); set != sets->rend(); ++set) {
        auto count = remove_set(*set);
        if (!count) return count;
        removed += *count;
    }
    return removed;
}

}  // namespace portcullis
