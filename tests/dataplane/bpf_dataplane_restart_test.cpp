// SPDX-License-Identifier: Apache-2.0
// A daemon that starts where another one's maps stand goes on from them: it writes what differs, and flows go on.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <set>
#include <vector>

#include "bpf/abi.h"
#include "loader/bpf_dataplane.h"
#include "tests/dataplane/small_maps.h"
#include "tests/dataplane/two_instances.h"
#include "tests/support/build_stamp.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::test {
namespace {

using ::testing::HasSubstr;

class BpfDataplaneRestart : public ::testing::TestWithParam<AttachMode> {
   protected:
    static Result<std::unique_ptr<BpfDataplane>> try_to_start() {
        return BpfDataplane::create(
            {.bpffs_directory = PrivateBpffs::directory(), .attach_mode = GetParam(), .capacities = small_maps(), .log = {}});
    }
    // What stands goes on without the daemon before.
    void restart() {
        dataplane_.reset();
        auto started = try_to_start();
        ASSERT_TRUE(started) << started.error().message;
        dataplane_ = std::move(*started);
    }
    ApplyReport apply(const Ruleset& ruleset, const TestPolicy& policy) {
        const auto report = dataplane_->apply(ruleset, net_.devices(policy), {});
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : ApplyReport{};
    }
    ApplyReport apply(const TestPolicy& policy) { return apply(ruleset_of(policy), policy); }
    [[nodiscard]] PortCounters counters(std::size_t port) const {
        const auto all = dataplane_->port_counters();
        EXPECT_TRUE(all);
        for (const PortCounters& one : *all) {
            if (one.ifindex == net_.ifindex(port)) {
                return one;
            }
        }
        return {};
    }
    [[nodiscard]] std::uint64_t passed(std::size_t port) const {
        std::uint64_t packets = 0;
        for (const ReasonCount& count : counters(port).reasons) {
            packets += count.reason == PC_REASON_passed ? count.packets : 0;
        }
        return packets;
    }
    // As another version of the daemon would have left it.
    static void set_version(std::uint32_t version) {
        const UniqueFd map(::bpf_obj_get((PrivateBpffs::directory() + "/maps/pc_host").c_str()));
        const std::uint32_t row = 0;
        pc_host host{};
        ASSERT_EQ(::bpf_map_lookup_elem(map.value(), &row, &host), 0);
        host.abi_version = version;
        ASSERT_EQ(::bpf_map_update_elem(map.value(), &row, &host, BPF_ANY), 0);
    }
    static std::uint32_t pinned_program(const std::string& name) {
        const UniqueFd program(::bpf_obj_get((PrivateBpffs::directory() + "/progs/" + name).c_str()));
        bpf_prog_info info{};
        std::uint32_t bytes = sizeof(info);
        EXPECT_EQ(::bpf_obj_get_info_by_fd(program.value(), &info, &bytes), 0);
        return info.id;
    }
    // In force, of the ports that there are.
    static std::vector<std::uint32_t> port_epochs() {
        const UniqueFd host_map(::bpf_obj_get((PrivateBpffs::directory() + "/maps/pc_host").c_str()));
        const UniqueFd ports(::bpf_obj_get((PrivateBpffs::directory() + "/maps/pc_ports").c_str()));
        std::uint32_t row = 0;
        pc_host host{};
        EXPECT_EQ(::bpf_map_lookup_elem(host_map.value(), &row, &host), 0);
        std::vector<std::uint32_t> epochs;
        pc_port port{};
        for (; ::bpf_map_lookup_elem(ports.value(), &row, &port) == 0; ++row) {
            if (port.port_id != 0) {
                epochs.push_back(port.view[host.generation & 1U].epoch);
            }
        }
        return epochs;
    }
    void expect_enforced_with_the_flows_of_before() {
        ASSERT_TRUE(net_.delivers(53));
        EXPECT_FALSE(net_.delivers(60));
        EXPECT_GT(counters(0).flows, 1U);
    }
    PrivateBpffs bpffs_;
    TwoInstances net_;
    NetNamespace::Entered here_ = net_.host().enter();
    std::unique_ptr<BpfDataplane> dataplane_;
};

TEST_P(BpfDataplaneRestart, TheSameModelAgainWritesNothingAndFlowsAndCountersGoOn) {
    const TestPolicy policy{.udp_port = 53, .other_members = {"10.0.0.20"}};
    restart();
    const ApplyReport first = apply(policy);
    ASSERT_TRUE(net_.delivers(53));
    const std::uint64_t flows = counters(0).flows;
    const std::uint64_t packets = passed(0);
    EXPECT_GT(flows, 0U);
    for (int time = 0; time < 3; ++time) {
        restart();
        const ApplyReport again = apply(policy);
        EXPECT_EQ(again.kernel_writes, 0U);
        EXPECT_EQ(again.generation, first.generation);
        EXPECT_EQ(counters(0).flows, flows);
        EXPECT_EQ(passed(0), packets);
    }
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
}

TEST_P(BpfDataplaneRestart, ProgramsOfTheSameBuildAreGoneOnWithAndNotLoadedAgain) {
    restart();
    apply(TestPolicy{});
    ASSERT_TRUE(net_.delivers(53));
    const std::uint32_t before = pinned_program("pc_from_instance");
    for (int time = 0; time < 2; ++time) {
        restart();
        EXPECT_EQ(apply(TestPolicy{}).kernel_writes, 0U);
        EXPECT_EQ(pinned_program("pc_from_instance"), before);
        expect_enforced_with_the_flows_of_before();
    }
}

// What flows remember is what the former programs found: each port has another epoch, so that it is found anew.
TEST_P(BpfDataplaneRestart, ProgramsOfAnotherBuildAreReplacedOverTheSameMapsWhoseFlowsAreJudgedByThemAnew) {
    constexpr std::uint64_t kBothPortsTwice = 4;
    restart();
    apply(TestPolicy{});
    ASSERT_TRUE(net_.delivers(53));
    const std::uint32_t before = pinned_program("pc_from_instance");
    const std::vector<std::uint32_t> epochs = port_epochs();
    pretend_another_build(PrivateBpffs::directory());
    restart();
    EXPECT_EQ(apply(TestPolicy{}).kernel_writes, kBothPortsTwice);
    const std::uint32_t replaced = pinned_program("pc_from_instance");
    EXPECT_NE(replaced, before);
    const std::vector<std::uint32_t> renewed = port_epochs();
    ASSERT_EQ(renewed.size(), 2U);
    EXPECT_NE(renewed[0], epochs[0]);
    EXPECT_NE(renewed[1], epochs[1]);
    expect_enforced_with_the_flows_of_before();
    restart();
    EXPECT_EQ(apply(TestPolicy{}).kernel_writes, 0U);
    EXPECT_EQ(pinned_program("pc_from_instance"), replaced);
    EXPECT_EQ(port_epochs(), renewed);
}

// The stamp would vouch for programs of which some are the former daemon's.
TEST_P(BpfDataplaneRestart, WhilePinsMoveNoStampIsThereAndNoneThatMovedIsLost) {
    restart();
    apply(TestPolicy{});
    const auto names = [](const std::string& kind) {
        std::set<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(PrivateBpffs::directory() + "/" + kind)) {
            found.insert(entry.path().filename());
        }
        return found;
    };
    const auto maps = names("maps");
    const auto programs = names("progs");
    ASSERT_TRUE(maps.contains("pc_build"));
    const std::uint32_t before = pinned_program("pc_from_instance");
    pretend_another_build(PrivateBpffs::directory());
    restart();
    // Most maps move before this one.
    const std::string obstacle = PrivateBpffs::directory() + "/maps/pc_tunnels";
    ASSERT_EQ(::unlink(obstacle.c_str()), 0);
    ASSERT_EQ(::mkdir(obstacle.c_str(), 0700), 0);
    for (int time = 0; time < 2; ++time) {
        const auto refused = dataplane_->apply(ruleset_of({}), net_.devices({}), {});
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("pc_tunnels"));
        EXPECT_FALSE(names("maps").contains("pc_build"));
        EXPECT_EQ(names("maps").size(), maps.size() - 1);
        EXPECT_EQ(pinned_program("pc_from_instance"), before);
    }
    ASSERT_EQ(::rmdir(obstacle.c_str()), 0);
    apply(TestPolicy{});
    EXPECT_EQ(names("maps"), maps);
    EXPECT_EQ(names("progs"), programs);
    EXPECT_NE(pinned_program("pc_from_instance"), before);
    EXPECT_FALSE(std::filesystem::exists(PrivateBpffs::directory() + "/next1"));
}

