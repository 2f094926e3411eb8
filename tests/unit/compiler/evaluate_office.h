// SPDX-License-Identifier: Apache-2.0
// A small model for the tests of evaluator and explain, and one evaluator before it. Two subnets of one VPC:
//   subnet-1: eni-a and eni-b on this host, eni-far on another one; subnet-2: eni-c on this host
// Everything is open until a test says otherwise: every interface carries sg-open, and no ACLs are in use.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "compiler/evaluate/evaluate.h"
#include "core/model.h"
#include "tests/support/packet.h"

namespace portcullis::test {

inline const Mac kMacA = mac("02:00:00:00:00:0a");
inline const Mac kMacB = mac("02:00:00:00:00:0b");
inline const Mac kMacC = mac("02:00:00:00:00:0c");
inline const Mac kMacFar = mac("02:00:00:00:00:0d");
inline const Mac kRouter = mac("02:00:00:00:00:fe");
inline const Mac kAllNodes = mac("33:33:00:00:00:01");

inline const Address kA = ip("10.0.1.10");
inline const Address kB = ip("10.0.1.11");
inline const Address kC = ip("10.0.2.12");
inline const Address kFar = ip("10.0.1.13");
inline const Address kOutside = ip("198.51.100.7");
inline const Address kA6 = ip("2001:db8:1::a");
inline const Address kB6 = ip("2001:db8:1::b");
inline const Address kC6 = ip("2001:db8:2::c");
inline const Address kOutside6 = ip("2001:db8:ffff::7");

inline const Traffic kAll{};
inline Traffic tcp(std::uint16_t port) { return {.protocol = 6, .from_port = port, .to_port = port}; }
inline Traffic udp(std::uint16_t port) { return {.protocol = 17, .from_port = port, .to_port = port}; }
inline Traffic icmp(std::int16_t type, std::int16_t code = Traffic::kAnyIcmp) {
    return {.protocol = 1, .icmp_type = type, .icmp_code = code};
}
inline SecurityGroupRule allow(const Traffic& traffic, const RuleSource& source) { return {.traffic = traffic, .source = source}; }

inline NetworkInterface network_interface(const std::string& id, const std::string& subnet, const Mac& own,
                                          std::vector<Address> addresses) {
    return {.id = id,
            .vpc_id = "vpc-1",
            .subnet_id = subnet,
            .instance_id = "i-" + id.substr(4),
            .mac = own,
            .addresses = std::move(addresses),
            .group_ids = {"sg-open"}};
}

inline SecurityGroup group(const std::string& id) { return {.id = id, .name = id, .vpc_id = "vpc-1"}; }

inline Model office() {
    Model model;
    model.vpcs = {{.id = "vpc-1", .cidrs = {prefix("10.0.0.0/16"), prefix("2001:db8::/40")}}};
    model.subnets = {{.id = "subnet-1", .vpc_id = "vpc-1", .cidrs = {prefix("10.0.1.0/24"), prefix("2001:db8:1::/64")}},
                     {.id = "subnet-2", .vpc_id = "vpc-1", .cidrs = {prefix("10.0.2.0/24"), prefix("2001:db8:2::/64")}}};
    model.network_interfaces = {
        network_interface("eni-a", "subnet-1", kMacA, {kA, kA6}), network_interface("eni-b", "subnet-1", kMacB, {kB, kB6}),
        network_interface("eni-c", "subnet-2", kMacC, {kC, kC6}), network_interface("eni-far", "subnet-1", kMacFar, {kFar})};
    model.ports = {{"eni-a", "tap-a", {}}, {"eni-b", "tap-b", {}}, {"eni-c", "tap-c", {}}};
    SecurityGroup open = group("sg-open");
    for (auto& rules : open.rules) {
        rules = {allow(kAll, prefix("0.0.0.0/0")), allow(kAll, prefix("::/0"))};
    }
    model.security_groups = {open};
    return model;
}

inline NetworkInterface& interface_of(Model& model, const std::string& id) {
    for (NetworkInterface& interface : model.network_interfaces) {
        if (interface.id == id) {
            return interface;
        }
    }
    std::abort();
}

// Gives the interface these groups instead, which the model has from now on.
inline void regroup(Model& model, const std::string& interface_id, const std::vector<SecurityGroup>& groups) {
    NetworkInterface& interface = interface_of(model, interface_id);
    interface.group_ids.clear();
    for (const SecurityGroup& one : groups) {
        interface.group_ids.push_back(one.id);
        model.security_groups.push_back(one);
    }
}

inline const Entrance kHost{.kind = Entrance::Kind::Host, .interface_id = {}};
inline const Entrance kUplink{.kind = Entrance::Kind::Uplink, .interface_id = {}};
inline const Entrance kElsewhere{.kind = Entrance::Kind::Elsewhere, .interface_id = {}};
inline Entrance by_port(const std::string& interface_id) { return {.kind = Entrance::Kind::Port, .interface_id = interface_id}; }

// A model with an evaluator before it; `now_s` is the clock. The model may be changed until the first packet.
class Bench {
   public:
    Model model = office();
    Place place;
    double now_s = 1000;

    Verdict out(const std::string& port, const Bytes& frame) {
        return judge({.interface_id = port, .direction = Direction::Outbound, .entrance = {}, .frame = frame, .now_s = now_s});
    }
    Verdict out(const std::string& port, const Packet& packet) { return out(port, packet.bytes()); }
    Verdict in(const std::string& port, const Bytes& frame, const Entrance& entrance = kHost) {
        return judge({.interface_id = port, .direction = Direction::Inbound, .entrance = entrance, .frame = frame, .now_s = now_s});
    }
    Verdict in(const std::string& port, const Packet& packet, const Entrance& entrance = kHost) {
        return in(port, packet.bytes(), entrance);
    }
    // Goes on with this model.
    void change(const Model& next) {
        replacements_.push_back(std::make_unique<Model>(next));
        evaluator_->replace_model(*replacements_.back());
    }
    void change_host(const HostFacts& host) { evaluator_->replace_host(host); }
    PortClaim& claim(const std::string& interface_id) {
        for (PortClaim& claim : model.ports) {
            if (claim.network_interface_id == interface_id) {
                return claim;
            }
        }
        std::abort();
    }

   private:
    Verdict judge(const Arrival& arrival) {
        if (!evaluator_) {
            evaluator_.emplace(model, place);
        }
        return evaluator_->judge(arrival);
    }
    std::optional<Evaluator> evaluator_;
    std::vector<std::unique_ptr<Model>> replacements_;
};

MATCHER(Passes, "passes") {
    *result_listener << name_of(arg.reason);
    return arg.passes();
}
MATCHER_P(DropsAs, reason, "is dropped as " + std::string(name_of(reason))) {
    *result_listener << name_of(arg.reason);
    return arg.reason == reason;
}
MATCHER_P(NamesRules, rules, "names the rules") {
    *result_listener << testing::PrintToString(arg.rules);
    return arg.rules == std::vector<std::string>(rules);
}
inline std::vector<std::string> rules(std::initializer_list<std::string> labels) { return labels; }

}  // namespace portcullis::test
