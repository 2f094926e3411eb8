// SPDX-License-Identifier: Apache-2.0
// What others do to a running daemon's hooks, pins and tables, while forbidden and allowed packets are sent without pause: it is found and
// put right with no change of model or devices, is told in the log and in `status`, and what is theirs stays.
//
// What is forbidden and was delivered before the healing is printed, not asserted: a hook without a program is open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <poll.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "fallback/nft_standing.h"
#include "loader/tcx.h"
#include "tests/dataplane/foreign_objects.h"
#include "tests/integration/daemon_traffic.h"
#include "tests/support/command_output.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class HealingOfDaemon : public DaemonTraffic {
   protected:
    [[nodiscard]] static bool uses_tcx() { return probe_tcx().has_value(); }
    [[nodiscard]] static AttachMode mode() { return uses_tcx() ? AttachMode::Tcx : AttachMode::Clsact; }
    [[nodiscard]] Hook egress_of_p2() const { return {.ifindex = host.port_ifindex(1), .direction = Direction::Inbound}; }
    // What decides about packets to p2, with tcx or without.
    void take_off_egress_of_p2() const {
        if (uses_tcx()) {
            detach_pinned_link(PrivateBpffs::directory() + "/links/pc_to_instance_" + std::to_string(host.port_ifindex(1)));
        } else {
            ASSERT_EQ(output_of("tc filter del dev p2 egress 2>&1"), "");
        }
    }
    void take_both_off_p2() const {
        if (uses_tcx()) {
            take_off_egress_of_p2();
            detach_pinned_link(PrivateBpffs::directory() + "/links/pc_from_instance_" + std::to_string(host.port_ifindex(1)));
        } else {
            ASSERT_EQ(output_of("tc qdisc del dev p2 clsact 2>&1"), "");
        }
    }
    [[nodiscard]] std::uint64_t healings() const { return status()["Healings"]["Count"]; }
    // Sends both kinds until the daemon says that it healed something; then nothing forbidden arrives any more, and what is allowed does.
    // Returns how much was delivered that was forbidden.
    std::size_t tamper_under_traffic(const std::function<void()>& tamper) {
        std::atomic<bool> goes_on = true;
        std::thread traffic([&] {
            while (goes_on) {
                ask(kClosed, "forbidden");
                ask(kOpen, "allowed");
                (void)::poll(nullptr, 0, 1);  // about a thousand in a second: at full speed nothing else would get on
            }
        });
        tamper();
        EXPECT_TRUE(wait_until([&] { return healings() > 0; }));
        const std::uint64_t so_far = denied();
        EXPECT_TRUE(wait_until([&] { return denied() > so_far; }));  // the flood is still there, and kept out
        goes_on = false;
        traffic.join();
        std::size_t delivered = 0;
        while (closed.receive()) {
            ++delivered;
        }
        std::printf("forbidden datagrams delivered until the healing: %zu\n", delivered);
        while (open.receive()) {
        }
        expect_enforced("after the healing");
        return delivered;
    }
    void expect_told(const DaemonProcess& daemon, const std::string& what) const {
        const json answer = status();
        EXPECT_THAT(answer["Healings"]["Last"]["Message"].get<std::string>(), HasSubstr(what));
        EXPECT_EQ(answer["Enforced"], true);
        EXPECT_EQ(answer["Healthy"], true);
        EXPECT_THAT(daemon.log(), AllOf(HasSubstr("warning: tampered with: "), HasSubstr(what)));
        const ProgramOutcome text = run_portcullis(directory, {"status"});
        EXPECT_EQ(text.status, 0);
        EXPECT_THAT(text.output, AllOf(HasSubstr("healed"), HasSubstr(what)));
    }
};

TEST_F(HealingOfDaemon, AProgramThatSomebodyTookOffIsBackWithoutAnyChange) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_TRUE(status()["Healings"]["Last"].is_null());
    (void)tamper_under_traffic([this] { take_off_egress_of_p2(); });
    expect_told(daemon, "p2: our program was gone from tc egress");
}

TEST_F(HealingOfDaemon, APortThatLostBothProgramsIsEnforcedAgainWithoutAnyChange) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    (void)tamper_under_traffic([this] { take_both_off_p2(); });
    expect_told(daemon, "p2: our program");
}

TEST_F(HealingOfDaemon, AProgramThatPassesEverythingIsPutBehindOursAndNamed) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    ForeignProgram foreign("foreign", TC_ACT_OK);
    (void)tamper_under_traffic([&] { foreign.attach(egress_of_p2(), mode(), 1); });
    expect_told(daemon, "(foreign) at tc egress was put before ours; ours is first again");
    EXPECT_TRUE(foreign.is_attached(egress_of_p2(), mode()));
}

TEST_F(HealingOfDaemon, PinsThatSomebodyRemovedAreBackAndOutliveTheDaemonWithNothingLetThrough) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(tamper_under_traffic([] { std::filesystem::remove_all(PrivateBpffs::directory()); }), 0U);
    expect_told(daemon, "pins were removed, and are there again: maps/");
    daemon.signal(SIGKILL);
    EXPECT_EQ(daemon.wait(), 128 + SIGKILL);
    expect_enforced("without a daemon");
}

