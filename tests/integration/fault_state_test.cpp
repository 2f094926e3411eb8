// SPDX-License-Identifier: Apache-2.0
// F18: a state directory that is full, damaged or read-only, while the probes run. That a file which is cut anywhere or has a flipped bit
// is recognised is proved by unit_tools_state_store_test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <csignal>
#include <filesystem>

#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// The state directory is a file system of 64 KiB.
class FaultState : public FaultHost {
   protected:
    FaultState() {
        std::filesystem::create_directory(state_);
        if (::mount("tmpfs", state_.c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0) {
            end_test_run("mount a small file system");
        }
    }
    ~FaultState() override {
        daemon.reset();
        (void)::umount2(state_.c_str(), MNT_DETACH);
    }
    void fill() const { directory.write("state/filler", std::string(65536, 'x')); }
    void make_room() const { std::filesystem::remove(state_ + "/filler"); }
    void make_read_only(bool is_so) const {
        if (::mount(nullptr, state_.c_str(), nullptr, is_so ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT, nullptr) != 0) {
            end_test_run("mount the file system anew");
        }
    }

   private:
    std::string state_ = directory.path("state");
};

TEST_F(FaultState, AFullDiskRefusesAChangeAndTheLastGoodModelStays) {
    ASSERT_NO_FATAL_FAILURE(begin());
    fill();
    const Result<ApiAnswer> answer = put_model(fault_model(1));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 500U);
    EXPECT_THAT(answer->body, HasSubstr("No space left on device"));
    EXPECT_EQ(run_portcullis(directory, {"verify"}).status, 0);
    make_room();
    apply(fault_model(1));
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultState, ADaemonThatStartsOnAFullDiskTakesUpTheSavedModelOnceThereIsRoom) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    fill();
    daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{"--log-level", "debug"});
    ProgramOutcome status;
    EXPECT_TRUE(wait_until([&] { return (status = run_portcullis(directory, {"--json", "status"})).status == 1; })) << daemon->log();
    EXPECT_THAT(status.output, HasSubstr("No space left on device"));
    make_room();
    EXPECT_TRUE(daemon->wait_until_ready()) << daemon->log();
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultState, ADirectoryThatCannotBeWrittenKeepsTheDaemonFromStartingAndEnforcementStays) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    make_read_only(true);
    daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{});
    EXPECT_EQ(daemon->wait(), 1);
    EXPECT_THAT(daemon->log(), HasSubstr("Read-only file system"));
    make_read_only(false);
    ASSERT_NO_FATAL_FAILURE(start());
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultState, ADamagedModelIsNotTakenForNoneAndWhatIsEnforcedStaysUntilOneIsGiven) {
    ASSERT_NO_FATAL_FAILURE(begin());
    kill();
    std::filesystem::resize_file(directory.path("state/model"), std::filesystem::file_size(directory.path("state/model")) / 2);
    daemon = std::make_unique<DaemonProcess>(directory, std::vector<std::string>{"--log-level", "debug"});
    EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"status"}).status == 1; })) << daemon->log();
    EXPECT_THAT(status()["Model"]["Refused"].dump(), HasSubstr("damaged"));
    EXPECT_EQ(run_portcullis(directory, {"verify"}).status, 0);
    apply(fault_model(0));
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
