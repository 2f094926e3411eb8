// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_probe.h"

#include <gtest/gtest.h>

#include "fallback/nft_readback.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

TEST(NftProbe, FindsAllThatIsNeededAndLeavesNothing) {
    const NetNamespace host;
    const NetNamespace::Entered here = host.enter();
    for (const NftCapability& capability : probe_nft()) {
        EXPECT_TRUE(capability.is_present) << capability.name << ": " << capability.reason;
    }
    EXPECT_TRUE(check_usable(probe_nft()));
    NftSocket socket = value_or_end(NftSocket::open(), "open");
    EXPECT_TRUE(value_or_end(find_tables(socket, "portcullis-probe"), "look").empty());
}

TEST(NftProbe, NamesTheFirstThatIsNeededAndMissing) {
    const auto checked = check_usable({{.name = "this", .is_present = true, .is_needed = true, .reason = {}},
                                       {.name = "that", .is_present = false, .is_needed = false, .reason = "old"},
                                       {.name = "it", .is_present = false, .is_needed = true, .reason = "older"}});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message, "nf_tables has no it: older");
}

}  // namespace
}  // namespace portcullis::test
