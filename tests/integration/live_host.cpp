// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/live_host.h"

#include <csignal>
#include <filesystem>

namespace portcullis::test {
namespace {

using nlohmann::json;

json three_ports() {
    json model = json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
      "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}],
      "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1",
        "IpPermissions": [{"IpProtocol": "udp", "FromPort": 5353, "ToPort": 5353, "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
                          {"IpProtocol": "tcp", "FromPort": 5353, "ToPort": 5353, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}],
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
      "NetworkInterfaces": [],
      "Portcullis": {"Ports": []}})");
    for (const std::string number : {"1", "2", "3"}) {
        model["NetworkInterfaces"].push_back({{"NetworkInterfaceId", "eni-" + number},
                                              {"VpcId", "vpc-1"},
                                              {"SubnetId", "subnet-1"},
                                              {"MacAddress", "02:00:00:00:00:0" + number},
                                              {"PrivateIpAddress", "10.0.1.1" + number},
                                              {"Groups", json::array({{{"GroupId", "sg-1"}}})}});
        model["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", "eni-" + number}, {"Device", "p" + number}});
    }
    return model;
}

TestHostOptions three_instances() {
    TestHostOptions options{.ports = 3, .has_stacks = true};
    for (const char* const mac : {"02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"}) {
        options.instance_macs.push_back(*Mac::parse(mac));
    }
    return options;
}

}  // namespace

LiveHost::LiveHost() : model(three_ports()), host(three_instances()) {
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string address = "10.0.1.1" + std::to_string(i + 1);
        host.instance(i).ip("addr add " + address + "/24 dev eth0");
        addresses[i] = *Address::parse(address);
    }
    write_model(model);
    restart();
}

void LiveHost::restart() {
    if (daemon) {
        daemon->signal(SIGTERM);
        EXPECT_EQ(daemon->wait(), 0);
    }
    daemon = std::make_unique<DaemonProcess>(directory,
                                             std::vector<std::string>{"--model", directory.path("model.json"), "--backend", GetParam()});
    EXPECT_TRUE(daemon->wait_until_ready()) << daemon->log();
}

void LiveHost::write_model(const json& wanted) const {
    directory.write("model.new", wanted.dump());
    std::filesystem::rename(directory.path("model.new"), directory.path("model.json"));
}

json LiveHost::answer(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "--json");
    return portcullis(arguments).json();
}

std::string LiveHost::state_of(const std::string& device) const {
    const json status = answer({"status"});
    for (const json& port : status["Ports"]) {
        if (port["Device"] == device) {
            return port["State"];
        }
    }
    return "none";
}

void LiveHost::converse(const UdpSocket& from, const UdpSocket& to, const Address& destination, const std::string& text) const {
    from.send(destination, kOpen, text);
    std::optional<UdpSocket::Datagram> heard;
    ASSERT_TRUE(wait_until([&] { return (heard = to.receive()).has_value(); })) << text;
    EXPECT_EQ(heard->text, text);
    to.send(heard->sender, heard->port, "answer to " + text);
    ASSERT_TRUE(wait_until([&] { return (heard = from.receive()).has_value(); })) << text;
    EXPECT_EQ(heard->text, "answer to " + text);
}

bool LiveHost::arrives(const UdpSocket& to, const std::string& text) const {
    std::optional<UdpSocket::Datagram> heard;
    return wait_until([&] { return (heard = to.receive()).has_value(); }) && heard->text == text;
}

std::string back_end_name(const testing::TestParamInfo<std::string>& parameter) { return parameter.param == "bpf" ? "Bpf" : "Nftables"; }

}  // namespace portcullis::test
