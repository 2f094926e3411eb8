// SPDX-License-Identifier: Apache-2.0
// The guard of early boot: a model was accepted before the host went down, nothing of it stands any more, and no daemon has started yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "fallback/nft_guard.h"
#include "fallback/nft_standing.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/ports_model.h"
#include "tests/support/command_output.h"
#include "tests/support/delivery_fence.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/raw_socket.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::uint16_t kOpen = 5353, kClosed = 5354;

// eni-1 and eni-2 on p1 and p2 of the closed bridge br0, eni-3 on r0, by which the host routes: out to anywhere, in by UDP kOpen.
json three_ports() {
    json model = model_of_ports({"p1", "p2", "r0"});
    model["Subnets"][0]["CidrBlock"] = "10.0.0.0/16";
    json open = udp_from_members(kOpen, kOpen);
    open.erase("UserIdGroupPairs");
    open["IpRanges"] = {{{"CidrIp", "0.0.0.0/0"}}};
    model["SecurityGroups"][0]["IpPermissions"] = json::array({open});
    return model;
}

class GuardTest : public testing::Test {
   protected:
    GuardTest() {
        directory.write("model.json", three_ports().dump());
        host.host().ip("addr add 10.0.1.1/24 dev br0");
        host.outside().ip("addr add 10.0.1.200/24 dev eth0");
        for (const std::size_t port : {0U, 1U}) {
            host.instance(port).ip("addr add 10.0.1.1" + std::to_string(port + 1) + "/24 dev eth0");
        }
    }

    // As it is after a reboot: the state directory alone is left.
    void accept_model_and_go_down() const {
        DaemonProcess daemon(directory, {});
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        ASSERT_EQ(run_portcullis(directory, {"apply", directory.path("model.json")}).status, 0);
        daemon.signal(SIGTERM);
        ASSERT_EQ(daemon.wait(), 0);
        ASSERT_EQ(run_teardown(directory).status, 0);
    }
    // Its exit status, and what it said.
    std::pair<int, std::string> run_guard(std::vector<std::string> more = {}) const {
        more.emplace_back("--guard");
        DaemonProcess guard(directory, more);
        const int status = guard.wait();
        return {status, guard.log()};
    }
    [[nodiscard]] bool guard_stands() const { return value_or_end(nft_guard_stands(nft_guard_table(directory.path("state"))), "look"); }
    // The kernel takes up a cable's other end by itself, some time after it is there.
    static void wait_for_port(const std::string& device) {
        ASSERT_TRUE(wait_until([&] { return output_of("ip -d link show dev " + device).find("state forwarding") != std::string::npos; }));
    }
    // To the port kClosed of the server, from who has that MAC and address, whatever neighbours are known.
    void send_from(const NetNamespace& where, const std::string& source_mac, const std::string& source) const {
        const Packet packet = Ethernet{mac(source_mac), mac("02:00:00:00:00:02")} / Ipv4{ip(source), ip("10.0.1.12")} / Udp{5000, kClosed};
        RawSocket(where, "eth0").send((packet / Payload{Bytes(4)}).bytes());
    }
    // Delivered once the sender has gone through two pairs of veth.
    [[nodiscard]] bool arrives_after(const std::function<void()>& sending) const {
        while (closed.receive()) {
        }
        fence.run(sending, 2);
        return closed.receive().has_value();
    }

