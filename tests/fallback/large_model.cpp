// SPDX-License-Identifier: Apache-2.0
#include "tests/fallback/large_model.h"

#include <algorithm>
#include <cerrno>

#include "compiler/compile/compile.h"

namespace portcullis::test {
namespace {

std::uint8_t high(unsigned number) { return static_cast<std::uint8_t>(number >> 8); }
std::uint8_t low(unsigned number) { return static_cast<std::uint8_t>(number); }

NetworkInterface interface(unsigned number, std::vector<std::string> groups) {
    NetworkInterface one{.id = "eni-" + std::to_string(number), .vpc_id = "vpc-1", .subnet_id = "subnet-1"};
    one.mac = Mac{{2, 0, 0, 0, high(number), low(number)}};
    one.addresses = {Address::ipv4(10, 0, high(number), low(number))};
    one.group_ids = std::move(groups);
    return one;
}

// From networks and to ports that differ, so that nothing of it can be shared or joined.
SecurityGroupRule rule(unsigned port, unsigned number) {
    const auto service = static_cast<std::uint16_t>(1024 + (port * 7 + number * 3) % 60'000);
    return {.id = "sgr-" + std::to_string(port) + "-" + std::to_string(number),
            .traffic = {.protocol = 6, .from_port = service, .to_port = service},
            .source = Prefix::of(Address::ipv4(20, low(number), high(port), low(port)), 32)};
}

}  // namespace

Model large_model(const Size& size) {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {Prefix::of(Address::ipv4(10, 0, 0, 0), 8)}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = model.vpcs.front().cidrs}};
    model.security_groups = {{.id = "sg-everybody", .name = "everybody", .vpc_id = "vpc-1"}};
    for (unsigned port = 1; port <= size.ports; ++port) {
        SecurityGroup group{.id = "sg-" + std::to_string(port), .name = "own", .vpc_id = "vpc-1"};
        group.rules[0].push_back({.traffic = {.protocol = 17, .from_port = 53, .to_port = 53}, .source = GroupReference{"sg-everybody"}});
        for (unsigned number = 1; number < size.rules; ++number) {
            group.rules[number % 2].push_back(rule(port, number));
        }
        model.security_groups.push_back(std::move(group));
        model.network_interfaces.push_back(interface(port, {"sg-everybody", "sg-" + std::to_string(port)}));
        model.ports.push_back({.network_interface_id = "eni-" + std::to_string(port), .device = "p" + std::to_string(port)});
    }
    for (unsigned member = 1; member <= size.members; ++member) {
        model.network_interfaces.push_back(interface(size.ports + member, {"sg-everybody"}));
    }
    return model;
}

Ruleset compiled(const Model& model) { return value_or_end(compile(model), "compile the model"); }

void add_devices(const NetNamespace& where, unsigned ports) {
    std::string batch = "link add br0 type bridge\n";
    for (unsigned port = 1; port <= ports; ++port) {
        const std::string name = "p" + std::to_string(port);
        batch += "link add " + name + " type veth peer name i" + std::to_string(port) + "\nlink set " + name + " master br0\n";
    }
    where.ip(batch);
}

std::vector<DeviceBinding> bound_devices(const NetNamespace& where, const Ruleset& ruleset, unsigned ports) {
    const std::uint32_t bridge = where.ifindex_of("br0");
    std::vector<DeviceBinding> devices = {{.ifindex = bridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = bridge}};
    for (unsigned port = 1; port <= ports; ++port) {
        const std::string id = "eni-" + std::to_string(port);
        const auto bound =
            std::find_if(ruleset.ports.begin(), ruleset.ports.end(), [&](const Port& one) { return one.interface_id == id; });
        if (bound == ruleset.ports.end()) {
            errno = ENOENT;
            end_test_run("find " + id + " in the ruleset");
        }
        const std::string name = "p" + std::to_string(port);
        devices.push_back({.ifindex = where.ifindex_of(name),
                           .device = name,
                           .kind = DeviceBinding::Kind::Bound,
                           .port = static_cast<Index>(bound - ruleset.ports.begin()),
                           .bridge = bridge});
    }
    return devices;
}

}  // namespace portcullis::test
