// SPDX-License-Identifier: Apache-2.0
// Which back end the daemon takes, that it enforces real packets, and that a change from one to the other lets nothing through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include "fallback/nft_standing.h"
#include "tests/integration/daemon_traffic.h"
#include "tests/support/command_output.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class BackendChoice : public DaemonTraffic {};

TEST_F(BackendChoice, BpfIsTakenWhereTheKernelHasIt) {
    DaemonProcess daemon(directory, with());
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_THAT(status()["Backend"].get<std::string>(), HasSubstr("bpf"));
    EXPECT_EQ(status()["BackendReason"], "auto: this kernel runs its programs");
    EXPECT_EQ(nft_stands(), false);
    expect_enforced("bpf");
}

TEST_F(BackendChoice, KernelWithoutBpfOrThatRefusesItIsEnforcedByNftables) {
    for (const auto& [error, text] : {std::pair(ENOSYS, "Function not implemented"), std::pair(EPERM, "Operation not permitted")}) {
        DaemonProcess daemon(directory, with(), {.bpf_error = error});
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        EXPECT_THAT(status()["Backend"].get<std::string>(), HasSubstr("nftables"));
        EXPECT_THAT(status()["BackendReason"].get<std::string>(), AllOf(HasSubstr("auto: no BPF back end"), HasSubstr(text)));
        EXPECT_THAT(daemon.log(), HasSubstr(text));
        EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 0);
        const std::uint64_t before = denied();
        expect_enforced(text);
        EXPECT_GT(denied(), before);
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
        EXPECT_EQ(run_teardown(directory).status, 0);
    }
}

TEST_F(BackendChoice, BpfThatIsAskedForAndRefusedEndsTheDaemon) {
    DaemonProcess daemon(directory, with({"--backend", "bpf"}), {.bpf_error = EPERM});
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_THAT(daemon.log(), AllOf(HasSubstr("--backend bpf"), HasSubstr("Operation not permitted")));
    EXPECT_EQ(nft_stands(), false);
}

TEST_F(BackendChoice, NoBackEndEndsTheDaemonUnlessItIsToRunWithoutAndSayThatNothingIsEnforced) {
    const MissingKernelParts neither{.bpf_error = EPERM, .has_nf_tables = false};
    {
        DaemonProcess daemon(directory, with(), neither);
        EXPECT_EQ(daemon.wait(), 1);
        EXPECT_THAT(daemon.log(), HasSubstr("no back end can be had"));
    }
    DaemonProcess daemon(directory, with({"--on-unsupported", "degrade"}), neither);
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_THAT(daemon.log(), AllOf(HasSubstr("not enforced: no back end can be had"), Not(HasSubstr("is enforced as generation"))));
    const json said = status();
    EXPECT_EQ(said["Backend"], "none");
    EXPECT_EQ(said["Enforced"], false);
    EXPECT_EQ(said["Ports"][0]["State"], "not enforced");
    EXPECT_EQ(run_portcullis(directory, {"status"}).status, 1);
    for (const std::vector<std::string>& verb : {std::vector<std::string>{"verify"}, {"flows"}, {"quarantine", "p1"}}) {
        const ProgramOutcome outcome = run_portcullis(directory, verb);
        EXPECT_EQ(outcome.status, 1) << verb[0];
        EXPECT_THAT(outcome.output, HasSubstr("nothing is enforced on this host")) << verb[0];
    }
    const ProgramOutcome rules = run_portcullis(directory, {"rules"});
    EXPECT_EQ(rules.status, 0);
    EXPECT_THAT(rules.output, HasSubstr("warning: nothing is enforced on this host: no back end can be had"));
    ask(kClosed, "everything passes");
    EXPECT_TRUE(wait_until([&] { return closed.receive().has_value(); }));
}

TEST_F(BackendChoice, ADaemonThatMayRunWithoutABackEndTakesOneWhereItCan) {
    DaemonProcess daemon(directory, with({"--on-unsupported", "degrade"}), {.bpf_error = ENOSYS});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(run_portcullis(directory, {"status", "--strict"}).status, 0);
    expect_enforced("degrade");
}

TEST_F(BackendChoice, WhatStandsIsKeptToAndLeftAloneWhereItCannotBeDriven) {
    {
        DaemonProcess daemon(directory, with());
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
    }
    DaemonProcess daemon(directory, with(), {.bpf_error = EPERM});
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_THAT(daemon.log(), HasSubstr("what stands is left as it is"));
    EXPECT_EQ(nft_stands(), false);
    expect_enforced("still bpf");
}