// It would judge what leaves by what is for arrivals.
TEST_P(BpfDataplaneRestart, AProgramThatIsPinnedUnderAnothersNameIsNotTakenForIt) {
    restart();
    apply(TestPolicy{});
    const std::string programs = PrivateBpffs::directory() + "/progs/";
    ASSERT_EQ(::unlink((programs + "pc_from_instance").c_str()), 0);
    const UniqueFd other(::bpf_obj_get((programs + "pc_to_instance").c_str()));
    ASSERT_EQ(::bpf_obj_pin(other.value(), (programs + "pc_from_instance").c_str()), 0);
    restart();
    apply(TestPolicy{});
    EXPECT_NE(pinned_program("pc_from_instance"), pinned_program("pc_to_instance"));
    ASSERT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(60));
}

TEST_P(BpfDataplaneRestart, WhatChangedMeanwhileIsWrittenAsIfTheDaemonHadNeverStopped) {
    restart();
    const std::uint64_t generation = apply({.udp_port = 53}).generation;
    const std::uint64_t writes = apply({.udp_port = 54}).kernel_writes;
    ASSERT_EQ(apply({.udp_port = 53}).kernel_writes, writes);
    restart();
    const ApplyReport changed = apply({.udp_port = 54});
    EXPECT_EQ(changed.kernel_writes, writes);
    EXPECT_EQ(changed.generation, generation + 3);
    EXPECT_TRUE(net_.delivers(54));
    EXPECT_FALSE(net_.delivers(53));
    EXPECT_EQ(apply({.udp_port = 54}).kernel_writes, 0U);
}