TEST_F(HealingOfDaemon, TcxLinksDoNotFeelThatAQdiscIsDeleted) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    ASSERT_EQ(output_of("{ tc qdisc replace dev p2 clsact; tc qdisc del dev p2 clsact; } 2>&1"), "");
    EXPECT_TRUE(uses_tcx() || wait_until([this] { return healings() > 0; }));
    expect_enforced("without the qdisc");
    EXPECT_EQ(healings() == 0, uses_tcx());
}

// Everything of others at once on the devices that we enforce: ours decides, theirs is asked and stays, over a change and a teardown too.
TEST_F(HealingOfDaemon, OthersAtTheSameDevicesAreLeftAloneAndNamedByWhetherTheyOverrideOurs) {
    ForeignProgram behind("behind");
    behind.attach(egress_of_p2(), mode(), 9);
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const ForeignXdp xdp;
    xdp.attach(host.port_ifindex(1));
    ForeignProgram filter("filter", TC_ACT_OK);
    filter.attach(egress_of_p2(), AttachMode::Clsact, 5);
    ASSERT_EQ(output_of("{ nft add table bridge other && nft add chain bridge other seen '{ type filter hook forward priority 0; }' && "
                        "nft add rule bridge other seen counter; } 2>&1"),
              "");
    expect_enforced("beside others");

    const json others = status()["Ports"][1]["Neighbours"];
    const auto order_of = [&](const std::string& what) {
        for (const json& other : others) {
            if (other["What"].get<std::string>().find(what) != std::string::npos) {
                return other["Hook"].get<std::string>() + " " + other["Order"].get<std::string>();
            }
        }
        return std::string("not named");
    };
    EXPECT_EQ(others.size(), 3U) << others;
    EXPECT_EQ(order_of("(behind)"), "tc egress behind");
    EXPECT_EQ(order_of("(filter)"), "tc egress behind");
    EXPECT_EQ(order_of("(foreign_xdp)"), "xdp before");
    EXPECT_EQ(status()["Ports"][0]["Neighbours"], json::array());
    EXPECT_THAT(run_portcullis(directory, {"status"}).output, AllOf(HasSubstr("(foreign_xdp) at xdp is before ours and overrides it"),
                                                                    HasSubstr("(behind) at tc egress is behind ours")));

    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(run_teardown(directory).status, 0);
    EXPECT_TRUE(behind.is_attached(egress_of_p2(), mode()));
    EXPECT_TRUE(filter.is_attached(egress_of_p2(), AttachMode::Clsact));
    EXPECT_THAT(output_of("ip -d link show dev p2"), HasSubstr("xdp"));
    const std::string table = output_of("nft list table bridge other");
    EXPECT_THAT(table, AllOf(HasSubstr("counter packets"), testing::Not(HasSubstr("counter packets 0 "))));
}

// The daemon is stopped meanwhile, so that the hook is full before it looks.
TEST_F(HealingOfDaemon, APortWhoseHookOthersTookIsDegradedUntilThereIsRoom) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    daemon.signal(SIGSTOP);
    take_both_off_p2();
    std::vector<ForeignProgram> others;
    if (uses_tcx()) {
        for (int number = 0; number < 63; ++number) {  // as many as a hook takes
            others.emplace_back("other").attach(egress_of_p2(), AttachMode::Tcx);
        }
    } else {
        others.emplace_back("other").pin("/sys/fs/bpf/other");
        ASSERT_EQ(output_of("{ tc qdisc add dev p2 clsact && tc filter add dev p2 egress protocol ip prio 1 handle 1 "
                            "bpf da object-pinned /sys/fs/bpf/other; } 2>&1"),
                  "");
    }
    daemon.signal(SIGCONT);
    EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"status"}).status == 1; })) << daemon.log();
    const json answer = status();
    EXPECT_EQ(answer["Ports"][1]["State"], "degraded");
    EXPECT_THAT(answer["Ports"][1]["Detail"].get<std::string>(), HasSubstr("our programs are gone and cannot be attached"));
    EXPECT_EQ(answer["Healthy"], false);
    EXPECT_THAT(daemon.log(), HasSubstr("tampered with: p2: our programs are gone and cannot be attached"));
    if (uses_tcx()) {
        others.clear();
    } else {
        ASSERT_EQ(output_of("tc filter del dev p2 egress protocol ip prio 1 2>&1"), "");
    }
    EXPECT_TRUE(wait_until([this] { return run_portcullis(directory, {"status"}).status == 0; })) << daemon.log();
    expect_enforced("once there is room");
}

// With owned tables others can do neither; where the kernel has no such tables (before Linux 6.9), both are healed.
TEST_F(HealingOfDaemon, NftablesTablesOutliveAFlushAndADeletionOfOthers) {
    for (const std::string deed : {"nft flush ruleset", "nft delete table netdev portcullis"}) {
        DaemonProcess daemon(directory, with({"--backend", "nftables"}));
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        const std::uint64_t before = denied();
        const std::string said = output_of(deed + " 2>&1");
        EXPECT_TRUE(said.find("not permitted") != std::string::npos || said.empty()) << said;
        EXPECT_TRUE(wait_until([] { return !value_or_end(nft_guarded_devices(), "look").empty(); })) << deed;
        expect_enforced(deed);
        EXPECT_GT(denied(), healings() > 0 ? 0 : before);
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
        EXPECT_EQ(run_teardown(directory).status, 0);
    }
}

}  // namespace
}  // namespace portcullis::test
