// SPDX-License-Identifier: Apache-2.0
// Where attacks end otherwise on nftables, by the lines of docs/nftables.md: the one place that says so. A wrong pass is never among it.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/verdict.h"
#include "tests/support/packet.h"

namespace portcullis::test {

// Some frames of a test are dropped by the first port that they meet, for a reason that is not the test's: a line under "Stricter".
struct NftDrop {
    unsigned line = 0;
    std::string_view test;
    Reason reason = PC_REASON_passed;
};

// A test that is left out: another of nftables_test.cpp asserts what happens instead.
struct NftLeftOut {
    std::string_view line;  // "Stricter 8"
    std::string_view test;
    std::string_view instead;
};
[[nodiscard]] std::span<const NftLeftOut> nft_left_out();
// As a part of a filter of gtest.
[[nodiscard]] std::string filter_of_left_out();

// The drops of the test that runs.
class NftDrops {
   public:
    // Whether the frame may be dropped for that reason: it is listed, and of what the line says.
    [[nodiscard]] bool allows(Direction direction, const Bytes& frame, Reason reason);
    // Each that is listed was met. At the end of every test on nftables.
    void expect_all_met();

   private:
    std::set<const NftDrop*> met_;
};

}  // namespace portcullis::test
