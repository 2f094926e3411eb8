// SPDX-License-Identifier: Apache-2.0
// DHCP as it is used: BusyBox's client asks dnsmasq, which is listed, behind the uplink, and has its lease. What a second server says, on a
// port of the bridge that nobody declared or in an instance of its own, does not reach it.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/integration/bridge_network.h"
#include "tests/support/packet.h"
#include "tests/support/stacks.h"
#include "tests/support/temporary_directory.h"

namespace portcullis::test {
namespace {

constexpr const char* kServerAddress = "10.0.0.254";
constexpr const char* kRogueAddress = "10.0.0.253";

// A program in a namespace; killed when it goes, unless it ended before.
class Program {
   public:
    Program(const NetNamespace& where, std::vector<std::string> words) {
        const NetNamespace::Entered here = where.enter();
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);  // however the test ends
            (void)::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (!has_ended()) {
            (void)::kill(pid_, SIGKILL);
            (void)::waitpid(pid_, nullptr, 0);
        }
    }
    [[nodiscard]] bool has_ended() {
        if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) {
            ended_ = true;
        }
        return ended_;
    }
    [[nodiscard]] bool has_succeeded() { return has_ended() && WIFEXITED(status_) && WEXITSTATUS(status_) == 0; }

   private:
    pid_t pid_ = -1;
    int status_ = 0;
    bool ended_ = false;
};

class Dhcp : public testing::TestWithParam<BridgeNetworkOptions> {
   protected:
    Dhcp() {
        Model model = bridge_network_model();
        model.services.dhcp_servers = {{.address = ip(kServerAddress), .device = {}}};
        network_.host().apply(model);
        network_.outside().ip("addr add " + std::string(kServerAddress) + "/24 dev eth0\n");
        network_.instance(kClient).ip("addr del " + address_of(kClient, Family::Ipv4).to_string() + "/24 dev eth0\n");
        // A port of the bridge that the model knows nothing of.
        network_.router().ip("link add x0 type veth peer name eth0 netns " + stranger_.path() + "\nlink set x0 master br0 up\n");
        stranger_.ip("addr add " + std::string(kRogueAddress) + "/24 dev eth0\nlink set eth0 up\n");
        // What the client does with its lease.
        directory_.write("lease.sh", "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\necho \"$ip $serverid\" >" + directory_.path("new") +
                                         "\nmv " + directory_.path("new") + " " + directory_.path("lease") + "\n");
        std::filesystem::permissions(directory_.path("lease.sh"), std::filesystem::perms::owner_all);
    }

