// SPDX-License-Identifier: Apache-2.0
// Changes of policy through the API of the real daemon, seen in real packets: single objects, plans, confirmations and roll-backs; and
// clients that keep to no rule, beside which all this goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>

#include "core/unique_fd.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/ports_model.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"
#include "tools/cli/client.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint16_t kOpen = 5353, kClosed = 5354;

// eni-1 and eni-2 on p1 and p2: out to anywhere, in by UDP from kOpen to `port` from each other.
json two_ports(std::uint16_t port) {
    json model = model_of_ports({"p1", "p2"});
    model["SecurityGroups"][0]["IpPermissions"] = json::array({udp_from_members(kOpen, port)});
    return model;
}

json group(std::uint16_t port) { return two_ports(port)["SecurityGroups"][0]; }

class PolicyChange : public testing::Test {
   protected:
    PolicyChange() {
        directory.write("closed.json", two_ports(kOpen).dump());
        directory.write("open.json", two_ports(kClosed).dump());
    }
    void start_with_the_closed_model(DaemonProcess& daemon) const {
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        ASSERT_EQ(portcullis({"apply", directory.path("closed.json")}).status, 0) << daemon.log();
    }
    [[nodiscard]] Address address_of(std::size_t instance) const {
        const std::string address = "10.0.1.1" + std::to_string(instance + 1);
        host.instance(instance).ip("addr add " + address + "/24 dev eth0");
        return *Address::parse(address);
    }
    [[nodiscard]] ProgramOutcome portcullis(const std::vector<std::string>& arguments) const {
        return run_portcullis(directory, arguments);
    }
    [[nodiscard]] ApiAnswer call(const std::string& method, const std::string& target, const std::string& body = {}) const {
        const Result<ApiAnswer> answer = call_api({.socket = directory.path("socket"), .method = method, .target = target, .body = body});
        return answer ? *answer : ApiAnswer{};
    }
    [[nodiscard]] json status() const { return portcullis({"--json", "status"}).json(); }
    // Whether a new flow to kClosed passes now: each from a port of its own, since flows that were admitted outlive their rule. One to
    // kOpen follows, which always passes: once it is there, what was sent before has been judged.
    [[nodiscard]] bool passes() {
        const std::string text = "flow " + std::to_string(clients.size());
        const UdpSocket& client = clients.emplace_back(host.instance(0), client_address, 0);
        client.send(server_address, kClosed, text);
        client.send(server_address, kOpen, text);
        std::optional<UdpSocket::Datagram> heard;
        EXPECT_TRUE(wait_until([&] { return (heard = open.receive()).has_value() && heard->text == text; })) << text;
        return closed.receive().has_value();
    }
    [[nodiscard]] bool is_unconfirmed() const { return !status()["Model"]["Unconfirmed"].is_null(); }

    PrivateBpffs bpffs;
    TestHost host{{.ports = 2, .has_stacks = true, .instance_macs = {*Mac::parse("02:00:00:00:00:01"), *Mac::parse("02:00:00:00:00:02")}}};
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    Address client_address = address_of(0), server_address = address_of(1);
    std::deque<UdpSocket> clients;
    UdpSocket open{host.instance(1), server_address, kOpen}, closed{host.instance(1), server_address, kClosed};
};

// Connected, and nothing more.
UniqueFd connect_to(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    const void* generic = &address;
    if (::connect(fd.value(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        end_test_run("connect to the daemon");
    }
    return fd;
}

void send_text(const UniqueFd& client, std::string_view text) { (void)::send(client.value(), text.data(), text.size(), MSG_NOSIGNAL); }

TEST_F(PolicyChange, SingleObjectTakesEffectOnRealPacketsAndOverARestart) {
    {
        DaemonProcess daemon(directory, {});
        start_with_the_closed_model(daemon);
        EXPECT_FALSE(passes());
        const ApiAnswer answer = call("PUT", "/v1/security-groups/sg-1", group(kClosed).dump());
        ASSERT_EQ(answer.status, 200U) << answer.body;
        EXPECT_TRUE(passes());
        EXPECT_THAT(
            daemon.log(),
            HasSubstr("model from uid 0 pid " + std::to_string(::getpid()) + " (PUT /v1/security-groups/sg-1) is enforced as generation " +
                      std::to_string(json::parse(answer.body)["Generation"].get<int>()) + ": ~security-groups/sg-1 (+1 -1 rules)"));
        daemon.signal(SIGKILL);
        EXPECT_EQ(daemon.wait(), 128 + SIGKILL);
    }
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_TRUE(passes());
    EXPECT_EQ(json::parse(call("GET", "/v1/security-groups/sg-1").body), group(kClosed));
}

TEST_F(PolicyChange, RefusedTransactionHasNoEffectAndTheRepairedOneHasAll) {
    DaemonProcess daemon(directory, {});
    start_with_the_closed_model(daemon);
    json changes{{"Changes",
                  {{{"Method", "PUT"}, {"Path", "/v1/security-groups/sg-1"}, {"Body", group(kClosed)}},
                   {{"Method", "DELETE"}, {"Path", "/v1/subnets/subnet-1"}}}}};
    EXPECT_EQ(call("POST", "/v1/transaction", changes.dump()).status, 422U);
    EXPECT_FALSE(passes());
    changes["Changes"].erase(1);
    EXPECT_EQ(call("POST", "/v1/transaction", changes.dump()).status, 200U);
    EXPECT_TRUE(passes());
}

TEST_F(PolicyChange, PlanShowsWhatApplyWouldDoAndDoesNothing) {
    DaemonProcess daemon(directory, {});
    start_with_the_closed_model(daemon);
    json fewer = two_ports(kClosed);
    fewer["Portcullis"]["Ports"].erase(1);
    directory.write("fewer.json", fewer.dump());
    const ProgramOutcome text = portcullis({"plan", directory.path("fewer.json")});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.output, StartsWith("p2  eni-2  enforced -> orphaned\n"));
    EXPECT_THAT(text.output, HasSubstr("    + sg-1 ingress udp 5353-5354 from sg-1\n"));
    EXPECT_EQ(portcullis({"--json", "plan", directory.path("fewer.json")}).json()["Ports"][0]["After"], "orphaned");
    EXPECT_FALSE(passes());
    EXPECT_EQ(portcullis({"status"}).status, 0);
    directory.write("faulty.json", R"({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/99"}]})");
    EXPECT_EQ(portcullis({"plan", directory.path("faulty.json")}).status, 2);
}

