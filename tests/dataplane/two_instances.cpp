// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/two_instances.h"

#include <cstdio>
#include <cstdlib>

#include "compiler/compile/compile.h"
#include "compiler/parse/parse.h"

namespace portcullis::test {
namespace {

constexpr const char* kMacs[] = {"02:00:5e:00:53:0b", "02:00:5e:00:53:0c"};

std::string interface(const std::string& id, const std::string& mac, const std::string& address) {
    return R"({"NetworkInterfaceId": ")" + id + R"(", "VpcId": "vpc-1", "SubnetId": "subnet-1", "MacAddress": ")" + mac +
           R"(", "Groups": [{"GroupId": "sg-1"}], "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": ")" + address + R"("}]})";
}

std::string document_of(const TestPolicy& policy) {
    std::string interfaces = interface("eni-1", kMacs[0], "10.0.0.11") + "," + interface("eni-2", kMacs[1], "10.0.0.12");
    for (std::size_t index = 0; index < policy.other_members.size(); ++index) {
        const std::string number = std::to_string(index + 10);
        interfaces += "," + interface("eni-" + number, "02:00:5e:00:54:" + number, policy.other_members[index]);
    }
    const std::string port = std::to_string(policy.udp_port);
    return R"({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
               "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}],
               "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "members", "VpcId": "vpc-1",
                 "IpPermissions": [{"IpProtocol": "udp", "FromPort": )" +
           port + R"(, "ToPort": )" + port + R"(, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}],
                 "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}],
               "NetworkInterfaces": [)" +
           interfaces + "]}";
}

TestHostOptions two_ports() { return {.ports = 2, .instance_macs = {mac(kMacs[0]), mac(kMacs[1])}}; }

}  // namespace

Model model_of(const TestPolicy& policy) {
    const std::vector<Document> documents{{.name = "model.json", .text = document_of(policy)}};
    ParseOutcome parsed = parse(documents);
    for (const Finding& finding : parsed.findings) {
        std::fprintf(stderr, "%s\n", finding.to_string().c_str());
    }
    if (!parsed.model) {
        std::fprintf(stderr, "cannot go on testing: the model does not parse\n");
        std::abort();
    }
    return std::move(*parsed.model);
}

Ruleset ruleset_of(const TestPolicy& policy) {
    auto ruleset = compile(model_of(policy));
    if (!ruleset) {
        std::fprintf(stderr, "cannot go on testing: %s\n", ruleset.error().message.c_str());
        std::abort();
    }
    return std::move(*ruleset);
}

TwoInstances::TwoInstances()
    : host_(two_ports()),
      first_(host_.instance(0), host_.instance_device(0)),
      second_(host_.instance(1), host_.instance_device(1)),
      fence_(host_.host()) {}

std::vector<DeviceBinding> TwoInstances::devices(const TestPolicy& policy) const {
    const Ruleset ruleset = ruleset_of(policy);
    std::vector<DeviceBinding> devices{
        {.ifindex = host_.bridge_ifindex(), .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = host_.bridge_ifindex()}};
    for (std::size_t port = 0; port < 2; ++port) {
        for (Index index = 0; index < ruleset.ports.size(); ++index) {
            if (ruleset.ports[index].interface_id == "eni-" + std::to_string(port + 1)) {
                devices.push_back({.ifindex = host_.port_ifindex(port),
                                   .device = TestHost::port_device(port),
                                   .kind = DeviceBinding::Kind::Bound,
                                   .port = index,
                                   .bridge = host_.bridge_ifindex()});
            }
        }
    }
    return devices;
}

void TwoInstances::send(std::uint16_t udp_port) const {
    const Packet packet = Ethernet{.source = mac(kMacs[0]), .destination = mac(kMacs[1])} /
                          Ipv4{.source = ip("10.0.0.11"), .destination = ip("10.0.0.12")} /
                          Udp{.source_port = source_port_, .destination_port = udp_port} / text("hello");
    first_.send(packet.bytes());
}

bool TwoInstances::delivers(std::uint16_t udp_port) const {
    second_.drain();
    ++source_port_;
    fence_.run([&] { send(udp_port); }, 2);
    return received() != 0;
}

std::size_t TwoInstances::received() const {
    std::size_t count = 0;
    while (second_.receive()) {
        ++count;
    }
    return count;
}

}  // namespace portcullis::test