    // Offers one address, the client's own, whoever it is: nothing but the server is wrong about a rogue's offer. `name` tells its files
    // from another's.
    [[nodiscard]] Program serve(const NetNamespace& where, const std::string& name) const {
        const std::string address = address_of(kClient, Family::Ipv4).to_string();
        return {where,
                {"/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--interface=eth0",
                 "--no-ping", "--dhcp-authoritative", "--dhcp-range=" + address + "," + address + ",255.255.255.0,1h", "--log-dhcp",
                 "--log-facility=" + directory_.path(name + ".log"), "--dhcp-leasefile=" + directory_.path(name + ".leases"),
                 "--pid-file=" + directory_.path(name + ".pid")}};
    }
    [[nodiscard]] Program ask() const {
        return {network_.instance(kClient),
                {"/sbin/udhcpc", "-f", "-q", "-n", "-t", "20", "-T", "1", "-i", "eth0", "-s", directory_.path("lease.sh")}};
    }
    [[nodiscard]] std::string text_of(const std::string& name) const {
        std::ifstream file(directory_.path(name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    // It listens: what it tells of its ranges comes after that.
    [[nodiscard]] bool is_serving(const std::string& name) const {
        return text_of(name + ".log").find("DHCP, IP range") != std::string::npos;
    }
    [[nodiscard]] bool has_offered(const std::string& name) const { return text_of(name + ".log").find("DHCPOFFER") != std::string::npos; }
    [[nodiscard]] std::uint64_t refused(std::size_t port, Direction direction) const {
        return network_.count(port, direction, PC_REASON_dhcp);
    }
    void expect_lease_of_listed_server() const {
        EXPECT_EQ(text_of("lease"), address_of(kClient, Family::Ipv4).to_string() + " " + kServerAddress + "\n") << text_of("listed.log");
    }

    BridgeNetwork network_{GetParam()};
    NetNamespace stranger_;
    TemporaryDirectory directory_;
};

TEST_P(Dhcp, LeaseComesFromTheListedServerAndARogueOnAnotherPortIsNotHeard) {
    const Program rogue = serve(stranger_, "rogue");
    ASSERT_TRUE(wait_until([&] { return is_serving("rogue"); })) << text_of("rogue.log");
    Program client = ask();
    // Alone, it is asked and offers: what it says ends at the client's port.
    EXPECT_TRUE(wait_until([&] { return has_offered("rogue") && refused(kClient, Direction::Inbound) > 0; })) << text_of("rogue.log");
    EXPECT_FALSE(client.has_ended());
    const Program listed = serve(network_.outside(), "listed");
    EXPECT_TRUE(wait_until([&] { return client.has_ended(); })) << text_of("listed.log");
    EXPECT_TRUE(client.has_succeeded());
    expect_lease_of_listed_server();
    EXPECT_EQ(refused(kClient, Direction::Outbound), 0u);
}

TEST_P(Dhcp, AnInstanceThatServesIsNotAsked) {
    const Program rogue = serve(network_.instance(kServer), "rogue");
    const Program listed = serve(network_.outside(), "listed");
    ASSERT_TRUE(wait_until([&] { return is_serving("rogue") && is_serving("listed"); })) << text_of("rogue.log") << text_of("listed.log");
    Program client = ask();
    EXPECT_TRUE(wait_until([&] { return client.has_ended(); })) << text_of("listed.log");
    EXPECT_TRUE(client.has_succeeded());
    expect_lease_of_listed_server();
    EXPECT_GT(refused(kServer, Direction::Inbound), 0u) << "the question was not kept from the rogue's port";
    EXPECT_EQ(text_of("rogue.log").find("DHCPDISCOVER"), std::string::npos);
}

TEST_P(Dhcp, AnInstanceThatOffersUnaskedIsDroppedAtItsOwnPort) {
    network_.instance(kClient).ip("addr add " + address_of(kClient, Family::Ipv4).to_string() + "/24 dev eth0\n");
    const UdpSocket asked(network_.instance(kServer), address_of(kServer, Family::Ipv4), kOpenUdp);
    const UdpSocket offering(network_.instance(kServer), address_of(kServer, Family::Ipv4), 67);
    const UdpSocket client(network_.instance(kClient), address_of(kClient, Family::Ipv4), 68);
    offering.send(address_of(kClient, Family::Ipv4), 68, std::string(300, '\2'));
    EXPECT_TRUE(wait_until([&] { return refused(kServer, Direction::Outbound) == 1; }));
    // The same two, as the groups admit it.
    client.send(address_of(kServer, Family::Ipv4), kOpenUdp, "question");
    std::optional<UdpSocket::Datagram> heard;
    ASSERT_TRUE(wait_until([&] { return (heard = asked.receive()).has_value(); }));
    asked.send(heard->sender, heard->port, "answer");
    ASSERT_TRUE(wait_until([&] { return (heard = client.receive()).has_value(); }));
    EXPECT_EQ(heard->text, "answer");
    EXPECT_EQ(refused(kClient, Direction::Inbound), 0u);
}

std::string name_of_setting(const testing::TestParamInfo<BridgeNetworkOptions>& info) {
    const std::string name = name_of(info.param);
    return name.empty() ? "Plain" : name;
}

INSTANTIATE_TEST_SUITE_P(All, Dhcp, testing::ValuesIn(usual_networks()), name_of_setting);
INSTANTIATE_TEST_SUITE_P(Long, Dhcp, testing::ValuesIn(all_networks()), name_of_setting);

}  // namespace
}  // namespace portcullis::test
