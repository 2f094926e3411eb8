// SPDX-License-Identifier: Apache-2.0
// What every file of attacks has in common: tests that run in every setting of a Battlefield, one battlefield for all of one setting.
#pragma once

#include <gtest/gtest.h>

#include "tests/attacks/battlefield.h"

namespace portcullis::test {

class AttackTest : public testing::TestWithParam<Setting> {
   protected:
    AttackTest() : field(battlefield(GetParam())) {}
    void TearDown() override { field.end(); }
    Battlefield& field;
};

}  // namespace portcullis::test

// Names tests "Everywhere/SUITE.TEST/SETTING", by which ctest runs the settings apart. Macros, since gtest instantiates by one.
#define PORTCULLIS_ATTACK_IN(suite, settings)                                \
    INSTANTIATE_TEST_SUITE_P(Everywhere, suite, testing::ValuesIn(settings), \
                             [](const auto& setting) { return ::portcullis::test::name_of_setting(setting.param); })
#define PORTCULLIS_ATTACK_EVERYWHERE(suite) PORTCULLIS_ATTACK_IN(suite, ::portcullis::test::settings())
#define PORTCULLIS_ATTACK_ON_TAPS(suite) PORTCULLIS_ATTACK_IN(suite, ::portcullis::test::tap_settings())
#define PORTCULLIS_ATTACK_ON_FAST_PATHS(suite) PORTCULLIS_ATTACK_IN(suite, ::portcullis::test::fast_path_settings())
#define PORTCULLIS_ATTACK_ON_NFTABLES(suite) PORTCULLIS_ATTACK_IN(suite, ::portcullis::test::nftables_settings())
