// SPDX-License-Identifier: Apache-2.0
// Reading a set or a table in one piece while others write.
#pragma once

#include <cerrno>
#include <functional>

#include "core/result.h"

namespace portcullis {

// `read` fills `into`, which is emptied before each attempt: EINTR has it read again. What is not there holds nothing.
template <class T>
[[nodiscard]] Result<> read_whole(T& into, const std::function<Result<>()>& read) {
    constexpr int kMostAttempts = 100;
    Result<> done;
    for (int i = 0; i < kMostAttempts; ++i) {
        into = {};
        done = read();
        if (done || done.error().code != EINTR) {
            break;
        }
    }
    return !done && done.error().code == ENOENT ? Result<>() : done;
}

}  // namespace portcullis
