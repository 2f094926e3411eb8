// SPDX-License-Identifier: Apache-2.0
// What the host routes to an instance: the daemon tells by the device that the host received it by whether it is the host's, an uplink's or
// comes from elsewhere, and services and group references are believed by that.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "tests/integration/daemon_process.h"
#include "tests/support/packet.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/stacks.h"
#include "tests/support/test_host.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr std::uint16_t kService = 53, kOpen = 8080;
constexpr const char *kFirst = "10.0.0.10", *kSecond = "10.0.1.10";      // on br0, on br1
constexpr const char *kOutside = "198.51.100.2", *kLab = "203.0.113.2";  // behind up0, behind the bridge lab0
constexpr const char* kFarAway = "192.0.2.2";                            // behind tun0
constexpr const char *kFirstMac = "02:00:00:00:10:01", *kSecondMac = "02:00:00:00:10:02";

// eni-1 may begin nothing but what is to a service, and UDP to eni-2, which admits that from eni-1's group alone.
json model(const std::vector<std::string>& uplinks) {
    json made = json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
      "Subnets": [{"SubnetId": "subnet-0", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"},
                  {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
      "SecurityGroups": [
        {"GroupId": "sg-1", "GroupName": "client", "VpcId": "vpc-1", "IpPermissions": [],
         "IpPermissionsEgress": [{"IpProtocol": "udp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]},
        {"GroupId": "sg-2", "GroupName": "server", "VpcId": "vpc-1", "IpPermissionsEgress": [],
         "IpPermissions": [{"IpProtocol": "udp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}]}],
      "NetworkInterfaces": [],
      "Portcullis": {"Ports": [], "Bridges": [{"Device": "br0", "Uplinks": []}], "Services": {"Other": []}}})");
    for (const std::string number : {"1", "2"}) {
        made["NetworkInterfaces"].push_back({{"NetworkInterfaceId", "eni-" + number},
                                             {"VpcId", "vpc-1"},
                                             {"SubnetId", number == "1" ? "subnet-0" : "subnet-1"},
                                             {"MacAddress", number == "1" ? kFirstMac : kSecondMac},
                                             {"PrivateIpAddress", number == "1" ? kFirst : kSecond},
                                             {"Groups", json::array({{{"GroupId", "sg-" + number}}})}});
        made["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-" + number}, {"Device", "p" + number}});
    }
    for (const char* address : {kOutside, kLab, kFarAway}) {
        made["Portcullis"]["Services"]["Other"].push_back({{"Address", address}, {"Protocol", "udp"}, {"Port", kService}});
    }
    made["Portcullis"]["Bridges"][0]["Uplinks"] = uplinks;
    return made;
}

// A device of IP packets alone: what is written to its descriptor is what comes in by it.
class TunLink {
   public:
    TunLink(const NetNamespace& where, const std::string& device) {
        const NetNamespace::Entered here = where.enter();
        tun_ = UniqueFd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
        ifreq request{};
        device.copy(request.ifr_name, IFNAMSIZ - 1);
        request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI);
        if (!tun_.is_open() || ::ioctl(tun_.value(), TUNSETIFF, &request) != 0) {
            end_test_run("make the device " + device);
        }
    }
    void send(const Bytes& packet) const {
        if (::write(tun_.value(), packet.data(), packet.size()) != static_cast<ssize_t>(packet.size())) {
            end_test_run("send a packet by the tunnel");
        }
    }
    // Whether an IPv4 packet of UDP has come; what the stack itself sends is passed over.
    [[nodiscard]] bool hears_datagram() const {
        Bytes packet(2048);
        ssize_t length = 0;
        while ((length = ::read(tun_.value(), packet.data(), packet.size())) > 0) {
            if (packet[0] >> 4 == 4 && packet[9] == IPPROTO_UDP) {
                return true;
            }
        }
        return false;
    }

   private:
    UniqueFd tun_;
};

// p1 is a port of br0, p2 of br1; up0 of nothing. The instances and what is outside route by the host.
class RoutedEntrance : public testing::Test {
   protected:
    RoutedEntrance() {
        host_.host().set_sysctl("net/ipv4/ip_forward", "1");
        host_.host().ip(
            "link set up0 nomaster\naddr add 198.51.100.1/24 dev up0\naddr add 10.0.0.1/24 dev br0\nlink add br1 type bridge forward_delay "
            "0\n"
            "link set br1 up\nlink set p2 master br1\naddr add 10.0.1.1/24 dev br1\nlink add lab0 type bridge forward_delay 0\n"
            "link set lab0 up\naddr add 203.0.113.1/24 dev lab0\nlink add lab1 type veth peer name eth0 netns " +
            lab_.path() + "\nlink set lab1 master lab0 up\n");
        add_stack(host_.instance(0), kFirst, "10.0.0.1");
        add_stack(host_.instance(1), kSecond, "10.0.1.1");
        add_stack(host_.outside(), kOutside, "198.51.100.1");
        add_stack(lab_, kLab, "203.0.113.1");
        host_.host().ip("addr add 192.0.2.1/24 dev tun0\nlink set tun0 up\n");
    }
    static void add_stack(const NetNamespace& where, const std::string& address, const std::string& router) {
        where.ip("addr add " + address + "/24 dev eth0\nlink set eth0 up\nroute add default via " + router + "\n");
    }
    void start(const std::vector<std::string>& uplinks) {
        directory_.write("model.json", model(uplinks).dump());
        daemon_.emplace(directory_, std::vector<std::string>{"--model", directory_.path("model.json")});
        ASSERT_TRUE(daemon_->wait_until_ready()) << daemon_->log();
    }
    // Datagrams to the port that its hook gave the reason.
    [[nodiscard]] std::uint64_t denied(const std::string& device, const std::string& reason) const {
        const json status = run_portcullis(directory_, {"--json", "status"}).json();
        for (const json& port : status["Ports"]) {
            for (const json& row : port["Device"] == device ? port["Drops"] : json::array()) {
                if (row["Reason"] == reason && row["Direction"] == "inbound") {
                    return row["Packets"];
                }
            }
        }
        return 0;
    }
    // The instance asks the service there, and hears its answer.
    [[nodiscard]] bool is_answered(const NetNamespace& where, const std::string& address) const {
        const UdpSocket service(where, ip(address), kService);
        const UdpSocket asker(host_.instance(0), ip(kFirst), 0);
        std::optional<UdpSocket::Datagram> heard;
        asker.send(ip(address), kService, "question");
        EXPECT_TRUE(wait_until([&] { return (heard = service.receive()).has_value(); }));
        if (!heard) {
            return false;
        }
        const std::uint64_t before = denied("p1", "service_origin");
        service.send(heard->sender, heard->port, "answer");
        EXPECT_TRUE(wait_until([&] { return (heard = asker.receive()).has_value() || denied("p1", "service_origin") > before; }));
        return heard && heard->text == "answer";
    }

    PrivateBpffs bpffs_;
    TestHost host_{{.ports = 2, .has_stacks = true, .instance_macs = {*Mac::parse(kFirstMac), *Mac::parse(kSecondMac)}}};
    NetNamespace lab_;
    TunLink tunnel_{host_.host(), "tun0"};
    NetNamespace::Entered entered_ = host_.host().enter();
    TemporaryDirectory directory_;
    std::optional<DaemonProcess> daemon_;
};

TEST_F(RoutedEntrance, AServiceBehindABridgeThatNobodyListsAnswers) {
    start({});
    EXPECT_TRUE(is_answered(lab_, kLab)) << daemon_->log();
}

TEST_F(RoutedEntrance, AServiceBehindAListedUplinkThatIsNoPortAnswers) {
    start({"up0"});
    EXPECT_TRUE(is_answered(host_.outside(), kOutside)) << daemon_->log();
}

TEST_F(RoutedEntrance, AServiceBehindAnEthernetDeviceThatNobodyListsIsNotBelieved) {
    start({});
    EXPECT_FALSE(is_answered(host_.outside(), kOutside));
    EXPECT_EQ(denied("p1", "service_origin"), 1U);
}

// No device of this kind can be a port of a bridge.
TEST_F(RoutedEntrance, AServiceBehindADeviceWithoutEthernetAnswers) {
    start({});
    const UdpSocket asker(host_.instance(0), ip(kFirst), 4000);
    asker.send(ip(kFarAway), kService, "question");
    ASSERT_TRUE(wait_until([&] { return tunnel_.hears_datagram(); }));
    const Packet answer =
        Ipv4{.source = ip(kFarAway), .destination = ip(kFirst)} / Udp{.source_port = kService, .destination_port = 4000} / text("ok");
    tunnel_.send(answer.bytes());
    std::optional<UdpSocket::Datagram> heard;
    EXPECT_TRUE(wait_until([&] { return (heard = asker.receive()).has_value(); })) << daemon_->log();
    EXPECT_EQ(heard ? heard->text : "", "ok");
}

TEST_F(RoutedEntrance, AGroupReferenceHoldsBetweenTwoBridgesThatTheHostRoutesBetween) {
    start({});
    const UdpSocket server(host_.instance(1), ip(kSecond), kOpen);
    const UdpSocket client(host_.instance(0), ip(kFirst), 0);
    client.send(ip(kSecond), kOpen, "question");
    std::optional<UdpSocket::Datagram> heard;
    ASSERT_TRUE(wait_until([&] { return (heard = server.receive()).has_value(); })) << daemon_->log();
    server.send(heard->sender, heard->port, "answer");
    EXPECT_TRUE(wait_until([&] { return (heard = client.receive()).has_value(); }));
    EXPECT_EQ(heard ? heard->text : "", "answer");
}

// A device that comes while the daemon runs, and the instance of another bridge, which nobody declared.
TEST_F(RoutedEntrance, ABridgeThatComesLaterIsTheHostsToo) {
    start({});
    host_.host().ip(
        "link del lab0\nlink add lab2 type bridge forward_delay 0\nlink set lab1 master lab2\nlink set lab2 up\n"
        "addr add 203.0.113.1/24 dev lab2\n");
    EXPECT_TRUE(wait_until([&] { return is_answered(lab_, kLab); })) << daemon_->log();
}

}  // namespace
}  // namespace portcullis::test
