// SPDX-License-Identifier: Apache-2.0
// F05, F06, F07: a kernel that refuses single calls in the middle of a change, one that refuses a program, and one that lacks what BPF may
// need, while the probes run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include "tests/integration/failing_daemon.h"
#include "tests/integration/fault_host.h"
#include "tests/support/build_stamp.h"

namespace portcullis::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class FaultKernel : public FaultHost {
   protected:
    void begin_with_failing_calls() {
        const LoadedBeforeLibc loaded(PORTCULLIS_FAILING_CALLS);
        begin();
    }
    [[nodiscard]] std::string back_end() const { return status()["Backend"]; }
    [[nodiscard]] std::string back_end_reason() const { return status()["BackendReason"]; }

    FailingCalls failing{directory};
};

TEST_F(FaultKernel, ThatRefusesOneCallOfAChangeLeavesOnePolicyWholeAndTheNextChangeGoesOn) {
    constexpr std::array kErrors{EAGAIN, ENOMEM, E2BIG, EBUSY, EPERM, ENOSPC};
    const int changes = count(12);
    int refused = 0, given_up = 0;
    ASSERT_NO_FATAL_FAILURE(begin_with_failing_calls());
    for (int done = 0; done < changes && !HasFailure(); ++done) {
        const nlohmann::json model = fault_model(static_cast<unsigned>(done) % 7 + 1);
        failing.refuse_bpf(1 + static_cast<int>(draw(20)), kErrors.at(static_cast<std::size_t>(done) % kErrors.size()));
        const Result<ApiAnswer> answer = put_model(model);
        const bool was_refused = failing.end_refusals();
        ASSERT_TRUE(answer);
        refused += was_refused ? 1 : 0;
        // Where the switch had been made, all that is left is to tidy up, before the next change.
        if (answer->status != 200U) {
            EXPECT_TRUE(was_refused && answer->status == 500U) << answer->body;
            const ProgramOutcome verified = run_portcullis(directory, {"verify"});
            EXPECT_EQ(verified.status, 0) << answer->body << verified.output;
            ++given_up;
        }
        apply(model);
        say_progress(done + 1, changes);
    }
    std::printf("changes with a call that was refused: %d of %d, given up: %d\n", refused, changes, given_up);
    EXPECT_GT(refused, 0);
    EXPECT_GT(given_up, 0);
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultKernel, WhoseVerifierRefusesAProgramIsEnforcedByNftables) {
    failing.make_unverifiable("pc_to_instance");
    ASSERT_NO_FATAL_FAILURE(begin_with_failing_calls());
    EXPECT_THAT(back_end(), HasSubstr("nftables"));
    EXPECT_THAT(back_end_reason(), AllOf(StartsWith("auto: no BPF back end"), HasSubstr("pc_to_instance"), HasSubstr("invalid")));
    EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 0);
    end_probes();
    expect_kernel_equals_model();
}

// A daemon of another build, whose programs would replace those that stand: the first that is loaded, and the last.
TEST_F(FaultKernel, WhoseVerifierRefusesAProgramOfTheNextDaemonGoesOnWithThoseThatStand) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    pretend_another_build(PrivateBpffs::directory());
    for (const std::string program : {"pc_from_instance", "pc_sweep"}) {
        failing.make_unverifiable(program);
        const LoadedBeforeLibc loaded(PORTCULLIS_FAILING_CALLS);
        daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
        EXPECT_EQ(daemon->wait(), 1);
        EXPECT_THAT(daemon->log(), AllOf(HasSubstr("what stands is left as it is"), HasSubstr(program)));
    }
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

// Neither a description of its own types nor, since Linux 5.11, memory that may be locked is needed.
TEST_F(FaultKernel, WithoutItsTypesAndWithoutLockableMemoryRunsTheProgramsAllTheSame) {
    std::thread elsewhere([this] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        const rlimit usual{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/sys/kernel/btf", "tmpfs", 0, nullptr) != 0 ||
            ::setrlimit(RLIMIT_MEMLOCK, &none) != 0) {
            end_test_run("take types and lockable memory away");
        }
        begin();
        (void)::setrlimit(RLIMIT_MEMLOCK, &usual);
    });
    elsewhere.join();
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_THAT(back_end(), StartsWith("bpf"));
    EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 0);
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
