// SPDX-License-Identifier: Apache-2.0
// Images come into the kernel, are read back as they were, and are changed by as little as differs.
#include "fallback/nft_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "compiler/lower_nft/nft_words.h"
#include "tests/fallback/images.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;

class Writer : public testing::Test {
   protected:
    Writer() { host_.ip("link add br0 type bridge\nlink add p1 type veth peer name i1\nlink set p1 master br0"); }

    [[nodiscard]] NftWriter open(bool owns_tables = false) const { return value_or_end(NftWriter::open(kTable, owns_tables), "open"); }
    static std::size_t write(NftWriter& writer, const NftImage& image) { return value_or_end(writer.write(shared(image)), "write"); }
    // By another process, as it were.
    static NftImage read() {
        NftSocket socket = value_or_end(NftSocket::open(), "open");
        return value_or_end(read_back(socket, kTable), "read back").image;
    }

    NetNamespace host_;
    NetNamespace::Entered here_ = host_.enter();
};

TEST_F(Writer, HasEverythingReadBackAsItWas) {
    NftWriter writer = open();
    const auto image = shared(whole_image("p1"));
    ASSERT_GT(value_or_end(writer.write(image), "write"), 0U);
    const NftImage found = read();
    ASSERT_EQ(found.tables.size(), image->tables.size());
    for (std::size_t i = 0; i < found.tables.size(); ++i) {
        ASSERT_EQ(found.tables[i].sets.size(), image->tables[i].sets.size());
        for (std::size_t j = 0; j < found.tables[i].sets.size(); ++j) {
            EXPECT_TRUE(found.tables[i].sets[j] == image->tables[i].sets[j]) << found.tables[i].sets[j].name;
        }
        ASSERT_EQ(found.tables[i].chains.size(), image->tables[i].chains.size());
        for (std::size_t j = 0; j < found.tables[i].chains.size(); ++j) {
            const NftChain& chain = found.tables[i].chains[j];
            EXPECT_TRUE(chain.hook == image->tables[i].chains[j].hook) << chain.name;
            ASSERT_EQ(chain.rules.size(), image->tables[i].chains[j].rules.size()) << chain.name;
            for (std::size_t k = 0; k < chain.rules.size(); ++k) {
                EXPECT_TRUE(chain.rules[k] == image->tables[i].chains[j].rules[k]) << chain.name << " " << k;
            }
        }
    }
}

TEST_F(Writer, WritesNothingTheSecondTime) {
    NftWriter writer = open();
    ASSERT_GT(write(writer, whole_image("p1")), 0U);
    EXPECT_EQ(write(writer, whole_image("p1")), 0U);
    NftWriter next = open();
    EXPECT_EQ(write(next, whole_image("p1")), 0U);
}

TEST_F(Writer, AddsAMemberByOneElement) {
    NftWriter writer = open();
    (void)write(writer, members_image(3));
    EXPECT_EQ(write(writer, members_image(4)), 1U);
    EXPECT_EQ(read(), *shared(members_image(4)));
    EXPECT_EQ(write(writer, members_image(2)), 2U);
    EXPECT_EQ(read(), *shared(members_image(2)));
}

TEST_F(Writer, ChangesEveryKindOfObjectIntoAnother) {
    NftWriter writer = open();
    (void)write(writer, whole_image("p1"));
    (void)write(writer, members_image(3));
    EXPECT_EQ(read(), *shared(members_image(3)));
    (void)write(writer, whole_image("p1"));
    EXPECT_EQ(read(), *shared(whole_image("p1")));
    (void)write(writer, {});
    EXPECT_EQ(read(), NftImage{});
}

TEST_F(Writer, GivesASetOfTheSameNameAnotherShape) {
    NftWriter writer = open();
    NftImage image = members_image(3);
    (void)write(writer, image);
    image.tables[0].sets[0].is_interval = true;
    (void)write(writer, image);
    EXPECT_EQ(read(), *shared(image));
}

TEST_F(Writer, LeavesAllAsItWasWhenTheKernelRefusesAPart) {
    NftWriter writer = open();
    (void)write(writer, members_image(3));
    NftImage image = whole_image("p1");
    for (NftChain& chain : image.tables[0].chains) {
        if (chain.name == "leaf") {
            chain.rules.push_back(nft_rule({nft_jump("forward")}));  // no jump leads to a base chain
        }
    }
    const auto refused = writer.write(shared(image));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("nf_tables cannot add rule 2 of bridge portcullis-test leaf: "));
    EXPECT_EQ(read(), *shared(members_image(3)));
    EXPECT_EQ(write(writer, members_image(4)), 1U);
}

TEST_F(Writer, PutsBackWhatAnotherChanged) {
    NftWriter writer = open();
    (void)write(writer, members_image(3));
    EXPECT_FALSE(value_or_end(writer.may_have_drifted(), "look"));
    NftWriter other = open();
    NftImage image = members_image(5);
    image.tables[0].chains[0].rules.clear();
    (void)write(other, image);
    EXPECT_TRUE(value_or_end(writer.may_have_drifted(), "look"));
    (void)write(writer, members_image(3));
    EXPECT_EQ(read(), *shared(members_image(3)));
    (void)write(other, {});
    (void)write(writer, members_image(3));
    EXPECT_EQ(read(), *shared(members_image(3)));
}

TEST_F(Writer, LeavesOutTheBaseChainOfADeviceThatIsNotThere) {
    NftWriter writer = open();
    host_.ip("link del p1");
    (void)write(writer, whole_image("p1"));
    host_.ip("link add p1 type veth peer name i1");
    (void)write(writer, whole_image("p1"));
    EXPECT_EQ(read(), *shared(whole_image("p1")));
}

TEST_F(Writer, WritesTheBaseChainAnewThatWentWithItsDevice) {
    NftWriter writer = open();
    (void)write(writer, whole_image("p1"));
    host_.ip("link del p1");
    host_.ip("link add p1 type veth peer name i1");
    (void)write(writer, whole_image("p1"));
    EXPECT_EQ(read(), *shared(whole_image("p1")));
}

TEST_F(Writer, LeavesOtherTablesAlone) {
    NftWriter others = value_or_end(NftWriter::open("other", false), "open");
    NftImage image = members_image(2);
    image.tables[0].name = "other";
    (void)write(others, image);
    NftWriter writer = open();
    (void)write(writer, whole_image("p1"));
    (void)write(writer, {});
    EXPECT_EQ(write(others, image), 0U);
}

TEST_F(Writer, KeepsOthersFromItsTablesWhileItLives) {
    {
        NftWriter writer = open(true);
        (void)write(writer, members_image(3));
        NftWriter other = open();
        const auto refused = other.write(shared(members_image(2)));
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("belongs to another process"));
        EXPECT_EQ(write(writer, members_image(4)), 1U);
    }
    EXPECT_EQ(read(), *shared(members_image(4)));
    NftWriter next = open(true);
    EXPECT_EQ(write(next, members_image(4)), 1U);  // the owner
    NftWriter other = open();
    EXPECT_FALSE(other.write(shared(members_image(2))));
}

}  // namespace
}  // namespace portcullis::test
