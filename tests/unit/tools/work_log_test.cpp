// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/work_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WorkLogTest : public testing::Test {
   protected:
    // Milliseconds from the beginning.
    static WorkLog::Clock::time_point at(int milliseconds) {
        return WorkLog::Clock::time_point() + std::chrono::milliseconds(milliseconds);
    }

    std::vector<std::string> lines;
    std::vector<std::string> told;
    WorkLog log{[this](const std::string& line) { lines.push_back(line); },
                [this](std::string_view state) {
                    told.emplace_back(state);
                    return true;
                },
                at(0)};
};

TEST_F(WorkLogTest, WorkThatEndsSoonIsNotTold) {
    log.at_work("lowering the policy", 0, 0, at(500));
    log.rest(at(1'000));
    log.at_work("lowering the policy", 0, 0, at(1'500));
    log.rest(at(2'500));
    log.at_work("lowering the policy", 0, 0, at(3'000));
    EXPECT_THAT(lines, IsEmpty());
}

TEST_F(WorkLogTest, WorkThatLastsIsToldEveryTwoSecondsWithHowFarItIs) {
    log.rest(at(1'000));
    log.at_work("compiling the policy", 0, 0, at(3'100));
    for (int device = 0; device < 1'000; ++device) {
        log.at_work("attaching to devices", static_cast<std::size_t>(device), 1'000, at(3'200 + device * 5));
    }
    EXPECT_THAT(lines, ElementsAre("compiling the policy (at work for 2 s)", "attaching to devices, 380 of 1000 (at work for 4 s)",
                                   "attaching to devices, 780 of 1000 (at work for 6 s)"));
    EXPECT_THAT(told, testing::Contains("STATUS=attaching to devices, 780 of 1000 (at work for 6 s)"));
    log.rest(at(9'000));
    EXPECT_EQ(told.back(), "STATUS=");
}

// The loop, which does so otherwise, does not come round.
TEST_F(WorkLogTest, TheWatchdogIsFedOnceASecondFromTheBeginning) {
    for (int call = 0; call < 100; ++call) {
        log.at_work("attaching to devices", 0, 0, at(call * 25));
    }
    EXPECT_EQ(std::ranges::count_if(told, [](const std::string& state) { return state.starts_with("WATCHDOG=1\nEXTEND_TIMEOUT_USEC="); }),
              2);
}

}  // namespace
}  // namespace portcullis
