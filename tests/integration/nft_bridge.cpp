// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/nft_bridge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/compile/compile.h"
#include "compiler/parse/parse.h"
#include "tests/support/command_output.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr unsigned kPairs = 2;  // that a frame crosses from one end to the other

const char* key_of(Direction direction) { return direction == Direction::Inbound ? "IpPermissions" : "IpPermissionsEgress"; }

bool is_ipv6(const std::string& cidr) { return cidr.find(':') != std::string::npos; }

ParseOutcome parsed(const json& model) {
    const Document document{.name = "model.json", .text = model.dump()};
    return parse({&document, 1});
}

std::vector<Mac> macs(std::size_t instances) {
    std::vector<Mac> all;
    for (Spot spot = 0; spot < instances; ++spot) {
        all.push_back(mac_at(spot));
    }
    return all;
}

}  // namespace

Mac mac_at(Spot spot) { return {{0x02, 0, 0, 0, 0x10, static_cast<std::uint8_t>(spot + 1)}}; }

Address address_at(Spot spot, Family family) {
    if (spot == kOutside) {
        return ip(family == Family::Ipv4 ? "198.51.100.7" : "2001:db8:9::7");
    }
    return ip((family == Family::Ipv4 ? "10.0.1." : "2001:db8:1::") + std::to_string(10 + spot));
}

std::string group_of(Spot spot) { return "sg-" + std::to_string(spot); }

json bare_model(std::size_t instances) {
    json model = json::parse(R"({
      "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16",
                "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:1::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}],
      "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
                   "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": "2001:db8:1::/64", "Ipv6CidrBlockState": {"State": "associated"}}]}],
      "SecurityGroups": [], "NetworkInterfaces": [],
      "Portcullis": {"Ports": [], "Bridges": [{"Device": "br0", "Uplinks": ["up0"]}]}})");
    for (Spot spot = 0; spot < instances; ++spot) {
        const std::string id = "eni-" + std::to_string(spot);
        model["SecurityGroups"].push_back({{"GroupId", group_of(spot)},
                                           {"GroupName", group_of(spot)},
                                           {"VpcId", "vpc-1"},
                                           {"IpPermissions", json::array()},
                                           {"IpPermissionsEgress", json::array()}});
        model["NetworkInterfaces"].push_back(
            {{"NetworkInterfaceId", id},
             {"VpcId", "vpc-1"},
             {"SubnetId", "subnet-1"},
             {"MacAddress", mac_at(spot).to_string()},
             {"PrivateIpAddresses", json::array({{{"PrivateIpAddress", address_at(spot, Family::Ipv4).to_string()}}})},
             {"Ipv6Addresses", json::array({{{"Ipv6Address", address_at(spot, Family::Ipv6).to_string()}}})},
             {"Groups", json::array({{{"GroupId", group_of(spot)}}})}});
        model["Portcullis"]["Ports"].push_back({{"NetworkInterfaceId", id}, {"Device", TestHost::port_device(spot)}});
    }
    return model;
}

void permit(json& model, const std::string& group, Direction direction, const Permission& permission) {
    json one{{"IpProtocol", permission.protocol}};
    if (permission.from != kNoPorts) {
        one["FromPort"] = permission.from;
        one["ToPort"] = permission.to;
    }
    for (const std::string& source : permission.sources) {
        if (source.rfind("sg-", 0) == 0) {
            one["UserIdGroupPairs"].push_back({{"GroupId", source}});
        } else if (source.rfind("pl-", 0) == 0) {
            one["PrefixListIds"].push_back({{"PrefixListId", source}});
        } else if (is_ipv6(source)) {
            one["Ipv6Ranges"].push_back({{"CidrIpv6", source}});
        } else {
            one["IpRanges"].push_back({{"CidrIp", source}});
        }
    }
    for (json& candidate : model["SecurityGroups"]) {
        if (candidate["GroupId"] == group) {
            candidate[key_of(direction)].push_back(one);
            return;
        }
    }
    errno = ENOENT;
    end_test_run("find " + group + " in the documents");
}

