// SPDX-License-Identifier: Apache-2.0
// Whatever the model: the chains of groups and ACLs, walked as nf_tables would walk them, decide what the rules say when they are gone
// through one by one, and what counts is one of the rules that decide.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/evaluate/rules.h"
#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "core/rule_label.h"
#include "tests/unit/compiler/nft_interpreter.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::NftInterpreter;
using test::NftPacket;
using test::NftRun;
using test::RandomKind;
using test::RandomModel;

constexpr std::uint32_t kModels = 12;
constexpr int kQuestionsPerModel = 400;
constexpr std::uint32_t kBridge = 100;

const Address kGroup4 = Address::ipv4(239, 1, 1, 1);
const Address kGroup6 = test::address("ff0e::5");

// Rules of half of the groups are about groups of their own VPC, and every interface of a VPC carries some of these: CIDR rules leave
// little to references otherwise.
void refer(RandomModel& random, Model& model) {
    const auto groups = static_cast<std::uint32_t>(model.security_groups.size());
    const auto some_of = [&](const std::string& vpc_id) {
        const SecurityGroup* group = &model.security_groups[random.below(groups)];
        for (; group->vpc_id != vpc_id; group = &model.security_groups[random.below(groups)]) {
        }
        return group->id;
    };
    for (SecurityGroup& group : model.security_groups) {
        const bool refers = random.below(2) == 0;
        for (auto& rules : group.rules) {
            for (SecurityGroupRule& rule : rules) {
                rule.source = refers ? RuleSource{GroupReference{some_of(group.vpc_id)}} : rule.source;
            }
        }
    }
    for (NetworkInterface& interface : model.network_interfaces) {
        interface.group_ids = {some_of(interface.vpc_id), some_of(interface.vpc_id)};
    }
}

// Half of the interfaces are bound on this host, all to one bridge; some of them list multicast addresses.
Model bound(RandomModel& random) {
    Model model = random.model();
    if (random.below(3) != 0) {
        refer(random, model);
    }
    for (const NetworkInterface& interface : model.network_interfaces) {
        const bool has_claim = std::ranges::find(model.ports, interface.id, &PortClaim::network_interface_id) != model.ports.end();
        if (!has_claim && model.ports.size() < 6) {
            model.ports.push_back({.network_interface_id = interface.id, .device = "tap-" + interface.id});
        }
    }
    for (PortClaim& claim : model.ports) {
        // A model that validates gives nobody a multicast or link-local address.
        std::erase_if(claim.allowed_addresses,
                      [](const AllowedAddress& allowed) { return allowed.prefix.contains(kGroup4) || allowed.prefix.contains(kGroup6); });
        if (random.below(2) == 0) {
            claim.multicast = {kGroup4, kGroup6};
        }
    }
    return model;
}

