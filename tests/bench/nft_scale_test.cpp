// SPDX-License-Identifier: Apache-2.0
// B6 in small: the large model, both renderings of it, and that they say the same of the packets that B6 sends.
#include "tests/bench/nft_scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/delivery_fence.h"
#include "tests/support/raw_socket.h"

namespace portcullis::bench {
namespace {

constexpr Scale kSmall{.ports = 20, .rules = 1'200};
constexpr std::size_t kFrom = 9, kTo = 10;
constexpr unsigned kPairs = 2;  // that a frame crosses

class NftScaleInSmall : public testing::Test {
   protected:
    [[nodiscard]] bool arrives(std::uint16_t destination_port) const {
        const test::Bytes frame = scale_frame(kFrom, kTo, destination_port, test::kSyn);
        receiver_.drain();
        fence_.run([&] { sender_.send(frame); }, kPairs);
        return receiver_.receive() == frame;
    }

    NftScale scale_{kSmall};
    test::RawSocket sender_{scale_.host().far(), ScaleHost::far_device(kFrom)};
    test::RawSocket receiver_{scale_.host().far(), ScaleHost::far_device(kTo)};
    test::DeliveryFence fence_{scale_.host().host()};
};

TEST_F(NftScaleInSmall, TheModelHasAsManyRulesAsWanted) {
    std::size_t rules = 0;
    for (const SecurityGroup& group : make_scale_model(kSmall).security_groups) {
        rules += group.rules[0].size() + group.rules[1].size();
    }
    EXPECT_EQ(rules, kSmall.rules);
}

TEST_F(NftScaleInSmall, BothRenderingsPassAndDenyTheSame) {
    EXPECT_TRUE(arrives(kScaleDenied)) << "nothing is enforced yet";
    (void)scale_.enforce();  // for its effect
    EXPECT_TRUE(arrives(kScaleAllowed));
    EXPECT_FALSE(arrives(kScaleDenied));
    EXPECT_EQ(scale_.dropped(kFrom, Direction::Outbound), 1U);
    scale_.lift();
    EXPECT_TRUE(arrives(kScaleDenied));
    (void)scale_.enforce_linear();  // likewise
    EXPECT_TRUE(arrives(kScaleAllowed));
    EXPECT_FALSE(arrives(kScaleDenied));
}

TEST_F(NftScaleInSmall, ApplyingAgainWritesNothingAndAMemberLittle) {
    const ScaleCost cost = scale_.enforce();
    EXPECT_GT(cost.first_writes, 0U);
    EXPECT_EQ(cost.second_writes, 0U);
    EXPECT_GT(cost.member_writes, 0U);
    EXPECT_LT(cost.member_writes, cost.first_writes / 10);
}

}  // namespace
}  // namespace portcullis::bench
