// SPDX-License-Identifier: Apache-2.0
// Changes under traffic with the nftables back end: while one takes effect, packets are on their way through rules and sets.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace portcullis::test
