// SPDX-License-Identifier: Apache-2.0
// F34: an instance that moves to another host and back, while the probes run: two hosts with a bridge and a daemon each, joined by their
// uplinks, and the same model.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <thread>

#include "tests/integration/fault_host.h"
#include "tests/support/running_devices.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

class FaultMigration : public FaultHost {
   protected:
    // The other end of the uplink becomes that of a second host, which has a bpffs of its own as well.
    void begin_on_both() {
        host.outside().ip("link set eth0 name up0 netns " + second_.path());
        second_.ip("link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0\nlink set br0 up\nlink set up0 master br0 up");
        wait_until_running(second_, {"br0", "up0"});
        std::thread elsewhere([this] {
            const auto there = second_.enter();
            if (::unshare(CLONE_NEWNS) != 0 || ::mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0) {
                end_test_run("mount a bpffs of the second host");
            }
            second_daemon_ = std::make_unique<DaemonProcess>(second_directory_, std::vector<std::string>{"--log-level", "debug"});
            EXPECT_TRUE(second_daemon_->wait_until_ready()) << second_daemon_->log();
        });
        elsewhere.join();
        const Result<ApiAnswer> answer =
            call_api({.socket = second_directory_.path("socket"), .method = "PUT", .target = "/v1/model", .body = fault_model(0).dump()});
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200U) << answer->body;
        begin();
    }
    // The port's device goes with it, so that the instance does not notice; it joins the bridge once it is enforced there.
    void move(const NetNamespace& from, const NetNamespace& to, const TemporaryDirectory& daemon_there) {
        from.ip("link set p1 nomaster\nlink set p1 netns " + to.path());
        to.ip("link set p1 up");
        EXPECT_TRUE(wait_until([&] { return state_at(daemon_there) == "enforced"; })) << run_portcullis(daemon_there, {"status"}).output;
        to.ip("link set p1 master br0");
    }
    [[nodiscard]] static std::string state_at(const TemporaryDirectory& daemon) {
        const Result<ApiAnswer> answer = call_api({.socket = daemon.path("socket"), .target = "/v1/status"});
        return answer ? json::parse(answer->body)["Ports"][0]["State"].get<std::string>() : "unknown";
    }
    [[nodiscard]] const NetNamespace& second() const { return second_; }
    [[nodiscard]] const TemporaryDirectory& second_directory() const { return second_directory_; }

   private:
    NetNamespace second_;
    TemporaryDirectory second_directory_;
    std::unique_ptr<DaemonProcess> second_daemon_;
};

TEST_F(FaultMigration, OfAnInstanceLetsNothingForbiddenThroughOnEitherHostAndItsStreamsGoOn) {
    ASSERT_NO_FATAL_FAILURE(begin_on_both());
    for (int done = 0; done < count(1) && !HasFailure(); ++done) {
        move(host.host(), second(), second_directory());
        wait_for_connections();
        EXPECT_EQ(run_portcullis(second_directory(), {"verify"}).status, 0);
        move(second(), host.host(), directory);
        wait_for_connections();
        say_progress(done + 1, count(1));
    }
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