struct Subject {
    explicit Subject(const Model& model) : index(model, {.host = facts, .bridge = "br0"}), ruleset(*compile(model)) {
        devices.push_back({.ifindex = kBridge, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .bridge = kBridge});
        for (Index i = 0; i < ruleset.ports.size(); ++i) {
            if (!ruleset.ports[i].device.empty()) {
                devices.push_back({.ifindex = 1 + i,
                                   .device = ruleset.ports[i].device,
                                   .kind = DeviceBinding::Kind::Bound,
                                   .port = i,
                                   .bridge = kBridge});
            }
        }
        host = {.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = nullptr};
        ports = nft_ports(host);
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    HostFacts facts{.addresses = {Address::ipv4(10, 0, 0, 250), test::address("fe80::1")}, .tunnels = {}};
    ModelIndex index;
    Ruleset ruleset;
    std::vector<DeviceBinding> devices;
    NftHost host;
    std::vector<NftPort> ports;
};

// Chains of one port, lowered with everything they refer to.
struct Chains {
    Chains(const NftPort& port, Direction direction, Family family, NftEntrance entrance, NftPorts ports) {
        NftBuilder bridge(NftFamily::Bridge, "portcullis");
        const auto counted = [&](const std::string& yes, const std::string& no) {
            return direction == Direction::Outbound ? yes : nft_counted(bridge, port, family, entrance, yes, no);
        };
        groups = counted(nft_groups(bridge, port, direction, family, NftCounted::Yes, ports),
                         nft_groups(bridge, port, direction, family, NftCounted::No, ports));
        acl = counted(nft_acl(bridge, port, direction, family, entrance, NftCounted::Yes, ports),
                      nft_acl(bridge, port, direction, family, entrance, NftCounted::No, ports));
        table = std::move(bridge).take();
    }
    std::string groups;
    std::string acl;
    NftTable table;
};

NftPacket packet_of(const RuleQuestion& question, bool is_to_group) {
    const bool is_ipv4 = question.remote.family == Family::Ipv4;
    const Address other = is_ipv4 ? Address::ipv4(192, 0, 2, 1) : test::address("2001:db8:ffff::1");
    const bool is_destination = question.direction == Direction::Outbound || is_to_group;
    NftPacket packet;
    packet.protocol = question.protocol;
    packet.network.resize(is_ipv4 ? 20 : 40);
    const std::size_t at = is_ipv4 ? 12 : 8;
    const std::size_t size = is_ipv4 ? 4 : 16;
    const Address& source = is_destination ? other : question.remote;
    const Address& destination = is_destination ? question.remote : other;
    std::copy_n(source.bytes.begin(), size, packet.network.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy_n(destination.bytes.begin(), size, packet.network.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (!question.has_unknown_ports) {
        const bool is_icmp = question.protocol == 1 || question.protocol == 58;
        packet.transport = nft_u16(is_icmp ? static_cast<std::uint16_t>(question.icmp_type << 8 | question.icmp_code) : std::uint16_t{1});
        const NftBytes port = nft_u16(question.destination_port);
        packet.transport.insert(packet.transport.end(), port.begin(), port.end());
        packet.transport.resize(20);
    }
    return packet;
}

NftEntrance entrance_of(const RuleQuestion& question) {
    switch (question.entrance.kind) {
        case Entrance::Kind::Port:
            return NftEntrance::Port;
        case Entrance::Kind::Host:
            return NftEntrance::Host;
        case Entrance::Kind::Uplink:
            return question.is_from_router ? NftEntrance::Router : NftEntrance::Uplink;
        case Entrance::Kind::Elsewhere:
            break;
    }
    return NftEntrance::Elsewhere;
}

std::string text_of(const RuleQuestion& question) {
    return question.port->id + " " + std::string(to_string(question.direction)) + " " + question.remote.to_string() + " protocol " +
           std::to_string(question.protocol) + " point " + std::to_string(question.destination_port) + " entrance " +
           std::to_string(static_cast<int>(entrance_of(question))) + " " + question.entrance.interface_id +
           (question.has_unknown_ports ? " unknown ports" : "");
}

void expect_run(const NftRun& run, const std::string& reason, const std::vector<std::string>& labels, const RuleQuestion& question) {
    const std::string word = question.direction == Direction::Outbound ? "out-" : "in-";
    ASSERT_EQ(run.end, reason.empty() ? "" : "drop-" + word + reason) << text_of(question);
    ASSERT_EQ(run.hits.empty(), labels.empty()) << text_of(question);
    ASSERT_LE(run.hits.size(), 1u) << text_of(question);
    if (!run.hits.empty()) {
        const auto is_hit = [&](const std::string& label) { return nft_rule_comment(label) == run.hits.front(); };
        ASSERT_TRUE(std::ranges::any_of(labels, is_hit)) << text_of(question) << ": " << run.hits.front();
    }
}

void expect_same_decisions(const Subject& subject, const NftPort& port, const RuleQuestion& question, std::uint32_t entered) {
    const bool is_to_group = question.direction == Direction::Inbound && (question.remote == kGroup4 || question.remote == kGroup6);
    const Chains chains(port, question.direction, question.remote.family, entrance_of(question),
                        question.has_unknown_ports ? NftPorts::Unknown : NftPorts::Known);
    NftPacket packet = packet_of(question, is_to_group);
    packet.iif = entered;
    packet.oif = port.ifindex();
    const NftInterpreter interpreter(chains.table);
    ASSERT_TRUE(interpreter.overlapping().empty()) << interpreter.overlapping().front();
    const std::vector<std::string> labels = labels_of(matching_rules(subject.index, question), question.direction);
    ASSERT_NO_FATAL_FAILURE(expect_run(interpreter.run(chains.groups, packet), labels.empty() ? "security_group" : "", labels, question));
    ASSERT_EQ(chains.acl.empty(), !subject.index.model().has_network_acls);
    if (chains.acl.empty() || !concerns_acl(subject.index, question)) {
        if (!chains.acl.empty()) {
            expect_run(interpreter.run(chains.acl, packet), "", {}, question);
        }
        return;
    }
    const AclAnswer answer = ask_acl(subject.index, question);
    const std::vector<std::string> entry =
        answer.entry == nullptr ? std::vector<std::string>{} : std::vector{rule_label(*answer.acl, question.direction, *answer.entry)};
    expect_run(interpreter.run(chains.acl, packet), answer.allows() ? "" : "network_acl", entry, question);
}

// A ruleset has one owner for an address that interfaces of several VPCs have: bound is one where any of them is. The evaluator looks at
// one VPC after the other.
bool is_of_several_vpcs(const Subject& subject, const Address& address) {
    const auto& vpcs = subject.index.model().vpcs;
    return std::ranges::count_if(vpcs, [&](const Vpc& vpc) { return !subject.index.owners(vpc.id, address).empty(); }) > 1;
}

// How an inbound packet entered; the ifindex of its port.
std::uint32_t enter(RandomModel& random, const Subject& subject, RuleQuestion& question) {
    switch (random.below(is_of_several_vpcs(subject, question.remote) ? 2 : 5)) {
        case 0: {
            const NftPort& from = subject.ports[random.below(static_cast<std::uint32_t>(subject.ports.size()))];
            question.entrance = {.kind = Entrance::Kind::Port, .interface_id = from.port->interface_id, .device = {}};
            if (random.below(2) == 0 || test::prefix("fe80::/10").contains(question.remote)) {
                question.remote = subject.index.interface(from.port->interface_id)->addresses.front();
            }
            return from.ifindex();
        }
        case 1:
            question.entrance = {.kind = Entrance::Kind::Host, .interface_id = {}, .device = {}};
            return 0;
        case 2:
            question.is_from_router = true;
            [[fallthrough]];
        case 3:
            question.entrance = {.kind = Entrance::Kind::Uplink, .interface_id = {}, .device = {}};
            return 50;
        default:
            question.entrance = {.kind = Entrance::Kind::Elsewhere, .interface_id = {}, .device = {}};
            return 51;
    }
}

Address some_remote(RandomModel& random, const Subject& subject, const NftPort& port) {
    switch (random.below(10)) {
        case 0:
            if (!port.around.multicast.empty()) {
                return random.below(2) == 0 ? kGroup4 : kGroup6;
            }
            [[fallthrough]];
        case 1: {
            const auto& interfaces = subject.index.model().network_interfaces;
            return interfaces[random.below(static_cast<std::uint32_t>(interfaces.size()))].mac->link_local();
        }
        case 2:
        case 3: {
            const NftPort& bound = subject.ports[random.below(static_cast<std::uint32_t>(subject.ports.size()))];
            return subject.index.interface(bound.port->interface_id)->addresses.front();
        }
        case 4:
            return subject.facts.addresses[random.below(2)];
        default:
            return random.some_address();
    }
}

RuleQuestion some_question(RandomModel& random, const Subject& subject, const NftPort& port) {
    RuleQuestion question{.port = subject.index.interface(port.port->interface_id),
                          .direction = random.below(2) == 0 ? Direction::Outbound : Direction::Inbound,
                          .entrance = {.kind = Entrance::Kind::Host, .interface_id = {}, .device = {}},
                          .remote = some_remote(random, subject, port),
                          .protocol = random.some_protocol()};
    const std::uint16_t point = random.some_port();
    question.destination_port = point;
    question.has_unknown_ports = random.below(3) == 0;
    question.icmp_type = static_cast<std::uint8_t>(point >> 8);
    question.icmp_code = static_cast<std::uint8_t>(point & 0xff);
    return question;
}

TEST(NftRules, DecideWhatTheRulesSay) {
    for (std::uint32_t seed = 0; seed < kModels; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed, seed % 2 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        const Model model = bound(random);
        const Subject subject(model);
        for (int i = 0; i < kQuestionsPerModel && !HasFatalFailure(); ++i) {
            const NftPort& port = subject.ports[random.below(static_cast<std::uint32_t>(subject.ports.size()))];
            RuleQuestion question = some_question(random, subject, port);
            const std::uint32_t entered = question.direction == Direction::Inbound ? enter(random, subject, question) : port.ifindex();
            expect_same_decisions(subject, port, question, entered);
        }
    }
}

}  // namespace
}  // namespace portcullis
