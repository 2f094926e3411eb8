// SPDX-License-Identifier: Apache-2.0
// For verbs that go on until they are interrupted.
#pragma once

#include <chrono>

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

// While one lives, SIGINT and SIGTERM end the waiting and not the program: what is being printed is printed to its end.
class Interruption {
   public:
    [[nodiscard]] static Result<Interruption> expect();
    // True: it came, at once or within that time.
    [[nodiscard]] bool comes_within(std::chrono::milliseconds time) const;

   private:
    explicit Interruption(UniqueFd signals) : signals_(std::move(signals)) {}
    UniqueFd signals_;
};

}  // namespace portcullis
