// SPDX-License-Identifier: Apache-2.0
// F19: clocks that jump, while the probes run. Flows are judged by the kernel's own clock alone: neither the wall clock nor the clocks of a
// time namespace that the daemon is in are asked about them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "core/unique_fd.h"
#include "tests/integration/failing_daemon.h"
#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

// Every process that the calling thread begins from now on has clocks that are that far from the host's.
void shift_clocks(std::chrono::seconds by) {
    if (::unshare(CLONE_NEWTIME) != 0) {
        end_test_run("make a time namespace");
    }
    const std::string thread = "/proc/" + std::to_string(::gettid());  // /proc/self would be the process's first one
    const UniqueFd offsets(::open((thread + "/timens_offsets").c_str(), O_WRONLY | O_CLOEXEC));
    const std::string seconds = std::to_string(by.count());
    const std::string text = "monotonic " + seconds + " 0\nboottime " + seconds + " 0\n";
    if (::write(offsets.value(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        end_test_run("set the clocks of a time namespace");
    }
}

class FaultClock : public FaultHost {
   protected:
    // Streams and connections of the probes are flows, of which none has been still for an hour.
    void expect_flows_are_young() const {
        const ProgramOutcome outcome = run_portcullis(directory, {"--json", "flows", "--proto", "tcp"});
        ASSERT_EQ(outcome.status, 0) << outcome.output;
        const json flows = outcome.json()["Flows"];
        EXPECT_FALSE(flows.empty());
        for (const json& flow : flows) {
            EXPECT_LT(flow["IdleSeconds"], 3600U) << flow;
        }
    }
    void start_with_clocks_shifted(std::chrono::seconds by) {
        std::thread elsewhere([&] {
            shift_clocks(by);
            start();
        });
        elsewhere.join();
    }
};

TEST_F(FaultClock, OfATimeNamespaceThatTheDaemonIsInIsNotTheOneThatFlowsAreJudgedBy) {
    constexpr std::chrono::hours kMonth(30 * 24);
    ASSERT_NO_FATAL_FAILURE(begin());
    for (const std::chrono::seconds by : {std::chrono::seconds(kMonth), std::chrono::seconds(-60)}) {
        kill();
        ASSERT_NO_FATAL_FAILURE(start_with_clocks_shifted(by));
        expect_flows_are_young();
        expect_same_model_writes_nothing();
    }
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultClock, OfTheWallDecidesNothingThoughItJumpsWithEveryLook) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    {
        const LoadedBeforeLibc loaded(PORTCULLIS_JUMPING_CLOCK);
        start();
    }
    ASSERT_FALSE(HasFatalFailure());
    const std::string body = fault_model(1).dump();
    const Result<ApiAnswer> changed =
        call_api({.socket = directory.path("socket"), .method = "PUT", .target = "/v1/model?ConfirmWithin=3600", .body = body});
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->status, 200U) << changed->body;
    end_probes();
    EXPECT_TRUE(status()["Model"]["Unconfirmed"].is_object()) << status();
    EXPECT_EQ(run_portcullis(directory, {"confirm"}).status, 0);
    expect_flows_are_young();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
