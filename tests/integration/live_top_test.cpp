// SPDX-License-Identifier: Apache-2.0
// portcullis top --follow: goes on until it is interrupted, and tells what happened meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/integration/live_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

class LiveTop : public LiveHost {};

TEST_P(LiveTop, FollowsWithAnObjectToALineUntilItIsInterrupted) {
    FollowedProgram top(directory, {"--json", "top", "--follow"});
    EXPECT_EQ(json::parse(top.next_line())["Drops"], json::array());
    const UdpSocket client{host.instance(0), addresses[0], 0};
    client.send(addresses[1], kClosed, "forbidden");
    // The instances' own stacks may have been denied something before: neighbour discovery.
    const auto is_the_denial = [](const json& drop) { return drop["Reason"] == "security_group" && drop["Device"] == "p2"; };
    json drops = json::array();
    while (std::ranges::none_of(drops, is_the_denial)) {
        drops = json::parse(top.next_line())["Drops"];
    }
    top.signal(SIGINT);
    EXPECT_EQ(top.wait(), 0);
}

TEST_P(LiveTop, EndsWithFourWhenTheDaemonHasGone) {
    FollowedProgram top(directory, {"--json", "top", "--follow"});
    (void)top.next_line();
    daemon->signal(SIGTERM);
    EXPECT_EQ(daemon->wait(), 0);
    EXPECT_EQ(top.wait(), 4);
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LiveTop, testing::Values("bpf"), back_end_name);

}  // namespace
}  // namespace portcullis::test
