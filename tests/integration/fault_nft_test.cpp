// SPDX-License-Identifier: Apache-2.0
// Changes under traffic with the nftables back end: while one takes effect, packets are on their way through rules and sets; F30: the
// kernel's answers to changes are lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/failing_daemon.h"
#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using FaultNftSwap = FaultHost;

TEST_F(FaultNftSwap, UnderTrafficLetsNothingThroughAndLosesNothing) {
    const int swaps = count(20);
    ASSERT_NO_FATAL_FAILURE(begin({"--backend", "nftables"}));
    for (int done = 0; done < swaps && !HasFailure(); ++done) {
        apply(fault_model(static_cast<unsigned>(done) % 7 + 1));
        say_progress(done + 1, swaps);
    }
    end_probes();
    expect_kernel_equals_model();
}

class FaultNftAnswers : public FaultHost {
   protected:
    FailingCalls failing{directory};
};

TEST_F(FaultNftAnswers, ThatAreLostLeaveOnePolicyWholeAndTheNextChangeGoesOn) {
    const int changes = count(5);
    {
        const LoadedBeforeLibc loaded(PORTCULLIS_FAILING_CALLS);
        begin({"--backend", "nftables"});
    }
    ASSERT_FALSE(HasFatalFailure());
    for (int done = 0; done < changes && !HasFailure(); ++done) {
        const nlohmann::json model = fault_model(static_cast<unsigned>(done) % 7 + 1);
        failing.lose_an_answer();
        const Result<ApiAnswer> answer = put_model(model);
        ASSERT_TRUE(answer);
        EXPECT_TRUE(failing.has_lost_it());
        EXPECT_EQ(answer->status, 500U);
        EXPECT_THAT(answer->body, testing::HasSubstr("nf_tables did not answer a transaction"));
        // The daemon looks at the tables again, and writes what the former model says.
        EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"verify"}).status == 0; })) << daemon->log();
        apply(model);
        say_progress(done + 1, changes);
    }
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
