// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_unenforced.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(NftUnenforced, AnswersAndEventsAreToldForThePortsThatAskForThem) {
    Ruleset ruleset;
    ruleset.ports.resize(3);
    ruleset.ports[1].on_deny.reject = true;
    ruleset.ports[2].on_deny = {.reject = true, .log = true};
    const std::vector<DeviceBinding> devices{{.ifindex = 4, .kind = DeviceBinding::Kind::Bound, .port = 0},
                                             {.ifindex = 5, .kind = DeviceBinding::Kind::Bound, .port = 1},
                                             {.ifindex = 6, .kind = DeviceBinding::Kind::Bound, .port = 2},
                                             {.ifindex = 7, .kind = DeviceBinding::Kind::Closed, .port = 2}};
    std::vector<std::uint32_t> told;
    for (const Unenforced& one : nft_unenforced(ruleset, devices)) {
        told.push_back(one.ifindex);
    }
    EXPECT_THAT(told, testing::ElementsAre(5, 6, 6));
}

}  // namespace
}  // namespace portcullis
