// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/temporary_directory.h"
#include "tests/unit/compiler/documents.h"
#include "tools/daemon/state_lock.h"

namespace portcullis {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

Outcome run(const std::vector<std::string>& arguments, bool has_colour = false) {
    std::vector<const char*> argv{"portcullis"};
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    std::ostringstream out;
    std::ostringstream err;
    const Terminal terminal{.out = out, .err = err, .prints_json = false, .has_colour = has_colour};
    const int status = run_command_line(static_cast<int>(argv.size()), argv.data(), terminal);
    return {.status = status, .out = out.str(), .err = err.str()};
}

class CommandLineTest : public testing::Test {
   protected:
    CommandLineTest() {
        directory.write("model.json", small_model().dump());
        directory.write("faulty.json", R"({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/99"}]})");
    }
    [[nodiscard]] std::vector<std::string> explain(const std::vector<std::string>& question) const {
        std::vector<std::string> arguments{"explain", model, "--from", "eni-1"};
        arguments.insert(arguments.end(), question.begin(), question.end());
        return arguments;
    }

    test::TemporaryDirectory directory;
    std::string model = directory.path("model.json");
    std::string faulty = directory.path("faulty.json");
    std::string no_socket = directory.path("none.sock");
};

TEST_F(CommandLineTest, CheckOfAGoodModelCountsAndExitsZero) {
    const Outcome text = run({"check", model});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.out, HasSubstr("network interfaces    1\n"));
    EXPECT_THAT(text.out, HasSubstr("pc_cidrs4"));
    const json answer = json::parse(run({"--json", "check", model}).out);
    EXPECT_EQ(answer["Errors"], json::array());
    EXPECT_EQ(answer["Counts"]["SecurityGroupRules"], 6);
    EXPECT_GT(answer["Slots"].size(), 5U);
}

TEST_F(CommandLineTest, CheckOfAFaultyModelExitsTwoAndSaysWhere) {
    const Outcome text = run({"check", faulty});
    EXPECT_EQ(text.status, 2);
    EXPECT_THAT(text.err, StartsWith("error: faulty.json: /Vpcs/0/CidrBlock: "));
    const Outcome as_json = run({"check", faulty, "--json"});
    EXPECT_EQ(as_json.status, 2);
    EXPECT_EQ(json::parse(as_json.out)["Errors"][0]["Pointer"], "/Vpcs/0/CidrBlock");
}

TEST_F(CommandLineTest, MissingModelExitsTwo) {
    for (const char* verb : {"check", "apply", "plan", "render"}) {
        EXPECT_EQ(run({"--socket", no_socket, verb, directory.path("nowhere")}).status, 2) << verb;
    }
}

TEST_F(CommandLineTest, RenderPrintsNftablesTextAndSaysWhatIsMadeUp) {
    const Outcome text = run({"render", model});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, StartsWith("# not on this host, so their numbers are made up"));
    EXPECT_THAT(text.out, HasSubstr("table netdev portcullis {\n"));
    EXPECT_THAT(text.out, HasSubstr("table bridge portcullis {\n"));
    EXPECT_EQ(json::parse(run({"render", model, "--json"}).out)["Backend"], "nftables");
}

TEST_F(CommandLineTest, RenderPrintsMapsOfBpf) {
    const Outcome text = run({"render", model, "--backend", "bpf"});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr("pc_ports: 1\n  eni-1: zone 1"));
    EXPECT_THAT(text.out, HasSubstr("allow by rule "));
    const json answer = json::parse(run({"render", model, "--backend", "bpf", "--json"}).out);
    EXPECT_EQ(answer["Maps"][0]["Map"], "pc_addresses4");
}

TEST_F(CommandLineTest, RenderOfAFaultyModelOrBackEndExitsTwo) {
    EXPECT_EQ(run({"render", faulty}).status, 2);
    EXPECT_THAT(run({"render", faulty}).err, HasSubstr("/Vpcs/0/CidrBlock"));
    EXPECT_EQ(run({"render", model, "--backend", "iptables"}).status, 2);
}

TEST_F(CommandLineTest, ExplainExitsZeroWhenAllowedAndThreeWhenDenied) {
    const Outcome allowed = run(explain({"--to", "192.0.2.7", "--proto", "udp", "--dport", "53"}));
    EXPECT_EQ(allowed.status, 0);
    EXPECT_THAT(allowed.out, StartsWith("allowed"));
    const Outcome denied = run({"explain", model, "--from", "192.0.2.7", "--to", "eni-1", "--proto", "tcp", "--dport", "22"});
    EXPECT_EQ(denied.status, 3);
    EXPECT_THAT(denied.out, StartsWith("denied"));
}

TEST_F(CommandLineTest, ExplainInJsonHasTheDocumentedKeys) {
    const json answer =
        json::parse(run({"explain", model, "--from", "192.0.2.7", "--to", "i-1", "--proto", "tcp", "--dport", "443", "--json"}).out);
    EXPECT_EQ(answer["Allowed"], true);
    EXPECT_TRUE(answer["ResponseAllowed"].is_boolean());
    for (const json& stage : answer["Forward"]) {
        for (const char* key :
             {"NetworkInterfaceId", "Direction", "Stage", "Allows", "Reason", "ReasonCode", "Deciding", "Nearest", "Note"}) {
            EXPECT_TRUE(stage.contains(key)) << key;
        }
    }
}

TEST_F(CommandLineTest, ExplainOfAForeignSourceNamesSourceDestCheck) {
    const Outcome denied = run(explain({"--to", "192.0.2.7", "--proto", "udp", "--dport", "53", "--source-address", "203.0.113.9"}));
    EXPECT_EQ(denied.status, 3);
    EXPECT_THAT(denied.out, testing::HasSubstr("[ENI_SOURCE_DEST_CHECK_RESTRICTION]"));
}

