// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scale_model.h"

#include <algorithm>
#include <array>

namespace portcullis::bench {
namespace {

using test::prefix;

constexpr std::array<std::size_t, 5> kSizes{1, 2, 3, 4, 5};  // of groups, in shares
constexpr std::size_t kSharesOfFive = 15;
constexpr std::size_t kFirstThatJoined = 20'000;
constexpr std::size_t kReserved = 2;  // the rules of the flow that is measured, in every group
constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr auto kOut = static_cast<std::size_t>(Direction::Outbound);
constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);

std::string group_id(std::size_t port) { return "sg-" + std::to_string(port); }

std::uint8_t byte(std::size_t value) { return static_cast<std::uint8_t>(value); }

// Rules of the group of a port, so that all together are exactly as many as wanted: what shares leave over is in the last group.
std::size_t size_of(const Scale& scale, std::size_t port) {
    const auto share = [&](std::size_t group) { return scale.rules * kSizes[group % 5] * 5 / (kSharesOfFive * scale.groups()); };
    if (port + 1 < scale.groups()) {
        return share(port);
    }
    std::size_t before = 0;
    for (std::size_t group = 0; group + 1 < scale.groups(); ++group) {
        before += share(group);
    }
    return scale.rules - before;
}

// Outside the VPC, so that they meet nobody here.
RuleSource source_of(const Scale& scale, std::size_t group, std::size_t rule) {
    const std::size_t number = group * 97 + rule * 31;
    switch (rule % 10) {
        case 0:
            return GroupReference{group_id(number % scale.groups())};
        case 1:
        case 2:
            return prefix("2001:db8:" + std::to_string(1000 + group % 9000) + ":" + std::to_string(rule) + "::/64");
        default:
            const Address base = Address::ipv4(byte(100 + rule % 20), byte(number >> 8), byte(number), byte(rule));
            return Prefix::of(base, static_cast<std::uint8_t>(16 + number % 17));
    }
}

Traffic traffic_of(std::size_t group, std::size_t rule) {
    const auto port = static_cast<std::uint16_t>(1 + (group * 7 + rule * 113) % 40'000);
    const std::size_t width = rule % 5 == 0 ? 10 : 0;
    return {.protocol = rule % 3 == 0 ? kUdp : kTcp, .from_port = port, .to_port = static_cast<std::uint16_t>(port + width)};
}

SecurityGroup group_of(const Scale& scale, std::size_t port) {
    SecurityGroup group{.id = group_id(port), .name = group_id(port), .vpc_id = "vpc-1", .rules = {}, .position = {}};
    const Traffic measured{.protocol = kTcp, .from_port = kScaleAllowed, .to_port = kScaleAllowed};
    for (std::vector<SecurityGroupRule>& rules : group.rules) {
        rules.push_back({.id = {}, .traffic = measured, .source = prefix("10.1.0.0/16"), .position = {}});
    }
    const std::size_t size = size_of(scale, port);
    for (std::size_t rule = kReserved; rule < size; ++rule) {
        group.rules[rule % 4 == 3 ? kOut : kIn].push_back(
            {.id = {}, .traffic = traffic_of(port, rule), .source = source_of(scale, port, rule), .position = {}});
    }
    return group;
}

NetworkInterface interface(std::size_t number, std::vector<std::string> groups) {
    NetworkInterface one{.id = "eni-" + std::to_string(number), .vpc_id = "vpc-1", .subnet_id = "subnet-1"};
    one.mac = scale_mac(number);
    one.addresses = {scale_address(number),
                     test::ip("2001:db8:1::" + std::to_string((number + 1) / 10'000) + ":" + std::to_string((number + 1) % 10'000))};
    one.group_ids = std::move(groups);
    return one;
}

}  // namespace

Mac scale_mac(std::size_t port) { return {{0x02, 0, 0, 1, byte(port >> 8), byte(port)}}; }
Address scale_address(std::size_t port) { return Address::ipv4(10, 1, byte(port / 250), byte(1 + port % 250)); }
std::string scale_device(std::size_t port) { return "p" + std::to_string(port); }

Model make_scale_model(const Scale& scale) {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("10.1.0.0/16"), prefix("2001:db8:1::/56")}, .position = {}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {prefix("10.1.0.0/16"), prefix("2001:db8:1::/64")}, .position = {}}};
    for (std::size_t number = 0; number < scale.groups(); ++number) {
        model.security_groups.push_back(group_of(scale, number));
        std::vector<std::string> groups{group_id(number)};
        if (number < scale.ports) {
            if (number % 3 == 0 && scale.ports > 1) {
                groups.push_back(group_id((number + 1) % scale.ports));
            }
            for (std::size_t further = number + scale.ports; further < scale.groups(); further += scale.ports) {
                groups.push_back(group_id(further));
            }
        }
        model.network_interfaces.push_back(interface(number, std::move(groups)));
        if (number < scale.ports) {
            model.ports.push_back({.network_interface_id = model.network_interfaces.back().id, .device = scale_device(number)});
        }
    }
    return model;
}

void add_member(Model& model, std::size_t port, std::size_t number) {
    model.network_interfaces.push_back(interface(kFirstThatJoined + number, {group_id(port)}));
}

test::Bytes scale_frame(std::size_t from, std::size_t to, std::uint16_t destination_port, std::uint8_t flags) {
    return (test::Ethernet{.source = scale_mac(from), .destination = scale_mac(to), .type = {}} /
            test::Ipv4{.source = scale_address(from), .destination = scale_address(to)} /
            test::Tcp{.source_port = 1024, .destination_port = destination_port, .flags = flags} / test::Payload{test::Bytes(6)})
        .bytes();
}

}  // namespace portcullis::bench
