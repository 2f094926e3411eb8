// SPDX-License-Identifier: Apache-2.0
// Whatever the model: stages 5 to 8 of packets without a flow, their chains put in order and walked as nf_tables would walk them, end as
// the reference evaluator says, and count rules that it names.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "compiler/compile/compile.h"
#include "compiler/evaluate/evaluate.h"
#include "compiler/lower_nft/judgements.h"
#include "compiler/lower_nft/nft_names.h"
#include "compiler/lower_nft/nft_words.h"
#include "tests/support/packet.h"
#include "tests/unit/compiler/nft_interpreter.h"
#include "tests/unit/compiler/random_model.h"

namespace portcullis {
namespace {

using test::NftInterpreter;
using test::NftPacket;
using test::RandomKind;
using test::RandomModel;

constexpr std::uint32_t kModels = 16;
constexpr int kPacketsPerModel = 200;
constexpr std::uint32_t kBridge = 100;
const Mac kOther{{2, 7, 7, 7, 7, 7}};

enum class What : std::uint8_t { Syn, Rst, Udp, Echo, Gre, LaterTcp, LaterUdp };
constexpr What kWhats[] = {What::Syn, What::Rst, What::Rst, What::Udp, What::Echo, What::Gre, What::LaterTcp, What::LaterUdp};

struct Question {
    const NftPort* port = nullptr;
    Direction direction = Direction::Outbound;
    Address local;
    Address remote;
    What what = What::Syn;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;

    [[nodiscard]] bool is_outbound() const { return direction == Direction::Outbound; }
    [[nodiscard]] bool is_later() const { return what == What::LaterTcp || what == What::LaterUdp; }
    [[nodiscard]] std::uint8_t protocol() const {
        switch (what) {
            case What::Udp:
            case What::LaterUdp:
                return 17;
            case What::Echo:
                return local.family == Family::Ipv4 ? 1 : 58;
            case What::Gre:
                return 47;
            default:
                return 6;
        }
    }
    [[nodiscard]] std::string text() const {
        return port->port->interface_id + " " + std::string(to_string(direction)) + " " + local.to_string() + " and " + remote.to_string() +
               " ports " + std::to_string(local_port) + " and " + std::to_string(remote_port) + " kind " +
               std::to_string(static_cast<int>(what));
    }
};

test::Packet body_of(const Question& question) {
    const std::uint16_t from = question.is_outbound() ? question.local_port : question.remote_port;
    const std::uint16_t to = question.is_outbound() ? question.remote_port : question.local_port;
    const test::Payload filling{.bytes = test::Bytes(32)};
    switch (question.what) {
        case What::Syn:
        case What::Rst:
            return test::Tcp{.source_port = from, .destination_port = to, .flags = question.what == What::Syn ? test::kSyn : test::kRst} /
                   filling;
        case What::Udp:
            return test::Udp{.source_port = from, .destination_port = to} / filling;
        case What::Echo:
            return question.local.family == Family::Ipv4 ? test::Icmp{} / filling : test::Icmpv6{} / filling;
        default:
            return test::Packet{.layers = {filling}};
    }
}

test::Bytes frame_of(const Question& question) {
    const Mac& own = question.port->port->mac;
    const Address& source = question.is_outbound() ? question.local : question.remote;
    const Address& destination = question.is_outbound() ? question.remote : question.local;
    const test::Ethernet ethernet{.source = question.is_outbound() ? own : kOther, .destination = question.is_outbound() ? kOther : own};
    const std::uint16_t offset = question.is_later() ? 100 : 0;
    if (source.family == Family::Ipv4) {
        return (ethernet /
                test::Ipv4{.source = source, .destination = destination, .protocol = question.protocol(), .fragment_offset = offset} /
                body_of(question))
            .bytes();
    }
    if (question.is_later()) {
        return (ethernet / test::Ipv6{.source = source, .destination = destination} /
                test::FragmentHeader{.offset = offset, .next_header = question.protocol()} / body_of(question))
            .bytes();
    }
    return (ethernet / test::Ipv6{.source = source, .destination = destination, .next_header = question.protocol()} / body_of(question))
        .bytes();
}

NftPacket packet_of(const Question& question) {
    const test::Bytes frame = frame_of(question);
    const std::ptrdiff_t header = question.local.family == Family::Ipv4 ? 20 : 40;
    NftPacket packet;
    packet.link.assign(frame.begin(), frame.begin() + 14);
    packet.network.assign(frame.begin() + 14, frame.begin() + 14 + header);
    packet.protocol = question.protocol();
    (question.is_outbound() ? packet.iif : packet.oif) = question.port->ifindex();
    if (!question.is_later()) {
        packet.transport.assign(frame.begin() + 14 + header, frame.end());
    }
    return packet;
}

struct Subject {
    explicit Subject(const Model& of) : model(of), ruleset(*compile(model)) {
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
        facts.addresses = {Address::ipv4(10, 0, 0, 1), Address::ipv4(10, 1, 1, 2), test::address("2001:db8::5")};
        if (model.host_services) {
            facts.tunnels = {{.protocol = 17, .port = 22}, {.protocol = 17, .port = 1024}, {.protocol = 47}};
        }
        host = {.ruleset = &ruleset, .devices = devices, .facts = &facts, .bindings = nullptr};
        ports = nft_ports(host);
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    const Model& model;
    HostFacts facts;
    Ruleset ruleset;
    std::vector<DeviceBinding> devices;
    NftHost host;
    std::vector<NftPort> ports;
};

struct Outcome {
    std::string end;  // "" or the name of a reason
    std::vector<std::string> hits;
};

// Puts the chains of one packet in order, as compiler/lower_nft/lower_nft.cpp does for all.
class Walk {
   public:
    explicit Walk(const Question& question) : question_(question), packet_(packet_of(question)) {}

