// SPDX-License-Identifier: Apache-2.0
#include "loader/pin_sets.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/unique_fd.h"

namespace portcullis {

namespace fs = std::filesystem;

Result<std::vector<std::string>> names_in(const fs::path& directory, std::string_view start) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (name.starts_with(start)) {
            names.push_back(std::move(name));
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(Error::from_errno("cannot list " + directory.string(), error.value()));
    }
    std::ranges::sort(names);
    return names;
}

Result<std::vector<fs::path>> sets_in(const fs::path& directory) {
    auto names = names_in(directory, "next");
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::vector<fs::path> sets = {directory};
    for (const std::string& name : *names) {
        sets.push_back(directory / name);
    }
    return sets;
}

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

Result<std::uint32_t> clear_directory(const fs::path& directory) {
    auto names = names_in(directory, "pc_");
    if (!names) {
        return fail(std::move(names.error()));
    }
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
        if (!cleared) {
            return cleared;
        }
        removed += *cleared;
    }
    (void)::rmdir(set.c_str());  // the main set's directory still holds links/
    return removed;
}

}  // namespace portcullis
