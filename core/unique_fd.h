// SPDX-License-Identifier: Apache-2.0
// The one owner of a file descriptor: explicit, move-only; closes on destruction.
#pragma once

#include <unistd.h>

#include <utility>

namespace portcullis {

class UniqueFd {
   public:
    UniqueFd() noexcept = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    [[nodiscard]] int value() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept {
        if (const int old = std::exchange(fd_, fd); old >= 0) {
            (void)::close(old);  // nothing can be done about a failed close, and the descriptor is gone either way
        }
    }

   private:
    int fd_ = -1;
};

}  // namespace portcullis
