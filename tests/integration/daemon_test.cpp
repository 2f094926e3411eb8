// SPDX-License-Identifier: Apache-2.0
// portcullisd and portcullis from start to teardown, on a host in a namespace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/daemon_process.h"
#include "tests/integration/ports_model.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/prog_run.h"
#include "tests/support/test_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

json three_ports() { return model_of_ports({"p1", "p2", "p3"}); }

class DaemonTest : public testing::Test {
   protected:
    DaemonTest() { write_model(three_ports()); }

    // In one step, as a careful operator does.
    void write_model(const json& model) const {
        directory.write("model.new", model.dump());
        std::filesystem::rename(directory.path("model.new"), directory.path("model.json"));
    }
    [[nodiscard]] std::vector<std::string> with_model() const { return {"--model", directory.path("model.json")}; }
    [[nodiscard]] json status() const { return run_portcullis(directory, {"--json", "status"}).json(); }
    [[nodiscard]] std::string state_of(const std::string& device) const {
        const json answer = status();
        for (const json& port : answer["Ports"]) {
            if (port["Device"] == device) {
                return port["State"];
            }
        }
        return "none";
    }
    // The hooks that hold a program of ours: "p1 ingress".
    [[nodiscard]] static std::set<std::string> hooks() {
        std::set<std::string> found;
        struct if_nameindex* devices = ::if_nameindex();
        for (const struct if_nameindex* device = devices; device != nullptr && device->if_index != 0; ++device) {
            for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
                if (AttachedProgram::at(device->if_index, direction)) {
                    found.insert(device->if_name + std::string(direction == Direction::Outbound ? " ingress" : " egress"));
                }
            }
        }
        ::if_freenameindex(devices);
        return found;
    }

    PrivateBpffs bpffs;
    TestHost host{{.ports = 2}};
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
};

TEST_F(DaemonTest, EveryPresentPortIsEnforcedWhenItIsReady) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const ProgramOutcome outcome = run_portcullis(directory, {"status"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(state_of("p1"), "enforced");
    EXPECT_EQ(state_of("p2"), "enforced");
    EXPECT_EQ(state_of("p3"), "absent");
    EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 1);
    EXPECT_THAT(hooks(), SizeIs(4));
}

TEST_F(DaemonTest, TerminationLeavesEnforcementStanding) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const auto former = hooks();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(hooks(), former);
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 4);
    EXPECT_FALSE(std::filesystem::exists(directory.path("socket")));
}

TEST_F(DaemonTest, TeardownIsRefusedWhileItRunsAndLeavesNothingAfterwards) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(run_teardown(directory).status, 1);
    EXPECT_THAT(hooks(), SizeIs(4));
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    const ProgramOutcome outcome = run_teardown(directory);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_FALSE(std::filesystem::exists(PrivateBpffs::directory()));
}

TEST_F(DaemonTest, DeviceThatAppearsIsEnforcedAndOneThatGoesIsAbsent) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    host.host().ip("link add p3 type veth peer name i3\nlink set p3 master br0\nlink set p3 up");
    EXPECT_TRUE(wait_until([this] { return state_of("p3") == "enforced"; })) << daemon.log();
    EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 0);
    EXPECT_THAT(hooks(), SizeIs(6));
    host.host().ip("link del p3");
    EXPECT_TRUE(wait_until([this] { return state_of("p3") == "absent"; })) << daemon.log();
}

TEST_F(DaemonTest, UnknownPortOfTheBridgeIsClosedUntilItsAliasNamesAnInterface) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    host.host().ip("link add tap9 type veth peer name i9\nlink set tap9 master br0");
    EXPECT_TRUE(wait_until([this] { return state_of("tap9") == "closed"; })) << daemon.log();
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
    host.host().ip("link set tap9 alias eni-3");  // the kernel tells nothing of it: the device is down
    EXPECT_TRUE(wait_until([this] { return state_of("tap9") == "enforced"; })) << daemon.log();
    host.host().ip("link set p1 alias eni-3");
    host.host().ip("link add tap8 type veth peer name i8\nlink set tap8 up alias eni-3");
    EXPECT_TRUE(wait_until([this] { return state_of("tap8") == "conflict"; })) << daemon.log();
    EXPECT_EQ(state_of("p1"), "enforced");
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 1);
}

TEST_F(DaemonTest, RenamedPortStaysEnforcedOverARestart) {
    {
        DaemonProcess daemon(directory, with_model());
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        host.host().ip("link set p1 down\nlink set p1 name web\nlink set web up");
        EXPECT_TRUE(wait_until([this] { return state_of("web") == "enforced"; })) << daemon.log();
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
    }
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(state_of("web"), "enforced");
}