TEST_F(PolicyChange, ChangeThatIsNotConfirmedIsRolledBackAndHasNoEffectAnyMore) {
    DaemonProcess daemon(directory, {});
    start_with_the_closed_model(daemon);
    const ProgramOutcome applied = portcullis({"--json", "apply", directory.path("open.json"), "--confirm-within", "1"});
    ASSERT_EQ(applied.status, 0) << applied.output;
    EXPECT_TRUE(applied.json().contains("ConfirmBefore"));
    EXPECT_THAT(daemon.log(), HasSubstr("(PUT /v1/model?ConfirmWithin=1) is enforced as generation"));
    EXPECT_TRUE(wait_until([this] { return !is_unconfirmed(); })) << daemon.log();  // the client that asked for it is gone
    EXPECT_FALSE(passes());
    EXPECT_THAT(daemon.log(), HasSubstr("was not confirmed in time"));
    EXPECT_EQ(portcullis({"confirm"}).status, 1);
}

TEST_F(PolicyChange, ConfirmedChangeStays) {
    DaemonProcess daemon(directory, {});
    start_with_the_closed_model(daemon);
    ASSERT_EQ(portcullis({"apply", directory.path("open.json"), "--confirm-within", "3600"}).status, 0);
    EXPECT_THAT(portcullis({"status"}).output, HasSubstr("is rolled back unless confirmed before "));
    const ProgramOutcome second = portcullis({"apply", directory.path("closed.json")});
    EXPECT_EQ(second.status, 1);
    EXPECT_THAT(second.output, HasSubstr("waits for its confirmation"));
    EXPECT_EQ(portcullis({"confirm"}).status, 0);
    EXPECT_FALSE(is_unconfirmed());
    EXPECT_TRUE(passes());
    EXPECT_EQ(portcullis({"apply", directory.path("closed.json")}).status, 0);
    EXPECT_FALSE(passes());
}

TEST_F(PolicyChange, DaemonThatIsKilledBeforeTheConfirmationRollsBackWhenItStarts) {
    {
        DaemonProcess daemon(directory, {});
        start_with_the_closed_model(daemon);
        ASSERT_EQ(portcullis({"apply", directory.path("open.json"), "--confirm-within", "3600"}).status, 0);
        daemon.signal(SIGKILL);
        EXPECT_EQ(daemon.wait(), 128 + SIGKILL);
        EXPECT_TRUE(passes());
    }
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_FALSE(passes());
    EXPECT_FALSE(is_unconfirmed());
    EXPECT_THAT(daemon.log(), HasSubstr("the last change was not confirmed before the daemon ended: rolling it back"));
}

// F22, F23.
TEST_F(PolicyChange, ClientsThatHangOrDisappearHoldUpNeitherOthersNorDevices) {
    DaemonProcess daemon(directory, {});
    start_with_the_closed_model(daemon);
    const std::string body = two_ports(kClosed).dump();
    const std::string head = "PUT /v1/model HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    const UniqueFd slow = connect_to(directory.path("socket"));
    send_text(slow, head + body.substr(0, body.size() - 1));
    const UniqueFd deaf = connect_to(directory.path("socket"));
    std::string questions;  // whose answers are more than a socket takes at once
    for (int i = 0; i < 500; ++i) {
        questions += "GET /v1/model HTTP/1.1\r\n\r\n";
    }
    send_text(deaf, questions);
    {
        const UniqueFd dying = connect_to(directory.path("socket"));
        send_text(dying, head + body.substr(0, body.size() - 1));
        const UniqueFd gone = connect_to(directory.path("socket"));
        send_text(gone, "GET /v1/model HTTP/1.1\r\n\r\n");
    }
    EXPECT_FALSE(passes());
    host.host().ip("link add tap9 type veth peer name i9\nlink set tap9 master br0");
    EXPECT_TRUE(wait_until([this] {
        const json ports = status()["Ports"];
        return std::ranges::any_of(ports, [](const json& port) { return port["Device"] == "tap9" && port["State"] == "closed"; });
    })) << daemon.log();
    EXPECT_EQ(json::parse(call("GET", "/v1/security-groups/sg-1").body), group(kOpen));
    send_text(slow, body.substr(body.size() - 1));
    EXPECT_TRUE(wait_until([this] { return passes(); })) << daemon.log();
}

}  // namespace
}  // namespace portcullis::test
