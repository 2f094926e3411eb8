// SPDX-License-Identifier: Apache-2.0
// Collects what is to be said about the documents while they are read, merged and checked: all of it, not the first alone.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model.h"

namespace portcullis {

class Findings {
   public:
    void error(Position position, std::string message);
    // Between two: what stands at `other` may be the one to change.
    void error(Position position, std::string message, Position other);
    void warn(Position position, std::string message);
    void add(Finding finding);
    [[nodiscard]] bool has_errors() const { return has_errors_; }
    [[nodiscard]] std::vector<Finding> take() && { return std::move(findings_); }

   private:
    std::vector<Finding> findings_;
    bool has_errors_ = false;
};

// Text of the documents for a message: in quotes, and cut when it is long. Valid UTF-8 stays valid.
[[nodiscard]] std::string quoted(std::string_view text);

// "FILE: POINTER", for messages that point at a second place.
[[nodiscard]] std::string place(const Position& position);

}  // namespace portcullis