TEST_F(DaemonTest, PortThatTheModelNoLongerNamesIsOrphanedAlsoAfterTheStateIsLost) {
    json model = three_ports();
    model["Portcullis"].erase("Bridges");
    write_model(model);
    {
        DaemonProcess daemon(directory, with_model());
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        EXPECT_EQ(state_of("p2"), "enforced");
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
    }
    std::filesystem::remove_all(directory.path("state"));
    model["Portcullis"]["Ports"].erase(1);
    write_model(model);
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(state_of("p2"), "orphaned");
    EXPECT_THAT(hooks(), SizeIs(4));
}

TEST_F(DaemonTest, SecondDaemonOnTheSameStateDirectoryIsRefused) {
    DaemonProcess first(directory, with_model());
    ASSERT_TRUE(first.wait_until_ready()) << first.log();
    DaemonProcess second(directory, with_model());
    EXPECT_EQ(second.wait(), 1);
    EXPECT_THAT(second.log(), HasSubstr("another portcullisd runs on the state directory"));
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
}

TEST_F(DaemonTest, DaemonOnTheSocketOfAnotherIsRefused) {
    DaemonProcess first(directory, with_model());
    ASSERT_TRUE(first.wait_until_ready()) << first.log();
    DaemonProcess second(directory, {"--state-dir", directory.path("other")});
    EXPECT_EQ(second.wait(), 1);
    EXPECT_THAT(second.log(), HasSubstr("another process does"));
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
}

TEST_F(DaemonTest, KilledDaemonIsFollowedByOneThatFindsEverythingAsItWas) {
    DaemonProcess first(directory, with_model());
    ASSERT_TRUE(first.wait_until_ready()) << first.log();
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(directory.path("socket")));
    const auto former = hooks();
    DaemonProcess second(directory, with_model());
    ASSERT_TRUE(second.wait_until_ready()) << second.log();
    EXPECT_EQ(hooks(), former);
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
}

TEST_F(DaemonTest, FileThatBecomesFaultyIsRefusedUntilItIsRepaired) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    json faulty = three_ports();
    faulty["Vpcs"][0]["CidrBlock"] = "10.0.0.0/99";
    write_model(faulty);
    EXPECT_TRUE(wait_until([this] { return !status()["Model"]["Refused"].is_null(); })) << daemon.log();
    EXPECT_EQ(status()["Model"]["Refused"]["Errors"][0]["Pointer"], "/Vpcs/0/CidrBlock");
    EXPECT_EQ(status()["Healthy"], false);
    EXPECT_EQ(state_of("p1"), "enforced");
    json repaired = three_ports();
    repaired["Portcullis"]["Ports"].erase(1);
    write_model(repaired);
    EXPECT_TRUE(wait_until([this] { return status()["Model"]["Refused"].is_null(); })) << daemon.log();
    EXPECT_EQ(state_of("p2"), "orphaned");
}

// F39.
TEST_F(DaemonTest, FileThatIsCutOrOnePageOfSeveralIsRefusedAndTheLastGoodOneStays) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const auto refusal = [this] { return status()["Model"]["Refused"].dump(); };
    const std::string whole = three_ports().dump();
    directory.write("model.json", whole.substr(0, whole.size() / 2));
    EXPECT_TRUE(wait_until([&] { return refusal() != "null"; })) << daemon.log();
    json page = three_ports();
    page["NetworkInterfaces"].erase(1);
    page["Portcullis"]["Ports"].erase(1);
    page["NextToken"] = "eyJ2IjoiMiJ9";
    write_model(page);
    EXPECT_TRUE(wait_until([&] { return refusal().find("one page of several") != std::string::npos; })) << daemon.log();
    EXPECT_EQ(state_of("p2"), "enforced");
    EXPECT_EQ(status()["Healthy"], false);
}