TEST_P(BpfDataplaneRestart, ADeviceMadeAnewUnderTheSameNumberInheritsNothing) {
    restart();
    apply({.udp_port = 53});
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_GT(counters(0).flows, 0U);
    ASSERT_GT(counters(1).flows, 0U);
    dataplane_.reset();
    const std::string number = std::to_string(net_.ifindex(1));
    net_.host().ip("link del p2\nlink add p2 index " + number + " type veth peer name p2far\nlink set p2 master br0 up\n");
    restart();
    apply({.udp_port = 53});
    EXPECT_GT(counters(0).flows, 0U);
    const std::uint64_t others = counters(0).flows;
    ASSERT_TRUE(dataplane_->sweep_all());
    EXPECT_EQ(counters(0).flows, others);
    EXPECT_EQ(counters(1).flows, 0U);
    EXPECT_EQ(passed(1), 0U);
}

TEST_P(BpfDataplaneRestart, FlowsOfAnAddressThatDepartedMeanwhileEndAndOthersGoOn) {
    restart();
    apply({.udp_port = 53, .other_members = {"10.0.0.20"}});
    ASSERT_TRUE(net_.delivers(53));
    ASSERT_GT(counters(0).flows, 0U);
    // One that nobody talked to departs: every flow stays.
    restart();
    apply({.udp_port = 53});
    ASSERT_GT(counters(0).flows, 0U);
    // The second instance's address becomes another interface's.
    restart();
    Ruleset ruleset = ruleset_of({.udp_port = 53});
    for (InterfaceGroups& entry : ruleset.interfaces) {
        entry.id = entry.id == "eni-2" ? "eni-9" : entry.id;
    }
    for (Port& port : ruleset.ports) {
        port.interface_id = port.interface_id == "eni-2" ? "eni-9" : port.interface_id;
    }
    apply(ruleset, {.udp_port = 53});
    EXPECT_EQ(counters(0).flows, 0U);
}

TEST_P(BpfDataplaneRestart, ALayoutOfALaterVersionIsRefusedAndGoesOnEnforcing) {
    restart();
    apply({.udp_port = 53});
    dataplane_.reset();
    set_version(PC_ABI_VERSION + 1);
    const auto refused = try_to_start();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("a later version"));
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_FALSE(net_.delivers(54));
    set_version(PC_ABI_VERSION);
    restart();
    EXPECT_EQ(apply({.udp_port = 53}).kernel_writes, 0U);
}

TEST_P(BpfDataplaneRestart, ALayoutOfAnEarlierVersionIsReplacedWhole) {
    restart();
    apply({.udp_port = 53});
    dataplane_.reset();
    set_version(PC_ABI_VERSION - 1);
    restart();
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_GT(apply({.udp_port = 54}).kernel_writes, 0U);
    EXPECT_TRUE(net_.delivers(54));
    EXPECT_FALSE(net_.delivers(53));
    restart();
    EXPECT_EQ(apply({.udp_port = 54}).kernel_writes, 0U);
}

TEST_P(BpfDataplaneRestart, ASecondDaemonOnTheSameDirectoryIsRefused) {
    restart();
    apply({.udp_port = 53});
    const auto second = try_to_start();
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another daemon"));
    EXPECT_EQ(apply({.udp_port = 53}).kernel_writes, 0U);
}

INSTANTIATE_TEST_SUITE_P(Hooks, BpfDataplaneRestart, ::testing::Values(AttachMode::Tcx, AttachMode::Clsact),
                         [](const auto& mode) { return std::string(to_string(mode.param)); });

}  // namespace
}  // namespace portcullis::test
