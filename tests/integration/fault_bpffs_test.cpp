// SPDX-License-Identifier: Apache-2.0
// F16: the file system of pins cannot be written, is unmounted, or is another one in the daemon's mount namespace, while the probes run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <thread>

#include "loader/bpffs.h"
#include "loader/capabilities.h"
#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;

constexpr const char* kMountPoint = "/sys/fs/bpf";

using FaultBpffs = FaultHost;

TEST_F(FaultBpffs, ThatCannotBeWrittenKeepsWhatStandsAndADaemonFromStartingUntilItCan) {
    const auto mount_anew = [](unsigned long flags) {
        if (::mount(nullptr, kMountPoint, nullptr, MS_REMOUNT | flags, nullptr) != 0) {
            end_test_run("mount the bpffs anew");
        }
    };
    ASSERT_NO_FATAL_FAILURE(begin());
    mount_anew(MS_RDONLY);
    kill();
    daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
    EXPECT_EQ(daemon->wait(), 1);
    EXPECT_THAT(daemon->log(), HasSubstr("Read-only file system"));
    mount_anew(0);
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

// With all that is mounted there, so that nothing but the daemon's own mount can be what it pins on afterwards.
TEST_F(FaultBpffs, ThatIsUnmountedIsMountedAnewWithAllPinsSoThatTheyOutliveTheDaemon) {
    ASSERT_NO_FATAL_FAILURE(begin());
    for (int done = 0; done < count(2) && !HasFailure(); ++done) {
        while (::umount2(kMountPoint, MNT_DETACH) == 0) {
        }
        EXPECT_TRUE(wait_until([] { return is_on_bpffs(PrivateBpffs::directory() + "/links"); })) << daemon->log();
        EXPECT_TRUE(wait_until([this] { return !status()["Healings"]["Last"].is_null(); }));
        EXPECT_THAT(status()["Healings"]["Last"]["Message"].get<std::string>(), HasSubstr("pins were removed, and are there again"));
        kill();
        ASSERT_NO_FATAL_FAILURE(start());
        expect_same_model_writes_nothing();
        say_progress(done + 1, count(2));
    }
    end_probes();
    expect_kernel_equals_model();
}

// The next daemon sees none of the former's pins, and so cannot know that what stands is of the same host.
TEST_F(FaultBpffs, OfAnotherMountNamespaceHidesWhatStandsAndBothEnforceUntilADaemonSeesItAgain) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    std::thread elsewhere([this] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("bpf", kMountPoint, "bpf", 0, "mode=0700") != 0) {
            end_test_run("mount a bpffs in another mount namespace");
        }
        daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
    });
    elsewhere.join();
    // A filter of clsact has its priority for itself: there the port is told to be without the daemon's own.
    const std::string told = probe_capabilities().has("tcx") ? "(pc_from_instanc" : "degraded";
    EXPECT_TRUE(wait_until([&] { return run_portcullis(directory, {"status"}).output.find(told) != std::string::npos; })) << daemon->log();
    kill();
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
