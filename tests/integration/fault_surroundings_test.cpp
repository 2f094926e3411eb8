// SPDX-License-Identifier: Apache-2.0
// F14, F16: what others do to the host around the daemon, while the probes run: its bridge is deleted, its bpffs cannot be written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/integration/fault_host.h"

namespace portcullis::test {
namespace {

using testing::HasSubstr;

class FaultSurroundings : public FaultHost {
   protected:
    // Ports and the uplink, on a bridge of that name which is made for it.
    void rebuild_bridge(const std::string& name) const {
        host.host().ip("link add " + name + " type bridge mcast_snooping 0\nlink set " + name + " up");
        for (const std::string device : {"p1", "p2", "up0"}) {
            host.host().ip("link set " + device + " master " + name);
        }
    }
};

// Devices stay enforced off the bridge and on another one, which nobody has listed.
TEST_F(FaultSurroundings, ABridgeThatIsDeletedAndMadeAgainLetsNothingForbiddenThrough) {
    ASSERT_NO_FATAL_FAILURE(begin());
    for (int done = 0; done < count(3) && !HasFailure(); ++done) {
        for (const auto& [former, next] : {std::pair("br0", "br9"), std::pair("br9", "br0")}) {
            host.host().ip("link del " + std::string(former));
            rebuild_bridge(next);
        }
        say_progress(done + 1, count(3));
    }
    EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"status"}).status == 0; }));
    EXPECT_EQ(state_of("p1"), "enforced");
    end_probes();
    expect_kernel_equals_model();
}

TEST_F(FaultSurroundings, ABpffsThatCannotBeWrittenKeepsWhatStandsAndADaemonFromStartingUntilItCan) {
    const auto mount_anew = [](unsigned long flags) {
        if (::mount(nullptr, "/sys/fs/bpf", nullptr, MS_REMOUNT | flags, nullptr) != 0) {
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

}  // namespace
}  // namespace portcullis::test