    PrivateBpffs bpffs;
    TestHost host{{.ports = 2, .has_stacks = true, .instance_macs = {mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")}}};
    NetNamespace::Entered entered = host.host().enter();
    TemporaryDirectory directory;
    DeliveryFence fence{host.instance(1)};
    UdpSocket closed{host.instance(1), Address{}, kClosed};
};

TEST_F(GuardTest, PortsOfTheLastAcceptedModelAreClosedAndThoseThatComeLater) {
    accept_model_and_go_down();
    const auto from_port = [this] { send_from(host.instance(0), "02:00:00:00:00:01", "10.0.1.11"); };
    const auto from_uplink = [this] { send_from(host.outside(), "02:00:00:00:00:77", "10.0.1.200"); };
    const UdpSocket of_host(host.host(), ip("10.0.1.1"), 0);
    host.host().ip("neigh add 10.0.1.12 lladdr 02:00:00:00:00:02 dev br0");
    const auto from_host = [&of_host] { of_host.send(ip("10.0.1.12"), kClosed, "from the host"); };
    ASSERT_TRUE(arrives_after(from_port)) << "nothing enforces yet";
    ASSERT_TRUE(arrives_after(from_uplink));
    ASSERT_TRUE(arrives_after(from_host));

    const auto [status, log] = run_guard();
    ASSERT_EQ(status, 0) << log;
    EXPECT_FALSE(arrives_after(from_port));
    EXPECT_FALSE(arrives_after(from_uplink));
    EXPECT_FALSE(arrives_after(from_host));
    const NetNamespace late;
    host.host().ip("link add p9 type veth peer name eth0 netns " + late.path() + "\nlink set p9 master br0 up");
    late.ip("link set eth0 up");
    wait_for_port("p9");
    const auto from_newcomer = [&] { send_from(late, "02:00:00:00:00:09", "10.0.1.19"); };
    EXPECT_FALSE(arrives_after(from_newcomer));

    EXPECT_EQ(run_teardown(directory).status, 0);
    EXPECT_FALSE(guard_stands());
    EXPECT_TRUE(arrives_after(from_newcomer)) << "it was the guard";
}

TEST_F(GuardTest, PortOfAClosedBridgeThatNoModelNamesIsClosed) {
    accept_model_and_go_down();
    const NetNamespace unknown;
    host.host().ip("link add x0 type veth peer name eth0 netns " + unknown.path() + "\nlink set x0 master br0 up");
    unknown.ip("link set eth0 address 02:00:00:00:00:99\naddr add 10.0.1.99/24 dev eth0\nlink set eth0 up");
    wait_for_port("x0");
    const UdpSocket of_host(host.host(), ip("10.0.1.1"), kOpen);
    const UdpSocket of_unknown(unknown, ip("10.0.1.99"), 0);
    const DeliveryFence at_host(host.host());
    const auto reaches_host = [&] {
        at_host.run([&] { of_unknown.send(ip("10.0.1.1"), kOpen, "hello"); }, 3);  // two for the neighbour's answer
        return of_host.receive().has_value();
    };
    EXPECT_TRUE(reaches_host()) << "nothing enforces yet";
    ASSERT_EQ(run_guard().first, 0);
    EXPECT_FALSE(reaches_host());
}

TEST_F(GuardTest, RoutedPortThatComesLaterIsClosedByItsName) {
    accept_model_and_go_down();
    ASSERT_EQ(run_guard().first, 0);
    const NetNamespace instance;
    host.host().ip("link add r0 type veth peer name eth0 netns " + instance.path() + "\naddr add 10.0.3.1/24 dev r0\nlink set r0 up");
    instance.ip(
        "link set eth0 address 02:00:00:00:00:03\naddr add 10.0.3.13/24 dev eth0\nlink set eth0 up\nneigh add 10.0.3.1 dev eth0 lladdr " +
        host.host().mac_of("r0").to_string());
    const UdpSocket of_host(host.host(), ip("10.0.3.1"), kOpen);
    const UdpSocket of_instance(instance, ip("10.0.3.13"), 0);
    const DeliveryFence at_host(host.host());
    const auto reaches_host = [&] {
        at_host.run([&] { of_instance.send(ip("10.0.3.1"), kOpen, "hello"); }, 1);
        return of_host.receive().has_value();
    };
    EXPECT_FALSE(reaches_host());
    EXPECT_EQ(run_teardown(directory).status, 0);
    EXPECT_TRUE(reaches_host()) << "it was the guard";
}

TEST_F(GuardTest, HostIsReachedByItsUplinkAndByDevicesThatNoModelNames) {
    accept_model_and_go_down();
    host.host().ip("link add mgmt0 type veth peer name eth9 netns " + host.outside().path() +
                   "\naddr add 192.0.2.1/24 dev mgmt0\nlink set mgmt0 up");
    host.outside().ip("addr add 192.0.2.2/24 dev eth9\nlink set eth9 up");
    ASSERT_EQ(run_guard().first, 0);
    ASSERT_TRUE(guard_stands());
    for (const auto& [here, there] : {std::pair("10.0.1.1", "10.0.1.200"), std::pair("192.0.2.1", "192.0.2.2")}) {
        const UdpSocket of_host(host.host(), ip(here), kOpen);
        const UdpSocket of_operator(host.outside(), ip(there), kOpen);
        of_operator.send(ip(here), kOpen, "who is there");
        EXPECT_TRUE(wait_until([&] { return of_host.receive().has_value(); })) << here;
        of_host.send(ip(there), kOpen, "the host");
        EXPECT_TRUE(wait_until([&] { return of_operator.receive().has_value(); })) << here;
    }
}

TEST_F(GuardTest, DaemonThatEnforcesEndsItAndOneThatDoesNotStartLeavesIt) {
    accept_model_and_go_down();
    ASSERT_EQ(run_guard().first, 0);
    EXPECT_EQ(DaemonProcess(directory, {"--metrics", "none"}).wait(), 2);
    EXPECT_TRUE(guard_stands());
    DaemonProcess daemon(directory, {});
    ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
    EXPECT_FALSE(guard_stands());
    EXPECT_THAT(daemon.log(), HasSubstr("the guard of early boot has ended"));
    const UdpSocket client(host.instance(0), ip("10.0.1.11"), 0);
    const UdpSocket open(host.instance(1), ip("10.0.1.12"), kOpen);
    client.send(ip("10.0.1.12"), kClosed, "forbidden");
    client.send(ip("10.0.1.12"), kOpen, "allowed");
    EXPECT_TRUE(wait_until([&] { return open.receive().has_value(); })) << daemon.log();
    EXPECT_FALSE(closed.receive());
}

TEST_F(GuardTest, NothingIsClosedWhereADaemonRunsOrItsEnforcementStandsOrNoModelIsKnown) {
    EXPECT_EQ(run_guard().first, 0) << "no model";
    EXPECT_FALSE(guard_stands());
    const TemporaryDirectory logs;  // of the guards: the daemon writes to its own
    const std::vector<std::string> guard{"--guard", "--state-dir", directory.path("state")};
    for (const std::string backend : {"bpf", "nftables"}) {
        DaemonProcess daemon(directory, {"--model", directory.path("model.json"), "--backend", backend});
        ASSERT_TRUE(daemon.wait_until_ready()) << daemon.log();
        EXPECT_EQ(DaemonProcess(logs, guard).wait(), 0) << "a daemon runs";
        EXPECT_FALSE(guard_stands()) << backend;
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0);
        EXPECT_EQ(DaemonProcess(logs, guard).wait(), 0) << "its enforcement stands";
        EXPECT_FALSE(guard_stands()) << backend;
    }
}

TEST_F(GuardTest, ModelOfTheFileServesWhereTheStateIsLostAndWithoutEitherItFails) {
    const std::vector<std::string> with_model{"--model", directory.path("model.json")};
    EXPECT_EQ(run_guard(with_model).first, 0);
    EXPECT_TRUE(guard_stands());
    EXPECT_EQ(run_teardown(directory).status, 0);
    accept_model_and_go_down();
    directory.write("state/model", "torn");
    const auto [status, log] = run_guard();
    EXPECT_EQ(status, 1);
    EXPECT_THAT(log, HasSubstr("nothing is closed"));
    EXPECT_FALSE(guard_stands());
    EXPECT_EQ(run_guard(with_model).first, 0);
    EXPECT_TRUE(guard_stands());
}

}  // namespace
}  // namespace portcullis::test
