// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/checked_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "core/unique_fd.h"

namespace portcullis {
namespace {

// First line of the file: format, CRC-32 and length of what follows.
std::string header_of(std::string_view content) {
    boost::crc_32_type crc;
    crc.process_bytes(content.data(), content.size());
    std::array<char, 64> line{};
    const int length = std::snprintf(line.data(), line.size(), "portcullis 1 %08x %zu\n", crc.checksum(), content.size());
    return {line.data(), static_cast<std::size_t>(length)};
}

std::string staged(const std::string& path) { return path + ".new"; }

Result<> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno != EINTR) {
            return fail(Error::from_errno("cannot write " + path, errno));
        }
        text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return {};
}

Result<> write_durably(const std::string& path, std::string_view content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.is_open()) {
        return fail(Error::from_errno("cannot write " + path, errno));
    }
    const std::string header = header_of(content);
    for (const std::string_view part : {std::string_view(header), content}) {
        if (Result<> written = write_all(fd.value(), part, path); !written) {
            return written;
        }
    }
    if (::fsync(fd.value()) != 0) {
        return fail(Error::from_errno("cannot write " + path, errno));
    }
    return {};
}

Result<std::string> read_all(int fd, const std::string& path) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count == 0) {
            return text;
        }
        if (count < 0 && errno != EINTR) {
            return fail(Error::from_errno("cannot read " + path, errno));
        }
        text.append(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

}  // namespace

Result<> stage_checked_file(const std::string& path, std::string_view content) {
    Result<> written = write_durably(staged(path), content);
    if (!written) {
        discard_checked_file(path);
    }
    return written;
}

Result<> commit_checked_file(const std::string& path) {
    if (::rename(staged(path).c_str(), path.c_str()) != 0) {
        return fail(Error::from_errno("cannot replace " + path, errno));
    }
    const UniqueFd directory(::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open() || ::fsync(directory.value()) != 0) {
        return fail(Error::from_errno("cannot make " + path + " durable", errno));
    }
    return {};
}

void discard_checked_file(const std::string& path) {
    (void)::unlink(staged(path).c_str());  // what cannot be removed is overwritten by the next one
}

Result<std::optional<std::string>> read_checked_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.is_open()) {
        return errno == ENOENT ? Result<std::optional<std::string>>(std::nullopt) : fail(Error::from_errno("cannot read " + path, errno));
    }
    Result<std::string> text = read_all(fd.value(), path);
    if (!text) {
        return fail(text.error());
    }
    const std::size_t end = text->find('\n');
    const std::size_t header_size = end == std::string::npos ? text->size() : end + 1;
    if (header_of(std::string_view(*text).substr(header_size)) != text->substr(0, header_size)) {
        return fail("cannot read " + path + ": it is damaged (its checksum does not match)");
    }
    text->erase(0, header_size);
    return std::move(*text);
}

}  // namespace portcullis
