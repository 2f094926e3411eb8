// SPDX-License-Identifier: Apache-2.0
// Flows end while packets make others go.
#include "fallback/nft_flow_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_readback.h"
#include "tests/fallback/images.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

constexpr std::uint32_t kFlows = 5'000;  // several pieces
constexpr std::uint32_t kUnmarked = 1, kMarked = 2;

class FlowEnds : public testing::Test {
   protected:
    FlowEnds() {
        NftImage image = members_image(1);
        NftSet flows{.name = "flows", .kind = NftSet::Kind::DataMap, .key = {NftType::Word}};
        flows.is_dynamic = true;
        flows.has_timeout = true;
        image.tables[0].sets.push_back(flows);
        image_ = shared(std::move(image));
        (void)value_or_end(writer_.write(image_), "write");
        set_ = find_set(image_->tables[0], "flows");
    }

    [[nodiscard]] NftFamily family() const { return image_->tables[0].family; }
    static NftElement flow(std::uint32_t number, std::uint32_t word) {
        NftElement element;
        element.from = nft_key({nft_u32(number)});
        element.data = nft_u32(word);
        element.timeout_ms = 3'600'000;
        return element;
    }
    // Packets left all of them but every `missing`th, which is gone since it was read.
    void leave_flows(std::uint32_t missing) {
        NftElementChange change{.family = family(), .set = set_, .gone = {}, .fresh = {}};
        for (std::uint32_t number = 0; number < kFlows; ++number) {
            if (number % missing != 0) {
                change.fresh.push_back(flow(number, kUnmarked));
            }
        }
        ASSERT_TRUE(value_or_end(writer_.change_elements({change}), "leave flows"));
    }
    [[nodiscard]] std::vector<NftEnding> endings(bool marks) const {
        std::vector<NftEnding> all;
        for (std::uint32_t number = 0; number < kFlows; ++number) {
            all.push_back({.set = set_, .gone = flow(number, kUnmarked), .fresh = {}});
            if (marks) {
                all.back().fresh = flow(number, kMarked);
            }
        }
        return all;
    }
    [[nodiscard]] std::vector<NftElement> standing() {
        return value_or_end(read_elements(writer_.socket(), {.family = family(), .name = kTable}, *set_), "read");
    }

    NetNamespace host_;
    NetNamespace::Entered here_ = host_.enter();
    NftWriter writer_ = value_or_end(NftWriter::open(kTable, false), "open");
    std::shared_ptr<const NftImage> image_;
    const NftSet* set_ = nullptr;
};

TEST_F(FlowEnds, AFlowThatIsGoneKeepsNoOtherFromEnding) {
    constexpr std::uint32_t kMissing = 700;
    leave_flows(kMissing);
    ASSERT_FALSE(standing().empty());
    const std::size_t count = value_or_end(end_in_pieces(writer_, family(), endings(false)), "end");
    EXPECT_EQ(count, kFlows - (kFlows + kMissing - 1) / kMissing);
    EXPECT_TRUE(standing().empty());
}

TEST_F(FlowEnds, AFlowThatIsGoneIsNotMadeByMarkingTheOthers) {
    constexpr std::uint32_t kMissing = 700;
    leave_flows(kMissing);
    (void)value_or_end(end_in_pieces(writer_, family(), endings(true)), "mark");
    std::set<NftBytes> words;
    for (const NftElement& element : standing()) {
        words.insert(element.data);
    }
    EXPECT_EQ(standing().size(), kFlows - (kFlows + kMissing - 1) / kMissing);
    EXPECT_THAT(words, testing::ElementsAre(nft_u32(kMarked)));
}

}  // namespace
}  // namespace portcullis::test
