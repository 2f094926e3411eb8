// SPDX-License-Identifier: Apache-2.0
// Short forms for models in the compiler's tests.
#pragma once

#include <string>
#include <vector>

#include "core/model.h"
#include "tests/support/packet.h"

namespace portcullis::test {

inline Address address(const std::string& text) { return *Address::parse(text); }

inline Traffic tcp(std::uint16_t from, std::uint16_t to) { return {.protocol = 6, .from_port = from, .to_port = to}; }
inline Traffic tcp(std::uint16_t port) { return tcp(port, port); }
inline Traffic udp(std::uint16_t port) { return {.protocol = 17, .from_port = port, .to_port = port}; }
inline Traffic icmp(std::int16_t type, std::int16_t code) { return {.protocol = 1, .icmp_type = type, .icmp_code = code}; }
inline Traffic everything() { return {}; }

inline SecurityGroupRule from(const std::string& cidr, const Traffic& traffic) { return {.traffic = traffic, .source = prefix(cidr)}; }
inline SecurityGroupRule from_group(const std::string& id, const Traffic& traffic) {
    return {.traffic = traffic, .source = GroupReference{id}};
}
inline SecurityGroupRule from_list(const std::string& id, const Traffic& traffic) {
    return {.traffic = traffic, .source = PrefixListReference{id}};
}

inline SecurityGroup group(const std::string& id, std::vector<SecurityGroupRule> inbound, std::vector<SecurityGroupRule> outbound = {}) {
    return {.id = id, .vpc_id = "vpc-1", .rules = {std::move(outbound), std::move(inbound)}};
}

inline NetworkAclEntry allow(std::uint16_t number, const std::string& cidr, const Traffic& traffic) {
    return {.number = number, .allow = true, .traffic = traffic, .cidr = prefix(cidr)};
}
inline NetworkAclEntry deny(std::uint16_t number, const std::string& cidr, const Traffic& traffic) {
    return {.number = number, .allow = false, .traffic = traffic, .cidr = prefix(cidr)};
}

// One VPC 10.0.0.0/16 with subnet-1 (10.0.1.0/24, 2001:db8:0:1::/64) and subnet-2 (10.0.2.0/24); no interfaces, groups or ACLs.
inline Model base_model() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("10.0.0.0/16"), prefix("2001:db8::/56")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {prefix("10.0.1.0/24"), prefix("2001:db8:0:1::/64")}},
                     {.id = "subnet-2", .vpc_id = "vpc-1", .cidrs = {prefix("10.0.2.0/24")}}};
    return model;
}

// In subnet-1 of vpc-1, with a MAC that differs for every `last`.
inline NetworkInterface interface(const std::string& id, std::uint8_t last, std::vector<std::string> groups) {
    return {.id = id,
            .vpc_id = "vpc-1",
            .subnet_id = "subnet-1",
            .mac = Mac{{0x02, 0, 0, 0, 0, last}},
            .addresses = {Address::ipv4(10, 0, 1, last)},
            .group_ids = std::move(groups)};
}

}  // namespace portcullis::test
