// SPDX-License-Identifier: Apache-2.0
// F01 and changes under traffic: a daemon that is killed at any moment, over and over, and one that changes policy over and over.
#include <gtest/gtest.h>
#include <poll.h>

#include <map>
#include <thread>

#include "loader/standing.h"
#include "tests/integration/fault_host.h"
#include "tests/support/prog_run.h"

namespace portcullis::test {
namespace {

using FaultKill = FaultHost;
using FaultSwap = FaultHost;

// Changes of the model without pause, until the daemon is gone.
void change_until_it_dies(const std::string& socket, unsigned from) {
    for (unsigned variant = from;; ++variant) {
        const std::string body = fault_model(variant % 7).dump();
        const Result<ApiAnswer> answer = call_api({.socket = socket, .method = "PUT", .target = "/v1/model", .body = body});
        if (!answer) {
            return;
        }
        EXPECT_EQ(answer->status, 200U) << answer->body;
    }
}

constexpr int kKillsPerVerification = 20;  // a new daemon loads a copy of the programs for the first one, which takes longer than the rest

// A link that was detached and made again is another one.
std::map<std::string, std::uint32_t> links() {
    std::map<std::string, std::uint32_t> ids;
    for (const PinnedLink& link : value_or_end(find_standing(PrivateBpffs::directory()), "find what stands").links) {
        ids[link.path] = pinned_link_id(link.path);
    }
    return ids;
}

TEST_F(FaultKill, AtAnyMomentLetsNothingThroughLosesNothingAndTheNextDaemonGoesOn) {
    const int kills = count(8);
    ASSERT_NO_FATAL_FAILURE(begin());
    const auto attached = links();
    for (int done = 0; done < kills && !HasFailure(); ++done) {
        // One in four dies on its way to being ready.
        if (draw(3) == 0) {
            kill();
            daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
            (void)::poll(nullptr, 0, static_cast<int>(draw(400)));
        } else {
            std::thread changes(change_until_it_dies, directory.path("socket"), draw(6));
            (void)::poll(nullptr, 0, static_cast<int>(draw(250)));
            daemon->signal(SIGKILL);
            changes.join();
        }
        kill();
        ASSERT_NO_FATAL_FAILURE(start());
        if (done % kKillsPerVerification == 0) {
            expect_kernel_equals_model();
        } else {
            expect_same_model_writes_nothing();
        }
        say_progress(done + 1, kills);
    }
    EXPECT_EQ(links(), attached);
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultSwap, UnderTrafficLetsNothingThroughAndLosesNothing) {
    const int swaps = count(50);
    ASSERT_NO_FATAL_FAILURE(begin());
    for (int done = 0; done < swaps && !HasFailure(); ++done) {
        apply(fault_model(static_cast<unsigned>(done) % 7 + 1));
        say_progress(done + 1, swaps);
    }
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