void list(json& model, const std::vector<AclEntry>& entries) {
    json acl{{"NetworkAclId", "acl-1"},
             {"VpcId", "vpc-1"},
             {"IsDefault", false},
             {"Entries", json::array()},
             {"Associations", json::array({{{"SubnetId", "subnet-1"}}})}};
    for (const AclEntry& entry : entries) {
        json one{{"RuleNumber", entry.number},
                 {"Protocol", entry.protocol},
                 {"RuleAction", entry.allow ? "allow" : "deny"},
                 {"Egress", entry.direction == Direction::Outbound},
                 {is_ipv6(entry.cidr) ? "Ipv6CidrBlock" : "CidrBlock", entry.cidr}};
        if (entry.protocol != "-1") {
            one["PortRange"] = {{"From", entry.from}, {"To", entry.to}};
        }
        acl["Entries"].push_back(one);
    }
    model["NetworkAcls"] = json::array({acl});
}

std::vector<std::string> refusals_of(const json& model) {
    std::vector<std::string> errors;
    for (const Finding& finding : parsed(model).findings) {
        if (finding.severity == Finding::Severity::Error) {
            errors.push_back(finding.to_string());
        }
    }
    return errors;
}

Ethernet link_between(Spot from, Spot to) { return {.source = mac_at(from), .destination = mac_at(to), .type = {}}; }

Packet headers(Spot from, Spot to, Family family) {
    if (family == Family::Ipv4) {
        return link_between(from, to) / Ipv4{.source = address_at(from, family), .destination = address_at(to, family)};
    }
    return link_between(from, to) / Ipv6{.source = address_at(from, family), .destination = address_at(to, family)};
}

Tcp segment(std::uint16_t source_port, std::uint16_t destination_port, std::uint8_t flags) {
    return {.source_port = source_port, .destination_port = destination_port, .flags = flags};
}

Udp datagram(std::uint16_t source_port, std::uint16_t destination_port) {
    return {.source_port = source_port, .destination_port = destination_port};
}

NftBridge::NftBridge(const NftBridgeOptions& options)
    : host_({.ports = options.instances, .calls_netfilter = options.calls_netfilter, .instance_macs = macs(options.instances)}),
      fence_(host_.host()) {
    host_.outside().ip("link set " + host_.outside_device() + " address " + mac_at(kOutside).to_string());
    for (Spot spot = 0; spot < options.instances; ++spot) {
        cables_.emplace_back(host_.instance(spot), host_.instance_device(spot));
    }
    cables_.emplace_back(host_.outside(), host_.outside_device());
    // Nothing is flooded: who hears a frame is who it is for.
    std::string entries = "bridge fdb replace " + mac_at(kOutside).to_string() + " dev up0 master static";
    for (Spot spot = 0; spot < options.instances; ++spot) {
        entries += " && bridge fdb replace " + mac_at(spot).to_string() + " dev " + TestHost::port_device(spot) + " master static";
    }
    if (const std::string said = run(entries); !said.empty()) {
        errno = EINVAL;
        end_test_run("tell the bridge where everybody is: " + said);
    }
    const NetNamespace::Entered here = host_.host().enter();
    dataplane_ = value_or_end(NftDataplane::create({.owns_tables = false}), "make the nftables back end");
}

Ruleset NftBridge::ruleset_of(const json& model) {
    ParseOutcome outcome = parsed(model);
    if (!outcome.model) {
        errno = EINVAL;
        end_test_run("read the documents: " + refusals_of(model).front());
    }
    return value_or_end(compile(*outcome.model), "compile the model");
}