TEST_F(CommandLineTest, ExplainWithAFaultyQuestionExitsTwo) {
    const std::vector<std::vector<std::string>> questions{{"--to", "192.0.2.7"},
                                                          {"--proto", "tcp", "--dport", "1"},
                                                          {"--to", "eni-9", "--proto", "tcp", "--dport", "1"},
                                                          {"--to", "192.0.2.7", "--proto", "tcp"},
                                                          {"--to", "192.0.2.7", "--proto", "tcp", "--dport", "65536"},
                                                          {"--to", "192.0.2.7", "--proto", "tcp", "--dport", "-1"},
                                                          {"--to", "192.0.2.7", "--proto", "sctp"},
                                                          {"--to", "192.0.2.7", "--proto", "256"},
                                                          {"--to", "192.0.2.7", "--proto", "icmp", "--icmp", "8/"},
                                                          {"--to", "192.0.2.7", "--proto", "icmp", "--icmp", "8/0/0"},
                                                          {"--to", "192.0.2.7", "--proto", "icmp", "--dport", "7"},
                                                          {"--to", "192.0.2.7", "--proto", "47", "--source-address", "eni-1"},
                                                          {"--to", "192.0.2.7", "--proto", "47", "--destination-address", "192.0.2.8"},
                                                          {"--to", "192.0.2.7", "--proto", "gre"}};
    for (const auto& question : questions) {
        const Outcome result = run(explain(question));
        EXPECT_EQ(result.status, 2) << testing::PrintToString(question);
        EXPECT_NE(result.err, "") << testing::PrintToString(question);
    }
    EXPECT_EQ(run({"explain", faulty, "--from", "a", "--to", "b", "--proto", "47"}).status, 2);
}

TEST_F(CommandLineTest, VerbsThatNeedADaemonExitFourWithoutOne) {
    for (const std::vector<std::string>& verb : {std::vector<std::string>{"status"},
                                                 {"apply", model},
                                                 {"apply", model, "--confirm-within", "5"},
                                                 {"plan", model},
                                                 {"confirm"},
                                                 {"explain", "--live", "--from", "a", "--to", "b", "--proto", "47"},
                                                 {"top", "--follow"},
                                                 {"verify"}}) {
        std::vector<std::string> arguments{"--socket", no_socket};
        arguments.insert(arguments.end(), verb.begin(), verb.end());
        const Outcome text = run(arguments);
        EXPECT_EQ(text.status, 4) << verb[0];
        EXPECT_THAT(text.err, StartsWith("portcullis: cannot reach the daemon at " + no_socket)) << verb[0];
        arguments.emplace_back("--json");
        EXPECT_THAT(json::parse(run(arguments).out)["Errors"][0]["Message"].get<std::string>(), HasSubstr("cannot reach")) << verb[0];
    }
}

TEST_F(CommandLineTest, MistakesExitTwo) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {"frobnicate"},
                                                      {"status", "--frobnicate"},
                                                      {"check"},
                                                      {"apply", model, "--wait=soon"},
                                                      {"apply", model, "--confirm-within", "0"},
                                                      {"plan"}}) {
        EXPECT_EQ(run(arguments).status, 2) << testing::PrintToString(arguments);
    }
}

TEST_F(CommandLineTest, HelpOfEachVerbHasAnExample) {
    EXPECT_EQ(run({"--help"}).status, 0);
    for (const char* verb : {"check", "apply", "status", "explain", "render", "teardown"}) {
        const Outcome help = run({verb, "--help"});
        EXPECT_EQ(help.status, 0) << verb;
        EXPECT_THAT(help.out, HasSubstr("Example: portcullis ")) << verb;
    }
}

TEST_F(CommandLineTest, ColourIsPrintedOnlyWhereTheTerminalHasIt) {
    const auto question = explain({"--to", "192.0.2.7", "--proto", "47"});
    EXPECT_THAT(run(question, false).out, testing::Not(HasSubstr("\033")));
    EXPECT_THAT(run(question, true).out, HasSubstr("\033["));
}

TEST_F(CommandLineTest, NamesFromDocumentsCannotControlTheTerminal) {
    json hostile = small_model();
    hostile["NetworkInterfaces"][0]["NetworkInterfaceId"] = "eni-\033[2J";
    hostile["Portcullis"]["Ports"] = json::array();
    directory.write("hostile.json", hostile.dump());
    const Outcome result = run({"explain", directory.path("hostile.json"), "--from", "10.0.1.10", "--to", "192.0.2.7", "--proto", "47"});
    EXPECT_THAT(result.out + result.err, testing::Not(HasSubstr("\033")));
    EXPECT_THAT(result.out, HasSubstr("eni-\\x1b[2J"));
}

TEST_F(CommandLineTest, TeardownIsRefusedWhileADaemonHoldsTheStateDirectory) {
    const auto lock = StateLock::acquire(directory.path());
    ASSERT_TRUE(lock);
    const std::vector<std::string> arguments{
        "--socket", no_socket, "teardown", "--state-dir", directory.path(), "--bpffs", directory.path("none")};
    const Outcome result = run(arguments);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("--force"));
}

TEST_F(CommandLineTest, TeardownOfNothingIsDone) {
    EXPECT_EQ(run({"--socket", no_socket, "teardown", "--state-dir", directory.path(), "--bpffs", directory.path("none")}).status, 0);
}

}  // namespace
}  // namespace portcullis
