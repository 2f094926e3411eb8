// SPDX-License-Identifier: Apache-2.0
// portcullis verify: what somebody else changed in the kernel is named.
#include <gmock/gmock.h>

#include "tests/integration/live_host.h"
#include "tests/support/command_output.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;

class LiveVerify : public LiveHost {};

TEST_P(LiveVerify, FindsNothingWhereTheKernelHoldsWhatWasApplied) {
    const ProgramOutcome outcome = portcullis({"verify"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    UdpSocket client{host.instance(0), addresses[0], 0};
    UdpSocket server{host.instance(1), addresses[1], kOpen};
    converse(client, server, addresses[1], "flows are no difference");
    EXPECT_EQ(portcullis({"quarantine", "p3"}).status, 0);
    EXPECT_EQ(answer({"verify"})["Differences"], nlohmann::json::array());
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LiveVerify, testing::Values("bpf", "nftables"), back_end_name);

}  // namespace
}  // namespace portcullis::test
