// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_extent.h"

#include "tests/conformance/workers.h"

namespace portcullis::test {

FuzzExtent chosen_extent(const char* count_variable, std::uint64_t usual) {
    const std::uint64_t seconds = setting("PORTCULLIS_FUZZ_SECONDS", 0);
    FuzzExtent extent{.count = setting(count_variable, usual), .end = {}};
    if (seconds != 0) {
        extent.end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    }
    return extent;
}

}  // namespace portcullis::test
