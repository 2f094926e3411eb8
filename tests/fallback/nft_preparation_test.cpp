// SPDX-License-Identifier: Apache-2.0
// What a change brings is there before anything leads to it.
#include "fallback/nft_preparation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/lower_nft/nft_words.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_writer.h"
#include "tests/fallback/images.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

// A base chain that leads by the packet's ethertype to a chain, which drops.
NftImage leading_to(const std::string& chain) {
    NftImage image;
    NftSet ways{.name = "ways", .kind = NftSet::Kind::VerdictMap, .key = {NftType::EtherType}};
    ways.elements.push_back({.from = nft_key({nft_u16(0x0800)}), .to = {}, .verdict = nft_goto(chain), .data = {}, .comment = {}});
    NftChain base{.name = "forward", .hook = NftHook{.point = NftHook::Point::Forward, .priority = 0}, .rules = {}};
    base.rules = {nft_rule({nft_verdict_of({nft_meta(NftMeta::Protocol)}, "ways")})};
    image.tables.push_back({.family = NftFamily::Bridge,
                            .name = kTable,
                            .sets = {std::move(ways)},
                            .chains = {std::move(base), {.name = chain, .hook = {}, .rules = {nft_rule({nft_accept()})}}}});
    return image;
}

std::vector<std::string> chains_of(const NftImage& image) {
    std::vector<std::string> names;
    for (const NftChain& chain : image.tables.at(0).chains) {
        names.push_back(chain.name);
    }
    return names;
}

TEST(Preparation, HasTheNewChainBesideTheFormerOneAndNothingThatLeadsToIt) {
    const auto had = shared(leading_to("old"));
    const auto wanted = shared(leading_to("new"));
    const auto prepared = nft_prepared(*had, *wanted);
    ASSERT_TRUE(prepared);
    EXPECT_THAT(chains_of(*prepared), testing::UnorderedElementsAre("forward", "old", "new"));
    EXPECT_EQ(prepared->tables[0].sets, had->tables[0].sets);
}

TEST(Preparation, OfWhatStandsAlreadyOrOfAWholeTableIsNothing) {
    const auto image = shared(whole_image(""));
    EXPECT_EQ(nft_prepared(*image, *image), std::nullopt);
    EXPECT_EQ(nft_prepared({}, *image), std::nullopt);
    EXPECT_EQ(nft_prepared(*image, {}), std::nullopt);
}

// The new chain's rule would name a set that is of another type until the change.
TEST(Preparation, IsNothingWhereASetIsOfAnotherType) {
    const auto had = shared(leading_to("old"));
    NftImage wanted = leading_to("new");
    wanted.tables[0].sets[0].key = {NftType::Word};
    wanted.tables[0].sets[0].elements.clear();
    EXPECT_EQ(nft_prepared(*had, *shared(std::move(wanted))), std::nullopt);
}

class WrittenPreparation : public testing::Test {
   protected:
    NetNamespace host_;
    NetNamespace::Entered here_ = host_.enter();
    NftWriter writer_ = value_or_end(NftWriter::open(kTable, false), "open");
    NftSocket socket_ = value_or_end(NftSocket::open(), "open");
};

TEST_F(WrittenPreparation, IsATransactionOfItsOwn) {
    ASSERT_TRUE(writer_.write(shared(leading_to("old"))));
    const std::uint32_t before = value_or_end(socket_.generation(), "generation");
    EXPECT_EQ(value_or_end(writer_.write(shared(leading_to("new"))), "write"), 6U);  // an element, a chain and its rule: they go, and come
    EXPECT_EQ(value_or_end(socket_.generation(), "generation"), before + 2);
    EXPECT_EQ(*value_or_end(writer_.read_again(), "read"), *shared(leading_to("new")));
}

TEST_F(WrittenPreparation, GoesAgainWhereTheChangeItselfIsRefused) {
    const auto had = shared(leading_to("old"));
    ASSERT_TRUE(writer_.write(had));
    NftImage bad = leading_to("new");
    bad.tables[0].chains[0].rules.push_back(nft_rule({nft_jump("forward")}));  // no jump leads to a base chain
    EXPECT_FALSE(writer_.write(shared(std::move(bad))));
    EXPECT_EQ(*value_or_end(writer_.read_again(), "read"), *had);
}

}  // namespace
}  // namespace portcullis::test
