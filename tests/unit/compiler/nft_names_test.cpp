// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_names.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(NftNames, HoldPlainIds) { EXPECT_EQ(nft_name("group4", {"vpc-1", "sg-0a1b"}), "group4.vpc-1.sg-0a1b"); }

TEST(NftNames, DifferWhereIdsDo) {
    EXPECT_NE(nft_name("group4", {"a", "b.c"}), nft_name("group4", {"a.b", "c"}));
    EXPECT_NE(nft_name("group4", {"x", "y z"}), nft_name("group4", {"x", "y_z"}));
    EXPECT_NE(nft_name("group4", {std::string(300, 'a')}), nft_name("group4", {std::string(301, 'a')}));
}

TEST(NftNames, HaveOnlyCharactersOfNft) {
    for (const std::string id : {"", "ä", "a b", "a\"b", "a/b", "..", "x\n"}) {
        const std::string name = nft_name("s", {id});
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_"), std::string::npos) << name;
        EXPECT_LT(nft_name("s", {std::string(1000, 'a'), std::string(1000, 'b')}).size(), 100u);
    }
}

TEST(NftNames, CommentsHoldLabelsOrTellThemApart) {
    EXPECT_EQ(nft_rule_comment("sg-1 ingress tcp 22 from 10.0.0.0/8"), "rule sg-1 ingress tcp 22 from 10.0.0.0/8");
    const std::string head(200, 'a');
    EXPECT_NE(nft_rule_comment(head + "1"), nft_rule_comment(head + "2"));
    EXPECT_LE(nft_rule_comment(head).size(), 127u);
    EXPECT_NE(nft_rule_comment("a\nb"), nft_rule_comment("a\tb"));
}

}  // namespace
}  // namespace portcullis
