// SPDX-License-Identifier: Apache-2.0
// Room for what the kernel's verifier says about a program that it refuses, and the end of it, which tells what was wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace portcullis {

class VerifierLog {
   public:
    // Enough for the whole story of our largest program; only pages that are written cost memory.
    static constexpr std::uint32_t kBytes = 16U << 20;

    VerifierLog() { text_[0] = '\0'; }
    [[nodiscard]] char* buffer() { return text_.get(); }
    [[nodiscard]] Error added_to(Error error) const {
        std::string_view text(text_.get());
        if (!text.empty()) {
            text.remove_prefix(text.size() > kReported ? text.size() - kReported : 0);
            error.message += "; the verifier's log ends:\n" + std::string(text);
        }
        return error;
    }

   private:
    static constexpr std::size_t kReported = 2048;
    std::unique_ptr<char[]> text_ = std::make_unique_for_overwrite<char[]>(kBytes);
};

}  // namespace portcullis
