// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/percent.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(Percent, WhatIsEncodedIsDecodedToTheSameBytes) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
    EXPECT_EQ(percent_encoded("10.0.0.0/8 &"), "10.0.0.0%2F8%20%26");
}

TEST(Percent, SignWithoutTwoDigitsIsRefused) {
    for (const char* text : {"%", "%4", "a%zz", "%4g"}) {
        EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
    }
    EXPECT_EQ(percent_decoded("%2f"), "/");
}

}  // namespace
}  // namespace portcullis