    Outcome run() {
        const bool is_service = is_service_packet();
        const bool passes_policies =
            pass(nft_host_policies(bridge_, *question_.port, question_.direction, family(),
                                   is_service ? NftFlowKind::Service : NftFlowKind::New, NftEntrance::Host, ports()));
        if (passes_policies && question_.is_outbound()) {
            static_cast<void>(pass_groups(is_service) && (is_service || pass_acl()));
        } else if (passes_policies) {
            static_cast<void>(pass_acl() && pass_groups(false));
        }
        return std::move(outcome_);
    }

   private:
    [[nodiscard]] Family family() const { return question_.local.family; }
    [[nodiscard]] NftPorts ports() const { return question_.is_later() ? NftPorts::Unknown : NftPorts::Known; }

    bool pass(const std::string& chain) {
        if (chain.empty()) {
            return true;
        }
        NftBuilder copy = bridge_;
        const NftTable table = std::move(copy).take();
        const NftInterpreter interpreter(table);
        EXPECT_TRUE(interpreter.overlapping().empty());
        const test::NftRun run = interpreter.run(chain, packet_);
        outcome_.hits.insert(outcome_.hits.end(), run.hits.begin(), run.hits.end());
        outcome_.end = run.end;
        return run.end.empty();
    }

    bool is_service_packet() {
        if (!question_.is_outbound() || question_.is_later()) {
            return false;
        }
        const bool is_echo = question_.what == What::Echo;
        const std::string set =
            is_echo ? nft_echo_routers(bridge_, *question_.port, family()) : nft_services(bridge_, *question_.port, family());
        if (set.empty()) {
            return false;
        }
        NftBuilder copy = bridge_;
        const NftTable table = std::move(copy).take();
        return NftInterpreter(table).holds(
            set, is_echo ? nft_key({nft_bytes(question_.remote)})
                         : nft_key({nft_bytes(question_.remote), nft_u8(question_.protocol()), nft_u16(question_.remote_port)}));
    }

    bool pass_groups(bool is_service) {
        const std::string untracked = "stop-untracked";
        const std::string chain = nft_untracked(bridge_, *question_.port, question_.direction, family(), untracked);
        if (!question_.is_later() && !pass(chain)) {
            EXPECT_EQ(outcome_.end, untracked);
            outcome_.end.clear();
            return true;
        }
        if (question_.what == What::Rst) {
            outcome_.end = "drop-" + word() + "no_flow";
            return false;
        }
        return is_service || pass(nft_groups(bridge_, *question_.port, question_.direction, family(), NftCounted::Yes, ports()));
    }

    bool pass_acl() {
        return pass(nft_acl(bridge_, *question_.port, question_.direction, family(), NftEntrance::Host, NftCounted::Yes, ports()));
    }

    [[nodiscard]] std::string word() const { return question_.is_outbound() ? "out-" : "in-"; }

