// SPDX-License-Identifier: Apache-2.0
#include "loader/bpffs.h"

#include <linux/magic.h>
#include <mntent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace portcullis {
namespace {

constexpr const char* kUsualMount = "/sys/fs/bpf";
constexpr const char* kSource = "portcullis";

// Where a bpffs for the directory is mounted if there is none: the kernel's own place cannot hold directories until it is mounted on.
std::string mount_point_for(const std::string& directory) {
    return directory.starts_with(std::string(kUsualMount) + "/") ? kUsualMount : directory;
}

Result<> make_directories(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) {
        return {};
    }
    if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
        if (auto parent = make_directories(path.parent_path()); !parent) {
            return parent;
        }
        if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) {
            return {};
        }
    }
    return fail(Error::from_errno("cannot make the directory " + path.string(), errno));
}

std::filesystem::path nearest_existing(std::filesystem::path path) {
    std::error_code ignored;  // what cannot be looked at does not exist for us
    while (!std::filesystem::exists(path, ignored) && path.has_parent_path() && path.parent_path() != path) {
        path = path.parent_path();
    }
    return path;
}

bool is_our_mount(const std::string& mount_point) {
    const std::unique_ptr<FILE, int (*)(FILE*)> mounts(::setmntent("/proc/self/mounts", "re"), ::endmntent);
    if (!mounts) {
        return false;
    }
    mntent entry{};
    std::vector<char> text(4096);
    bool is_ours = false;
    // The last mount on a point is the one that is seen.
    while (::getmntent_r(mounts.get(), &entry, text.data(), static_cast<int>(text.size())) != nullptr) {
        if (mount_point == entry.mnt_dir) {
            is_ours = std::string_view(entry.mnt_type) == "bpf" && std::string_view(entry.mnt_fsname) == kSource;
        }
    }
    return is_ours;
}

// Whether nobody has put anything there: names with a dot are the kernel's own (maps.debug), which no pin can have.
bool is_unused(const std::string& mount_point) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(mount_point, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().filename().string().find('.') == std::string::npos) {
            return false;
        }
    }
    return !error;
}

}  // namespace

bool is_on_bpffs(const std::string& directory) {
    struct statfs status {};
    return ::statfs(directory.c_str(), &status) == 0 && status.f_type == BPF_FS_MAGIC;
}

Result<> prepare_bpffs(const std::string& directory, const LogCallback& log) {
    if (!std::filesystem::path(directory).is_absolute()) {
        return fail("the bpffs directory " + directory + " is not an absolute path");
    }
    if (is_on_bpffs(nearest_existing(directory).string())) {
        return make_directories(directory);
    }
    const std::string mount_point = mount_point_for(directory);
    if (mount_point != kUsualMount) {
        if (auto made = make_directories(mount_point); !made) {
            return made;
        }
    }
    if (::mount(kSource, mount_point.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
        return fail(Error::from_errno("cannot mount a bpffs on " + mount_point, errno));
    }
    if (log) {
        log(LogLevel::Info, "no bpffs was mounted above " + directory + ": mounted one on " + mount_point);
    }
    return make_directories(directory);
}

void unmount_ours(const std::string& directory) {
    const std::string mount_point = mount_point_for(directory);
    if (!is_our_mount(mount_point) || !is_unused(mount_point)) {
        return;
    }
    (void)::umount2(mount_point.c_str(), UMOUNT_NOFOLLOW);  // busy: somebody stands in it, and an empty mount harms nobody
}

}  // namespace portcullis