TEST_F(BackendChoice, TablesGoOnEnforcingWhenTheDaemonIsKilledAndFlowsOutliveIt) {
    DaemonProcess first(directory, with({"--backend", "nftables"}));
    ASSERT_TRUE(first.wait_until_ready()) << first.log();
    ask(kOpen, "before");
    std::optional<UdpSocket::Datagram> question;
    ASSERT_TRUE(wait_until([&] { return (question = open.receive()).has_value(); }));
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    expect_enforced("without a daemon");
    DaemonProcess second(directory, with());
    ASSERT_TRUE(second.wait_until_ready()) << second.log();
    EXPECT_EQ(status()["BackendReason"], "auto: it enforces already");
    open.send(question->sender, question->port, "answer to what was asked before");
    EXPECT_TRUE(wait_until([&] { return client.receive().has_value(); }));
    expect_enforced("a second daemon");
}

// A sender that never pauses, and a switch there and back: nothing forbidden arrives, and what the other left is gone.
TEST_F(BackendChoice, SwitchUnderTrafficLetsNothingThrough) {
    std::atomic<bool> goes_on = true;
    std::thread flood([&] {
        while (goes_on) {
            ask(kClosed, "forbidden");
            (void)::poll(nullptr, 0, 1);  // about a thousand in a second: at full speed nothing else would get on
        }
    });
    // The flood only counts once it is guarded.
    DaemonProcess bpf(directory, with({"--backend", "bpf"}));
    EXPECT_TRUE(bpf.wait_until_ready()) << bpf.log();
    const std::uint64_t before = denied();
    EXPECT_TRUE(wait_until([&] { return denied() > before; }));
    while (closed.receive()) {
    }
    bpf.signal(SIGTERM);
    EXPECT_EQ(bpf.wait(), 0);
    for (const std::string name : {"nftables", "bpf", "nftables"}) {
        DaemonProcess daemon(directory, with({"--backend", name}));
        EXPECT_TRUE(daemon.wait_until_ready()) << daemon.log();
        EXPECT_EQ(status()["BackendReason"], "asked for by --backend " + name);
        EXPECT_EQ(nft_stands(), name == "nftables");
        EXPECT_EQ(std::filesystem::exists(PrivateBpffs::directory() + "/progs"), name == "bpf");
        const std::uint64_t so_far = denied();
        EXPECT_TRUE(wait_until([&] { return denied() > so_far; })) << name;
        EXPECT_FALSE(closed.receive()) << name;
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
    }
    goes_on = false;
    flood.join();
    EXPECT_FALSE(closed.receive());
}

TEST_F(BackendChoice, TeardownRemovesOurTablesAndLeavesThoseOfOthers) {
    directory.write("others.nft",
                    "table bridge other {\n chain c {\n type filter hook forward priority 5;\n }\n}\ntable inet portcullis2 {\n}\n");
    EXPECT_EQ(output_of("nft -f " + directory.path("others.nft") + " 2>&1"), "");
    const std::string former = output_of("nft list ruleset");
    DaemonProcess daemon(directory, with({"--backend", "nftables"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_EQ(run_teardown(directory).status, 1) << "a daemon runs";
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(nft_stands(), true);
    const ProgramOutcome outcome = run_teardown(directory);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(nft_stands(), false);
    EXPECT_EQ(output_of("nft list ruleset"), former);
}

TEST_F(BackendChoice, WhatNftablesDoesNotDoIsToldPerPort) {
    json model = two_ports();
    model["Portcullis"]["Ports"][1]["OnDeny"] = {{"Action", "reject"}, {"Log", true}};
    write_model(model);
    DaemonProcess daemon(directory, with({"--backend", "nftables"}));
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    const json answer = status();
    EXPECT_EQ(answer["Ports"][0]["Unenforced"], json::array());
    EXPECT_EQ(answer["Ports"][1]["Unenforced"].size(), 2U);
    EXPECT_THAT(run_portcullis(directory, {"status"}).output, HasSubstr("not done: OnDeny.Action reject"));
    EXPECT_THAT(daemon.log(), HasSubstr("not done: OnDeny.Log"));
}

}  // namespace
}  // namespace portcullis::test