TEST_F(DaemonTest, DirectoryThatIsHalfCopiedIsRefusedAndTheLastGoodOneStays) {
    json groups{{"SecurityGroups", three_ports()["SecurityGroups"]}};
    json rest = three_ports();
    rest.erase("SecurityGroups");
    std::filesystem::create_directory(directory.path("models"));
    directory.write("models/groups.json", groups.dump());
    directory.write("models/rest.json", rest.dump());
    DaemonProcess daemon(directory, {"--model", directory.path("models")});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const auto refusal = [this] { return status()["Model"]["Refused"].dump(); };
    std::filesystem::remove(directory.path("models/groups.json"));
    EXPECT_TRUE(wait_until([&] { return refusal().find("sg-1") != std::string::npos; })) << daemon.log();  // interfaces refer to it
    directory.write("models/groups.json", groups.dump().substr(0, groups.dump().size() / 2));
    EXPECT_TRUE(wait_until([&] { return refusal().find("groups.json") != std::string::npos; })) << daemon.log();
    EXPECT_EQ(state_of("p1"), "enforced");
    EXPECT_EQ(state_of("p2"), "enforced");
    EXPECT_EQ(status()["Healthy"], false);
    directory.write("models/groups.json", groups.dump());
    EXPECT_TRUE(wait_until([&] { return refusal() == "null"; })) << daemon.log();
}

TEST_F(DaemonTest, WithoutWatchingOnlyTheSignalReadsAgain) {
    DaemonProcess daemon(directory, {"--model", directory.path("model.json"), "--watch", "off"});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    json repaired = three_ports();
    repaired["Portcullis"]["Ports"].erase(1);
    write_model(repaired);
    EXPECT_EQ(state_of("p2"), "enforced");
    daemon.signal(SIGHUP);
    EXPECT_TRUE(wait_until([this] { return state_of("p2") == "orphaned"; })) << daemon.log();
}

TEST_F(DaemonTest, ModelOfAFileIsNotChangedByApply) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const ProgramOutcome outcome = run_portcullis(directory, {"apply", directory.path("model.json")});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("--model"));
}

TEST_F(DaemonTest, AppliedModelIsEnforcedAndRememberedOverARestart) {
    {
        DaemonProcess daemon(directory, {});
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        EXPECT_THAT(status()["Ports"], IsEmpty());
        const ProgramOutcome outcome = run_portcullis(directory, {"--json", "apply", directory.path("model.json")});
        EXPECT_EQ(outcome.status, 0) << outcome.output;
        EXPECT_EQ(outcome.json()["Generation"], status()["Generation"]);
        EXPECT_EQ(state_of("p1"), "enforced");
        EXPECT_THAT(daemon.log(), HasSubstr("model from uid 0 pid "));
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
    }
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 0);
    EXPECT_EQ(state_of("p1"), "enforced");
}

TEST_F(DaemonTest, FaultyModelIsRefusedByApplyWithItsFileNamed) {
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    directory.write("faulty.json", R"({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/99"}]})");
    const ProgramOutcome outcome = run_portcullis(directory, {"apply", directory.path("faulty.json")});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr("faulty.json: /Vpcs/0/CidrBlock: "));
}

TEST_F(DaemonTest, ApplyWaitsForAbsentPortsOnlyWhenTold) {
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(run_portcullis(directory, {"apply", directory.path("model.json")}).status, 0);
    const ProgramOutcome outcome = run_portcullis(directory, {"apply", directory.path("model.json"), "--wait=1"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("p3 (absent)"));
    host.host().ip("link add p3 type veth peer name i3\nlink set p3 up");
    EXPECT_EQ(run_portcullis(directory, {"apply", directory.path("model.json"), "--wait"}).status, 0);
}

TEST_F(DaemonTest, SocketIsForRootAndItsGroupAlone) {
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(directory.path("socket")).permissions(),
              perms::owner_read | perms::owner_write | perms::group_read | perms::group_write);
}

TEST_F(DaemonTest, SocketBelongsToTheGroupPortcullisWhereThereIsOne) {
    directory.write("group", "root:x:0:\nportcullis:x:4711:\n");
    ASSERT_EQ(::mount(directory.path("group").c_str(), "/etc/group", nullptr, MS_BIND, nullptr), 0);  // in the private mount namespace
    {
        DaemonProcess daemon(directory, {});
        EXPECT_TRUE(daemon.wait_until_ready()) << daemon.log();
        struct stat info {};
        EXPECT_EQ(::stat(directory.path("socket").c_str(), &info), 0);
        EXPECT_EQ(info.st_uid, 0U);
        EXPECT_EQ(info.st_gid, 4711U);
        EXPECT_EQ(info.st_mode & 07777U, 0660U);
    }
    ASSERT_EQ(::umount2("/etc/group", MNT_DETACH), 0);
}

TEST_F(DaemonTest, EventLoopFeedsTheWatchdogAgainAndAgain) {
    DaemonProcess daemon(directory, with_model());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(daemon.wait_until_told("WATCHDOG=1")) << daemon.log();
    }
}

}  // namespace
}  // namespace portcullis::test
