// SPDX-License-Identifier: Apache-2.0
#include "loader/standing_set.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "bpf/abi.h"
#include "loader/pin_sets.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;

Result<bpf_map_info> map_info(int fd) {
    bpf_map_info info{};
    std::uint32_t bytes = sizeof(info);
    if (const int result = ::bpf_obj_get_info_by_fd(fd, &info, &bytes); result < 0) {
        return fail(Error::from_errno("cannot ask the kernel about a map", -result));
    }
    return info;
}

// Of maps/ or progs/ of a set.
Result<PinnedByName> pinned_in(const fs::path& directory) {
    auto names = names_in(directory, "pc_");
    if (!names) {
        return fail(std::move(names.error()));
    }
    PinnedByName pinned;
    for (const std::string& name : *names) {
        UniqueFd fd(::bpf_obj_get((directory / name).c_str()));
        if (!fd.is_open()) {
            return fail(Error::from_errno("cannot open the pin " + (directory / name).string(), -fd.value()));
        }
        pinned.emplace(name, std::move(fd));
    }
    return pinned;
}

// PC_ABI_VERSION of the set; 0: it has no pc_host.
Result<std::uint32_t> version_of(const PinnedByName& maps) {
    const auto host = maps.find("pc_host");
    if (host == maps.end()) {
        return 0U;
    }
    const auto info = map_info(host->second.value());
    if (!info) {
        return fail(info.error());
    }
    std::uint32_t version = 0;
    constexpr std::size_t kEnd = offsetof(pc_host, abi_version) + sizeof(version);
    std::vector<std::byte> row(std::max<std::size_t>(info->value_size, kEnd));
    const std::uint32_t number = 0;
    if (const int result = ::bpf_map_lookup_elem(host->second.value(), &number, row.data()); result < 0) {
        return fail(Error::from_errno("cannot read pc_host", -result));
    }
    std::memcpy(&version, row.data() + offsetof(pc_host, abi_version), sizeof(version));
    return version;
}

// Numbers of the maps of ours that the program uses; none where it is gone.
Result<std::vector<std::uint32_t>> maps_used_by(std::uint32_t program_id) {
    std::vector<std::uint32_t> ids;
    const UniqueFd program(::bpf_prog_get_fd_by_id(program_id));
    if (!program.is_open()) {
        return program.value() == -ENOENT ? Result<std::vector<std::uint32_t>>(ids)
                                          : fail(Error::from_errno("cannot open program " + std::to_string(program_id), -program.value()));
    }
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    int result = ::bpf_obj_get_info_by_fd(program.value(), &info, &bytes);
    ids.resize(info.nr_map_ids);
    info = {.nr_map_ids = static_cast<std::uint32_t>(ids.size()), .map_ids = reinterpret_cast<std::uintptr_t>(ids.data())};
    result = result < 0 ? result : ::bpf_obj_get_info_by_fd(program.value(), &info, &bytes);
    if (result < 0) {
        return fail(Error::from_errno("cannot ask the kernel about program " + std::to_string(program_id), -result));
    }
    std::erase_if(ids, [](std::uint32_t id) {
        const UniqueFd map(::bpf_map_get_fd_by_id(id));
        const auto known = map.is_open() ? map_info(map.value()) : Result<bpf_map_info>(bpf_map_info{});
        return known && !std::string_view(known->name).starts_with("pc_");
    });
    return ids;
}

Result<bool> serves_all(const PinnedByName& maps, const std::set<std::uint32_t>& programs) {
    std::set<std::uint32_t> pinned;
    for (const auto& [name, fd] : maps) {
        const auto info = map_info(fd.value());
        if (!info) {
            return fail(info.error());
        }
        pinned.insert(info->id);
    }
    for (const std::uint32_t program : programs) {
        const auto used = maps_used_by(program);
        if (!used) {
            return fail(used.error());
        }
        if (!std::ranges::all_of(*used, [&](std::uint32_t id) { return pinned.contains(id); })) {
            return false;
        }
    }
    return true;
}

std::set<std::uint32_t> programs_at_hooks(const Standing& standing) {
    std::set<std::uint32_t> ids;
    for (const PinnedLink& link : standing.links) {
        ids.insert(link.program_id);
    }
    for (const StandingFilter& filter : standing.filters) {
        ids.insert(filter.program_id);
    }
    return ids;
}

Error newer_layout(std::uint32_t version) {
    return {"what enforces here has layout " + std::to_string(version) + ", which a later version made; this one knows " +
            std::to_string(PC_ABI_VERSION) + " and leaves it as it is"};
}

}  // namespace

Result<std::optional<StandingSet>> find_standing_set(const std::string& directory, const Standing& standing) {
    const std::set<std::uint32_t> at_hooks = programs_at_hooks(standing);
    const auto sets = sets_in(directory);
    if (!sets) {
        return fail(sets.error());
    }
    std::optional<StandingSet> found;
    for (const fs::path& set : *sets) {
        auto maps = pinned_in(set / "maps");
        auto programs = programs_of(set);
        const auto version = maps ? version_of(*maps) : Result<std::uint32_t>(0U);
        if (!maps || !programs || !version) {
            return fail(!maps ? maps.error() : !programs ? programs.error() : version.error());
        }
        const bool is_in_use =
            set == directory || std::ranges::any_of(*programs, [&](std::uint32_t program) { return at_hooks.contains(program); });
        if (*version > PC_ABI_VERSION && is_in_use) {
            return fail(newer_layout(*version));
        }
        programs->insert(at_hooks.begin(), at_hooks.end());
        const auto is_whole = found || *version != PC_ABI_VERSION ? Result<bool>(false) : serves_all(*maps, *programs);
        if (!is_whole) {
            return fail(is_whole.error());
        }
        if (*is_whole) {
            auto pinned = pinned_in(set / "progs");
            if (!pinned) {
                return fail(std::move(pinned.error()));
            }
            found = StandingSet{.maps = std::move(*maps), .programs = std::move(*pinned)};
        }
    }
    return found;
}

}  // namespace portcullis
