// SPDX-License-Identifier: Apache-2.0
// A client of a unix socket that keeps to no rule.
#pragma once

#include <string>
#include <string_view>

#include "core/unique_fd.h"

namespace portcullis::test {

class RawClient {
   public:
    // Ends the test run where nobody listens at `path`.
    explicit RawClient(const std::string& path);
    // What the other side does not take any more is lost.
    void send(std::string_view text) const;
    // Says no more; the other side sees the end.
    void finish() const;
    // All that comes until the other side closes.
    [[nodiscard]] std::string receive() const;
    // The same; false where the other side says nothing for thirty seconds and does not close either.
    [[nodiscard]] bool receive(std::string& text) const;

   private:
    UniqueFd fd_;
};

}  // namespace portcullis::test
