// SPDX-License-Identifier: Apache-2.0
// Time that passes in nftables' sets, as tests have it pass.
#include "tests/support/nft_elements.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/support/command_output.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class NftElements : public testing::Test {
   protected:
    NftElements() {
        EXPECT_EQ(
            output_of("nft 'add table bridge portcullis;"
                      " add set bridge portcullis flows { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 100s; size 300; };"
                      " add map bridge portcullis data { type ipv4_addr : mark; flags dynamic,timeout; timeout 100s; size 300; };"
                      " add set bridge portcullis claims { type ipv4_addr; flags dynamic; size 9; };"
                      " add element bridge portcullis claims { 192.0.2.8 };"
                      " add set bridge portcullis count-in-passed { type ipv4_addr; flags dynamic; size 9; };"
                      " add element bridge portcullis count-in-passed { 192.0.2.7 };"
                      " add set bridge portcullis listed { type ipv4_addr; }; add element bridge portcullis listed { 192.0.2.9 };"
                      " add element bridge portcullis flows { 192.0.2.1 . 80 expires 20s, 192.0.2.2 . 80 timeout 500s expires 400s };"
                      " add element bridge portcullis data { 192.0.2.1 : 7, 192.0.2.3 expires 5s : 8 }' 2>&1"),
            "");
    }
    static std::string all() { return output_of("nft list table bridge portcullis 2>&1"); }

    NetNamespace namespace_;
    NetNamespace::Entered here_ = namespace_.enter();
};

TEST_F(NftElements, HaveThatMuchLessTimeLeftAndGoAtItsEnd) {
    age_nft_elements(30);
    for (const char* is_left :
         {"192.0.2.2 . 80 timeout 6m", "expires 6m", "192.0.2.1 timeout 1m", "expires 1m", ": 0x00000007", ".7", ".8", ".9"}) {
        EXPECT_THAT(all(), HasSubstr(is_left));
    }
    for (const char* is_gone : {"192.0.2.1 . 80", "192.0.2.3"}) {
        EXPECT_THAT(all(), Not(HasSubstr(is_gone)));
    }
}

TEST_F(NftElements, OfFullSetsGrowOldToo) {
    std::string elements;
    for (unsigned port = 1000; port < 1298; ++port) {
        elements += "192.0.2.1 . " + std::to_string(port) + ",";
    }
    ASSERT_EQ(output_of("nft add element bridge portcullis flows '{" + elements + "}' 2>&1"), "");
    age_nft_elements(60);
    EXPECT_THAT(all(), testing::ContainsRegex("192[.]0[.]2[.]1 [.] 1000 timeout [0-9ms]+ expires 3"));
    EXPECT_THAT(all(), testing::ContainsRegex("192[.]0[.]2[.]1 [.] 1297 timeout [0-9ms]+ expires 3"));
}

TEST_F(NftElements, AreForgottenButForCountsAndWhatIsNoPackets) {
    forget_nft_elements();
    for (const char* is_gone : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.8"}) {
        EXPECT_THAT(all(), Not(HasSubstr(is_gone)));
    }
    for (const char* is_left : {"192.0.2.7", "192.0.2.9"}) {
        EXPECT_THAT(all(), HasSubstr(is_left));
    }
}

TEST(NftElementsWithoutTables, AreNoError) {
    const NetNamespace empty;
    const NetNamespace::Entered here = empty.enter();
    age_nft_elements(1);
    forget_nft_elements();
}

}  // namespace
}  // namespace portcullis::test
