// SPDX-License-Identifier: Apache-2.0
// F32: grace periods of RCU that take long, while the probes run.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/dataplane/long_reader.h"
#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using FaultGracePeriod = FaultHost;

// A run that goes on when a change is made may have begun before the switch: so may a packet's. No reply comes before its end.
TEST_F(FaultGracePeriod, ThatTakesLongEndsBeforeTheReplyAndChangesWaitInTurn) {
    ASSERT_NO_FATAL_FAILURE(begin());
    {
        const LongReader reader;
        const int changes = count(5);
        for (int done = 0; done < changes && !HasFailure(); ++done) {
            const std::uint64_t run = reader.current_run();
            apply(fault_model(static_cast<unsigned>(done) % 7 + 1));
            EXPECT_GE(reader.ended(), run) << "the reply came while a program ran that may have seen the former policy";
            say_progress(done + 1, changes);
        }
        std::vector<std::thread> clients;
        for (unsigned variant = 1; variant <= 4; ++variant) {
            clients.emplace_back([this, variant] { apply(fault_model(variant)); });
        }
        for (std::thread& client : clients) {
            client.join();
        }
        EXPECT_EQ(state_of("p1"), "enforced");
    }
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
