// SPDX-License-Identifier: Apache-2.0
// F19: clocks that jump, while the probes run. Flows are judged by the kernel's own clock alone: neither the wall clock nor the clocks of a
// time namespace that the daemon is in are asked about them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bpf/abi.h"
#include "core/unique_fd.h"
#include "tests/integration/failing_daemon.h"
#include "tests/integration/fault_host.h"
#include "tests/support/prog_run.h"

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

constexpr std::int32_t kLeaseTicks = (std::chrono::nanoseconds(std::chrono::seconds(3)).count() >> PC_TICK_SHIFT) + 1;

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
    void start_with_clocks_shifted(std::chrono::seconds by, const std::vector<std::string>& more) {
        std::thread elsewhere([&] {
            shift_clocks(by);
            start(more);
        });
        elsewhere.join();
    }
    [[nodiscard]] static pc_host host_row() {
        const std::uint32_t zero = 0;
        const auto bytes = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_host").value_of(std::as_bytes(std::span(&zero, 1)));
        pc_host row{};
        std::memcpy(&row, bytes.value().data(), sizeof(row));
        return row;
    }
    // How long the fast path may still be taken, in ticks of the programs; this process has the host's clock, as they have.
    [[nodiscard]] static std::int32_t lent_ticks() {
        const pc_host row = host_row();
        timespec now{};
        (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        const std::chrono::nanoseconds time = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
        const auto ticks = static_cast<std::uint32_t>(static_cast<std::uint64_t>(time.count()) >> PC_TICK_SHIFT) + row.clock_offset;
        return static_cast<std::int32_t>(row.fast_path_until - ticks);
    }
};

TEST_F(FaultClock, OfATimeNamespaceThatTheDaemonIsInIsNotTheOneThatFlowsAreJudgedBy) {
    constexpr std::chrono::hours kMonth(30 * 24);
    ASSERT_NO_FATAL_FAILURE(begin({"--fast-path", "port"}));
    for (const std::chrono::seconds by : {std::chrono::seconds(kMonth), std::chrono::seconds(-60)}) {
        kill();
        ASSERT_NO_FATAL_FAILURE(start_with_clocks_shifted(by, {"--fast-path", "port"}));
        expect_flows_are_young();
        EXPECT_TRUE(wait_until([] { return lent_ticks() > 0; })) << "the fast path is not lent";
        EXPECT_LE(lent_ticks(), kLeaseTicks);
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