    const Question& question_;
    NftPacket packet_;
    NftBuilder bridge_{NftFamily::Bridge, "portcullis"};
    Outcome outcome_;
};

template <class T>
const T& one_of(RandomModel& random, const std::vector<T>& all) {
    return all[random.below(static_cast<std::uint32_t>(all.size()))];
}

// Often one that something besides rules is about.
void choose_remote(RandomModel& random, const Subject& subject, Question& question) {
    const Surroundings& around = question.port->around;
    const auto& host_services = subject.ruleset.host_services;
    question.remote = random.some_address();
    const std::uint32_t choice = random.below(12);
    if (choice < 2 && !around.services.empty()) {
        const Service& service = one_of(random, around.services);
        question.remote = service.address;
        question.remote_port = service.port;
    } else if (choice == 2 && !around.echo.empty()) {
        question.remote = around.echo.front();
    } else if (choice < 5) {
        question.remote = one_of(random, subject.facts.addresses);
        question.what = random.below(2) == 0 ? What::Rst : question.what;  // passes untracked, if at all
        if (host_services && random.below(2) == 0) {
            question.remote_port = one_of(random, *host_services).port.value_or(0);
        }
    } else if (choice < 7 && !subject.ruleset.deny_cidrs.empty()) {
        question.remote = one_of(random, subject.ruleset.deny_cidrs).prefix.address;
        question.direction = Direction::Inbound;
    }
}

Question some_question(RandomModel& random, const Subject& subject) {
    Question question{.port = &one_of(random, subject.ports),
                      .direction = random.below(3) != 0 ? Direction::Outbound : Direction::Inbound,
                      .what = kWhats[random.below(std::size(kWhats))],
                      .local_port = random.some_port(),
                      .remote_port = random.some_port()};
    const auto& addresses = question.port->port->addresses;
    question.local = one_of(random, addresses).address;
    do {
        choose_remote(random, subject, question);
        if (question.remote.family != question.local.family) {
            const auto other = std::ranges::find_if(addresses, [&](const Prefix& own) { return own.family() == question.remote.family; });
            question.local = other == addresses.end() ? question.local : other->address;
        }
    } while (question.remote.family != question.local.family);
    return question;
}

void expect_same_verdict(const Subject& subject, const Question& question) {
    Evaluator evaluator(subject.model, {.host = subject.facts, .bridge = "br0"});
    const test::Bytes frame = frame_of(question);
    const Verdict verdict = evaluator.judge({.interface_id = question.port->port->interface_id,
                                             .direction = question.direction,
                                             .entrance = {.kind = Entrance::Kind::Host, .interface_id = {}, .device = {}},
                                             .frame = frame});
    if (!verdict.passes() && stage_of(verdict.reason) < 5) {
        return;
    }
    const Outcome outcome = Walk(question).run();
    const std::string word = question.is_outbound() ? "drop-out-" : "drop-in-";
    ASSERT_EQ(outcome.end, verdict.passes() ? "" : word + std::string(name_of(verdict.reason))) << question.text();
    for (const std::string& hit : outcome.hits) {
        // The evaluator names the rules of the stage that dropped a packet alone.
        const bool is_named = std::ranges::any_of(verdict.rules, [&](const std::string& label) { return nft_rule_comment(label) == hit; });
        ASSERT_TRUE(is_named || !verdict.passes()) << question.text() << ": " << hit;
    }
    ASSERT_TRUE(!outcome.hits.empty() || verdict.rules.empty()) << question.text();
}

// Every second model has rules from anywhere for everything, so that flows need no state; half of the interfaces are bound.
Model prepared(RandomModel& random) {
    Model model = random.model();
    model.isolates_instances = model.isolates_instances && random.below(2) == 0;
    const bool is_wide = random.below(2) == 0;
    for (SecurityGroup& group : model.security_groups) {
        for (auto& rules : group.rules) {
            for (const char* const anywhere : {"0.0.0.0/0", "::/0"}) {
                if (is_wide && random.below(2) == 0) {
                    const Traffic traffic = random.below(3) == 0 ? Traffic{} : test::tcp(0, random.below(2) == 0 ? 65535 : 1024);
                    rules.push_back({.traffic = traffic, .source = test::prefix(anywhere)});
                }
            }
        }
    }
    for (const NetworkInterface& interface : model.network_interfaces) {
        const bool has_claim = std::ranges::find(model.ports, interface.id, &PortClaim::network_interface_id) != model.ports.end();
        if (!has_claim && model.ports.size() < 6) {
            model.ports.push_back({.network_interface_id = interface.id, .device = "tap-" + interface.id});
        }
    }
    return model;
}

TEST(NftJudgements, EndPacketsWithoutAFlowAsTheEvaluatorDoes) {
    for (std::uint32_t seed = 0; seed < kModels; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomModel random(seed, seed % 4 == 0 ? RandomKind::Plain : RandomKind::WithHostPolicies);
        const Model model = prepared(random);
        const Subject subject(model);
        for (int i = 0; i < kPacketsPerModel && !HasFatalFailure(); ++i) {
            expect_same_verdict(subject, some_question(random, subject));
        }
    }
}

}  // namespace
}  // namespace portcullis
