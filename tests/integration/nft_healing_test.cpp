// SPDX-License-Identifier: Apache-2.0
// What others do to tables that nobody owns, as on kernels before Linux 6.9: a look puts it back, whatever it was, and tells of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/nft_bridge.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class NftHealing : public testing::Test {
   protected:
    NftHealing() {
        permit(model, group_of(0), Direction::Outbound, {.protocol = "-1", .sources = {"0.0.0.0/0"}});
        permit(model, group_of(1), Direction::Inbound, {.protocol = "udp", .from = 53, .to = 53, .sources = {"10.0.1.0/24"}});
        bridge.apply(model);
    }
    [[nodiscard]] static Bytes packet(std::uint16_t port) { return (headers(0, 1) / datagram(40000, port)).bytes(); }
    void expect_enforced() {
        EXPECT_FALSE(bridge.arrives(0, 1, packet(54)));
        EXPECT_TRUE(bridge.arrives(0, 1, packet(53)));
        EXPECT_THAT(bridge.heal().healed, IsEmpty());
    }
    [[nodiscard]] static auto says(const std::string& text) { return Field(&Tampering::what, HasSubstr(text)); }

    NftBridge bridge;
    json model = bare_model(3);
};

TEST_F(NftHealing, AFlushOfEverythingIsHealed) {
    expect_enforced();
    ASSERT_EQ(bridge.run("nft flush ruleset"), "");
    EXPECT_TRUE(bridge.arrives(0, 1, packet(54)));  // nothing is there
    EXPECT_THAT(bridge.heal().healed,
                UnorderedElementsAre(says("the table bridge portcullis was deleted"), says("the table inet portcullis was deleted"),
                                     says("the table netdev portcullis was deleted")));
    expect_enforced();
}

TEST_F(NftHealing, ADeletedTableIsHealed) {
    ASSERT_EQ(bridge.run("nft delete table bridge portcullis"), "");
    EXPECT_TRUE(bridge.arrives(0, 1, packet(54)));
    EXPECT_THAT(bridge.heal().healed, ElementsAre(says("the table bridge portcullis was deleted")));
    expect_enforced();
}

TEST_F(NftHealing, ARuleThatSomebodyAddedIsHealed) {
    ASSERT_EQ(bridge.run("nft insert rule netdev portcullis ingress-" + std::to_string(bridge.host().port_ifindex(0)) + " drop"), "");
    EXPECT_FALSE(bridge.arrives(0, 1, packet(53)));
    EXPECT_THAT(bridge.heal().healed, ElementsAre(says("the table netdev portcullis was changed")));
    expect_enforced();
}

TEST_F(NftHealing, TablesOfOthersStayAndAreNotReported) {
    ASSERT_EQ(bridge.run("nft add table bridge other"), "");
    EXPECT_THAT(bridge.heal().healed, IsEmpty());
    EXPECT_EQ(bridge.run("nft delete table bridge other"), "");  // so it was there
    expect_enforced();
}

}  // namespace
}  // namespace portcullis::test
