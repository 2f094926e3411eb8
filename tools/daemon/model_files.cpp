// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/unique_fd.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds(const timespec& time) { return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

FileStamp stamp_of(const std::string& path, const struct stat& info) {
    return {.path = path,
            .inode = info.st_ino,
            .size_bytes = static_cast<std::uint64_t>(info.st_size),
            .modified_ns = nanoseconds(info.st_mtim),
            .changed_ns = nanoseconds(info.st_ctim)};
}

Result<FileStamp> stamp_file(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        return fail(Error::from_errno("cannot read " + path, errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail("cannot read " + path + ": it is not a regular file");
    }
    return stamp_of(path, info);
}

bool is_model_file(const fs::path& path) { return path.extension() == ".json" && path.filename().native().front() != '.'; }

// Pre: the stamp's file was regular a moment ago; O_NONBLOCK keeps a FIFO that took its place from stopping us.
Result<std::string> read_file(const FileStamp& stamp) {
    const UniqueFd fd(::open(stamp.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!fd.is_open() || ::fstat(fd.value(), &info) != 0) {
        return fail(Error::from_errno("cannot read " + stamp.path, errno));
    }
    std::string text(stamp.size_bytes, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t count = ::read(fd.value(), text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail(Error::from_errno("cannot read " + stamp.path, errno));
        }
        if (count == 0) {
            break;
        }
        filled += static_cast<std::size_t>(count);
    }
    if (filled != text.size() || stamp_of(stamp.path, info) != stamp) {
        return fail("cannot read " + stamp.path + ": it changed while it was read");
    }
    return text;
}

}  // namespace

Result<ModelStamp> stamp_model(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        const Result<FileStamp> stamp = stamp_file(path);
        return stamp ? Result<ModelStamp>(ModelStamp{*stamp}) : fail(stamp.error());
    }
    ModelStamp stamps;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (!is_model_file(entry->path())) {
            continue;
        }
        Result<FileStamp> stamp = stamp_file(entry->path().native());
        if (!stamp) {
            return fail(stamp.error());
        }
        stamps.push_back(std::move(*stamp));
    }
    if (error) {
        return fail(Error::from_errno("cannot read " + path, error.value()));
    }
    if (stamps.empty()) {
        return fail("cannot read " + path + ": the directory holds no *.json file");
    }
    std::ranges::sort(stamps, {}, &FileStamp::path);
    return stamps;
}

Result<std::vector<Document>> read_model(const std::string& path) {
    const Result<ModelStamp> before = stamp_model(path);
    if (!before) {
        return fail(before.error());
    }
    std::uint64_t total = 0;
    std::vector<Document> documents;
    for (const FileStamp& stamp : *before) {
        total += stamp.size_bytes;
        if (total > kMaxModelBytes) {
            return fail("cannot read " + path + ": the model is larger than " + std::to_string(kMaxModelBytes) + " bytes");
        }
        Result<std::string> text = read_file(stamp);
        if (!text) {
            return fail(text.error());
        }
        documents.push_back({.name = fs::path(stamp.path).filename().native(), .text = std::move(*text)});
    }
    const Result<ModelStamp> after = stamp_model(path);
    if (!after || *after != *before) {
        return fail("cannot read " + path + ": it changed while it was read");
    }
    return documents;
}

}  // namespace portcullis
