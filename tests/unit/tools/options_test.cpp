// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace portcullis {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::variant<DaemonOptions, EarlyExit> parse_options(std::vector<std::string> arguments) {
    std::vector<const char*> argv{"portcullisd"};
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    return parse_daemon_options(static_cast<int>(argv.size()), argv.data());
}

// Without a file of its own, the machine's own configuration would count.
DaemonOptions accepted(const std::vector<std::string>& arguments, const std::string& config = {}) {
    const test::TemporaryDirectory directory;
    directory.write("empty.toml", config);
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--config", directory.path("empty.toml")});
    const auto parsed = parse_options(all);
    const auto* early = std::get_if<EarlyExit>(&parsed);
    EXPECT_EQ(early, nullptr) << (early != nullptr ? early->text : "");
    return early != nullptr ? DaemonOptions{} : std::get<DaemonOptions>(parsed);
}

EarlyExit refused(const std::vector<std::string>& arguments, const std::string& config = {}) {
    const test::TemporaryDirectory directory;
    directory.write("some.toml", config);
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--config", directory.path("some.toml")});
    const auto parsed = parse_options(all);
    const auto* early = std::get_if<EarlyExit>(&parsed);
    return early != nullptr ? *early : EarlyExit{.status = -1, .text = "accepted"};
}

TEST(Options, DefaultsAreTheDocumentedPaths) {
    const DaemonOptions options = accepted({});
    EXPECT_EQ(options.model, "");
    EXPECT_EQ(options.socket, "/run/portcullis/portcullis.sock");
    EXPECT_EQ(options.state_directory, "/var/lib/portcullis");
    EXPECT_EQ(options.bpffs_directory, "/sys/fs/bpf/portcullis");
    EXPECT_TRUE(options.watches_model);
}

TEST(Options, GuardIsAskedForOnTheCommandLineAlone) {
    EXPECT_FALSE(accepted({}).is_guard);
    EXPECT_TRUE(accepted({"--guard"}).is_guard);
    EXPECT_THAT(refused({}, "guard = true\n").text, HasSubstr("cannot use guard"));
}

TEST(Options, EarlyDropIsOffUnlessAskedFor) {
    EXPECT_EQ(accepted({}).xdp, XdpMode::Off);
    EXPECT_EQ(accepted({"--xdp", "taps"}).xdp, XdpMode::Taps);
    EXPECT_EQ(accepted({}, "xdp = \"all\"\n").xdp, XdpMode::All);
    EXPECT_EQ(accepted({"--xdp", "off"}, "xdp = \"all\"\n").xdp, XdpMode::Off);
    EXPECT_THAT(refused({"--xdp", "everywhere"}).text, HasSubstr("--xdp is one of: off, taps, all"));
}

TEST(Options, TheFastPathIsOffUnlessAskedFor) {
    EXPECT_EQ(accepted({}).fast_path, FastPath::Off);
    EXPECT_EQ(accepted({"--fast-path", "port"}).fast_path, FastPath::Port);
    EXPECT_EQ(accepted({}, "fast-path = \"namespace\"\n").fast_path, FastPath::Namespace);
    EXPECT_EQ(accepted({"--fast-path", "off"}, "fast-path = \"port\"\n").fast_path, FastPath::Off);
    EXPECT_THAT(refused({"--fast-path", "on"}).text, HasSubstr("--fast-path is one of: off, port, namespace"));
}

TEST(Options, BackendIsChosenByItselfUnlessNamed) {
    EXPECT_EQ(accepted({}).backend, BackendChoice::Auto);
    EXPECT_EQ(accepted({"--backend", "bpf"}).backend, BackendChoice::Bpf);
    EXPECT_EQ(accepted({}, "backend = \"nftables\"\n").backend, BackendChoice::Nftables);
    EXPECT_THAT(refused({"--backend", "iptables"}).text, HasSubstr("--backend is one of: auto, bpf, nftables"));
}

TEST(Options, FlagsWinOverTheFile) {
    const DaemonOptions options = accepted({"--socket", "/run/a.sock"}, "socket = \"/run/b.sock\"\nstate-dir = \"/var/b\"\n");
    EXPECT_EQ(options.socket, "/run/a.sock");
    EXPECT_EQ(options.state_directory, "/var/b");
}

TEST(Options, FileTakesBooleansForOnAndOff) {
    EXPECT_FALSE(accepted({}, "watch = false\n").watches_model);
    EXPECT_FALSE(accepted({}, "watch = \"off\"\n").watches_model);
    accepted({}, "allow-br-netfilter = false\n");
}

TEST(Options, MetricsAreServedWhereTheyAreAskedFor) {
    EXPECT_FALSE(accepted({}).metrics);
    EXPECT_EQ(accepted({"--metrics", "9100"}).metrics->port, 9100);
    EXPECT_EQ(accepted({}, "metrics = \"[::1]:9100\"\n").metrics->address.to_string(), "::1");
    EXPECT_EQ(refused({"--metrics", "none"}).status, 2);
}

TEST(Options, ErrorsRefuseTheWholeModelUnlessTheyAreToBeIsolated) {
    EXPECT_EQ(accepted({}).on_error, OnError::Refuse);
    EXPECT_EQ(accepted({"--on-error", "isolate"}).on_error, OnError::Isolate);
    EXPECT_EQ(accepted({"--on-error", "refuse"}, "on-error = \"isolate\"\n").on_error, OnError::Refuse);
}

TEST(Options, WithoutABackEndTheDaemonFailsUnlessItIsToRunAllTheSame) {
    EXPECT_EQ(accepted({}).on_unsupported, OnUnsupported::Fail);
    EXPECT_EQ(accepted({"--on-unsupported", "degrade"}).on_unsupported, OnUnsupported::Degrade);
    EXPECT_EQ(accepted({"--on-unsupported", "fail"}, "on-unsupported = \"degrade\"\n").on_unsupported, OnUnsupported::Fail);
}

TEST(Options, LeaveForBridgeNetfilterIsTakenThoughNothingUsesIt) { accepted({"--allow-br-netfilter"}); }

TEST(Options, DefaultsNamedInSoManyWordsAreAccepted) {
    accepted({"--backend", "bpf", "--on-error", "refuse", "--on-unsupported", "fail", "--watch", "on"});
    accepted({"--backend", "auto"});
}

TEST(Options, MistakesAreRefusedWithStatusTwo) {
    EXPECT_EQ(refused({"--frobnicate"}).status, 2);
    EXPECT_EQ(refused({"--watch", "maybe"}).status, 2);
    EXPECT_EQ(refused({"--model", ""}).status, 2);
    EXPECT_EQ(refused({"stray"}).status, 2);
}

TEST(Options, MistakesInTheFileAreRefusedWithStatusTwo) {
    EXPECT_THAT(refused({}, "modle = \"/x\"\n").text, HasSubstr("cannot use modle"));
    EXPECT_EQ(refused({}, "model = 7\n").status, 2);
    EXPECT_EQ(refused({}, "model = \n").status, 2);
    EXPECT_EQ(std::get<EarlyExit>(parse_options({"--config", "/nowhere/at/all.toml"})).status, 2);
}

TEST(Options, HelpIsNoMistake) {
    const auto parsed = parse_options({"--help"});
    ASSERT_TRUE(std::holds_alternative<EarlyExit>(parsed));
    EXPECT_EQ(std::get<EarlyExit>(parsed).status, 0);
    EXPECT_THAT(std::get<EarlyExit>(parsed).text, HasSubstr("Example: portcullisd --model"));
}

}  // namespace
}  // namespace portcullis
