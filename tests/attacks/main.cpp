// SPDX-License-Identifier: Apache-2.0
// What nft_otherwise.h leaves out on nftables is left out whatever the filter.
#include <gtest/gtest.h>

#include "tests/attacks/nft_otherwise.h"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const std::string filter = testing::FLAGS_gtest_filter;
    testing::FLAGS_gtest_filter = filter + (filter.find('-') == std::string::npos ? "-" : ":") + portcullis::test::filter_of_left_out();
    return RUN_ALL_TESTS();
}