std::vector<DeviceBinding> NftBridge::bindings(const Ruleset& ruleset) const {
    const std::uint32_t bridge = host_.bridge_ifindex();
    std::vector<DeviceBinding> devices{
        {.ifindex = host_.uplink_ifindex(), .device = "up0", .kind = DeviceBinding::Kind::Uplink, .bridge = bridge},
        {.ifindex = bridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = bridge}};
    for (std::size_t port = 0; port < host_.port_count(); ++port) {
        DeviceBinding device{.ifindex = host_.port_ifindex(port), .device = TestHost::port_device(port), .bridge = bridge};
        const auto bound = std::find_if(ruleset.ports.begin(), ruleset.ports.end(),
                                        [&](const Port& candidate) { return candidate.device == device.device; });
        if (bound != ruleset.ports.end()) {
            device.kind = DeviceBinding::Kind::Bound;
            device.port = static_cast<Index>(bound - ruleset.ports.begin());
        }
        devices.push_back(device);
    }
    return devices;
}

Result<ApplyReport> NftBridge::try_apply(const json& model) {
    const Ruleset ruleset = ruleset_of(model);
    const NetNamespace::Entered here = host_.host().enter();
    return dataplane_->apply(ruleset, bindings(ruleset), {});
}

std::uint64_t NftBridge::apply(const json& model) { return value_or_end(try_apply(model), "apply the model").kernel_writes; }

void NftBridge::release() {
    const NetNamespace::Entered here = host_.host().enter();
    (void)value_or_end(dataplane_->apply(Ruleset{}, {}, {}), "release the ports");
}

Healing NftBridge::heal() {
    const NetNamespace::Entered here = host_.host().enter();
    return value_or_end(dataplane_->heal(), "look");
}

std::uint64_t NftBridge::count(Spot port, Direction direction, Reason reason) const {
    const NetNamespace::Entered here = host_.host().enter();
    std::uint64_t packets = 0;
    for (const PortCounters& counters : value_or_end(dataplane_->port_counters(), "read the counters")) {
        for (const ReasonCount& one : counters.reasons) {
            const bool is_it = counters.ifindex == host_.port_ifindex(port) && one.direction == direction && one.reason == reason;
            packets += is_it ? one.packets : 0;
        }
    }
    return packets;
}

bool NftBridge::arrives(Spot from, Spot to, const Bytes& frame) {
    cable(to).drain();
    fence_.run([&] { cable(from).send(frame); }, kPairs);
    const std::optional<Bytes> heard = cable(to).receive();
    return heard && heard->size() <= frame.size() && std::equal(heard->begin(), heard->end(), frame.begin());  // br_netfilter cuts padding
}

void NftBridge::expect_pass(Spot from, Spot to, const Packet& packet) {
    const Judge sender{from, Direction::Outbound, PC_REASON_passed};
    const Judge receiver{to, Direction::Inbound, PC_REASON_passed};
    const std::uint64_t sent = from == kOutside ? 0 : count(sender);
    const std::uint64_t received = to == kOutside ? 0 : count(receiver);
    EXPECT_TRUE(arrives(from, to, packet.bytes())) << "did not arrive: " << hex(packet.bytes());
    EXPECT_EQ(from == kOutside ? 1 : count(sender), sent + 1) << "the sender's port did not pass it";
    EXPECT_EQ(to == kOutside ? 1 : count(receiver), received + 1) << "the receiver's port did not pass it";
}

void NftBridge::expect_drop(Spot from, Spot to, const Packet& packet, const Judge& judge) {
    const std::uint64_t before = count(judge);
    EXPECT_FALSE(arrives(from, to, packet.bytes())) << "arrived: " << hex(packet.bytes());
    EXPECT_EQ(count(judge), before + 1) << "not counted as " << name_of(judge.reason) << ": " << hex(packet.bytes());
}

void NftBridge::expect_drop_out(Spot from, Spot to, const Packet& packet, Reason reason) {
    expect_drop(from, to, packet, {from, Direction::Outbound, reason});
}

void NftBridge::expect_drop_in(Spot from, Spot to, const Packet& packet, Reason reason) {
    expect_drop(from, to, packet, {to, Direction::Inbound, reason});
}

std::string NftBridge::run(const std::string& command) const {
    const NetNamespace::Entered here = host_.host().enter();
    return output_of("{ " + command + "; } 2>&1");
}

}  // namespace portcullis::test
