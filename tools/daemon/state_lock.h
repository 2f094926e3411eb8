// SPDX-License-Identifier: Apache-2.0
// One daemon per state directory: a lock that the kernel drops when its holder dies, however it dies. `portcullis teardown` takes it too.
#pragma once

#include <string>

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

class StateLock {
   public:
    // Fails with one sentence when another process holds it. Pre: the directory exists.
    [[nodiscard]] static Result<StateLock> acquire(const std::string& directory);

   private:
    explicit StateLock(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace portcullis
