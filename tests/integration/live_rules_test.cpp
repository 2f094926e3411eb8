// SPDX-License-Identifier: Apache-2.0
// portcullis rules, top: what the kernel counted of real packets.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/integration/live_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LiveRules : public LiveHost {
   protected:
    [[nodiscard]] json rule(const std::string& text) const {
        const json rules = answer({"rules"})["Rules"];
        for (const json& one : rules) {
            if (one["Rule"] == text) {
                return one;
            }
        }
        return {};
    }
    UdpSocket client{host.instance(0), addresses[0], 0};
    UdpSocket server{host.instance(1), addresses[1], kOpen};
};

TEST_P(LiveRules, EachRuleIsListedWithItsOwnerAndHowOftenItDecided) {
    const json before = rule("udp 5353 from sg-1");
    EXPECT_EQ(before["Decisions"], 0) << answer({"rules"});
    converse(client, server, addresses[1], "question");
    const json after = rule("udp 5353 from sg-1");
    EXPECT_EQ(after["OwnerId"], "sg-1");
    EXPECT_EQ(after["Direction"], "inbound");
    EXPECT_EQ(after["Label"], "sg-1 ingress udp 5353 from sg-1");
    EXPECT_GE(after["Decisions"].get<int>(), 1);
    EXPECT_EQ(rule("tcp 5353 from sg-1")["Decisions"], 0);
    EXPECT_GE(rule("all to 0.0.0.0/0")["Decisions"].get<int>(), 1);
    EXPECT_EQ(answer({"rules"})["Truncated"], false);
    const ProgramOutcome text = portcullis({"rules"});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.output, HasSubstr("udp 5353 from sg-1"));
}

TEST_P(LiveRules, TopNamesThePortThatDeniesAndWhy) {
    client.send(addresses[1], kClosed, "denied");
    client.send(addresses[1], kOpen, "behind it");
    ASSERT_TRUE(arrives(server, "behind it"));
    const json top = answer({"top"});
    const auto denied = std::ranges::find_if(top["Drops"], [](const json& drop) {
        return drop["Device"] == "p2" && drop["Reason"] == "security_group" && drop["Direction"] == "inbound";
    });
    ASSERT_NE(denied, top["Drops"].end()) << top;
    EXPECT_GE((*denied)["Packets"].get<int>(), 1);
    EXPECT_THAT(portcullis({"top"}).output, HasSubstr("security_group"));
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LiveRules, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
