// SPDX-License-Identifier: Apache-2.0
// Attacks A59-A63: one port that takes all there is of flows, half-open connections, table room, or attention. Quotas are small here: 8
// answered flows a port, 4 half-open ones a side.
#include <algorithm>

#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;
constexpr std::uint16_t kWeb = 80, kService = 4000;
constexpr unsigned kMostAnswered = 8, kMostHalfOpen = 4;

class Exhaustion : public AttackTest {
   protected:
    Exhaustion() {
        field.begin(world({.victim_in = permission("tcp", kWeb, kWeb),
                           .victim_out = permission("udp", kService, kService),
                           .attacker_in = kNothing,
                           .attacker_out = permission("udp", 0, 65535)},
                          {R"({"Portcullis": {"Quotas": {"FlowsPerPort": 8, "HalfOpenPerPort": 4}}})"}));
    }
    static Packet question(Place from, std::uint16_t port) { return link(from, kOutside) / ipv4(from, kOutside) / udp(port, kService); }
    static Packet answer(Place to, std::uint16_t port) { return link(kOutside, to) / ipv4(kOutside, to) / udp(kService, port); }
    // How often the attacker asks, once in a second, until the answer reaches it.
    unsigned tries_until_answered(std::uint16_t port) {
        constexpr unsigned kMost = 16;
        for (unsigned tries = 1; tries <= kMost; ++tries) {
            field.pass_time(1);
            field.expect_pass(out_of(kAttacker, kOutside), question(kAttacker, port));
            auto round = field.play(kOutside, [&] { field.send(kOutside, answer(kAttacker, port).bytes()); });
            if (!round.heard[kAttacker].empty()) {
                return tries;
            }
        }
        return kMost + 1;
    }
    void ask_and_answer(Place place, std::uint16_t port) {
        field.expect_pass(out_of(place, kOutside), question(place, port));
        field.expect_pass(into(place, kOutside), answer(place, port));
    }
    // That many frames; what was counted. In parts that a receiver's buffer holds.
    [[nodiscard]] Ledger flood(unsigned frames, const std::function<void(unsigned)>& send_one) {
        constexpr unsigned kPart = 100;
        Ledger sum;
        for (unsigned begin = 0; begin < frames; begin += kPart) {
            const Battlefield::Round round = field.play(kAttacker, [&] {
                for (unsigned i = begin; i < std::min(begin + kPart, frames); ++i) {
                    send_one(i);
                }
            });
            for (const auto& [key, packets] : round.counted) {
                sum[key] += packets;
            }
        }
        return sum;
    }
    [[nodiscard]] Ledger flood(Place from, unsigned frames, const std::function<Packet(unsigned)>& frame) {
        return flood(frames, [&](unsigned i) { field.send(from, frame(i).bytes()); });
    }
    static Ledger counted(Place place, Direction direction, Reason reason, std::int64_t packets) {
        return {{{place, direction, reason}, packets}};
    }
};
PORTCULLIS_ATTACK_EVERYWHERE(Exhaustion);

// Of connections that are not answered the oldest gives way: the scan goes on, and takes nothing from anybody.
TEST_P(Exhaustion, A59AScanTakesTheScannersOwnRoomAlone) {
    ask_and_answer(kAttacker, 1);
    ask_and_answer(kVictim, 1);
    field.expect_pass(out_of(kVictim, kOutside), question(kVictim, 2));
    constexpr unsigned kScan = 1000;
    const Ledger scan = flood(kAttacker, kScan, [](unsigned i) {
        return link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / udp(9, static_cast<std::uint16_t>(10000 + i));
    });
    EXPECT_EQ(to_string(scan), to_string(counted(kAttacker, Direction::Outbound, PC_REASON_passed, kScan)));
    EXPECT_EQ(field.flows(kAttacker), 1 + kMostHalfOpen);
    field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 1));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 2));  // half-open all the while
    ask_and_answer(kVictim, 3);
}

TEST_P(Exhaustion, A59APortHasNoMoreAnsweredFlowsThanItsQuota) {
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        ask_and_answer(kAttacker, port);
    }
    field.expect_pass(out_of(kAttacker, kOutside), question(kAttacker, 9));
    field.expect_drop(into(kAttacker, kOutside), answer(kAttacker, 9), PC_REASON_flow_quota);
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, port));
    }
    ask_and_answer(kVictim, 9);
    // When their time is over there is room again, at the first try and without anybody's help.
    field.pass_time(181);
    EXPECT_EQ(tries_until_answered(11), 1U);
    // Each looks in four of the parts of the table that hold such flows of the port, here at most eight.
    for (std::uint16_t port = 12; port <= 10 + kMostAnswered; ++port) {
        EXPECT_LE(tries_until_answered(port), 2U);
    }
    field.pass_time(100);
    for (std::uint16_t port = 12; port <= 10 + kMostAnswered; ++port) {
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, port));
    }
    field.pass_time(100);
    EXPECT_LE(tries_until_answered(9), 2U) << "one of them alone has expired";
}

TEST_P(Exhaustion, A60AFloodOfSynsKillsNoConnectionAndKeepsNobodyOut) {
    const auto from = [](unsigned host, std::uint8_t flags) {
        return link(kOutside, kVictim) /
               with(ipv4(kOutside, kVictim),
                    [&](Ipv4& header) {
                        header.source.bytes[0] = 203;
                        header.source.bytes[1] = 0;
                        header.source.bytes[2] = 113;
                        header.source.bytes[3] = static_cast<std::uint8_t>(host);
                    }) /
               tcp(static_cast<std::uint16_t>(1024 + host), kWeb, flags);
    };
    const auto client = [](std::uint16_t port, std::uint8_t flags) {
        return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / tcp(port, kWeb, flags);
    };
    const auto server = [](std::uint16_t port, std::uint8_t flags) {
        return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / tcp(kWeb, port, flags);
    };
    const auto connect = [&](std::uint16_t port) {
        field.expect_pass(into(kVictim, kOutside), client(port, kSyn));
        field.expect_pass(out_of(kVictim, kOutside), server(port, kSyn | kAck));
        field.expect_pass(into(kVictim, kOutside), client(port, kAck));
    };
    connect(50001);
    field.expect_pass(out_of(kVictim, kOutside), question(kVictim, 1));
    constexpr unsigned kFlood = 250;
    const Ledger flooded = flood(kOutside, kFlood, [&](unsigned i) { return from(i + 1, kSyn); });
    EXPECT_EQ(to_string(flooded), to_string(counted(kVictim, Direction::Inbound, PC_REASON_passed, kFlood)));
    EXPECT_EQ(field.flows(kVictim), 2 + kMostHalfOpen);
    field.expect_pass(out_of(kVictim, kOutside), server(50001, kAck));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 1));  // those that the victim began are apart
    field.expect_drop(out_of(kVictim, kOutside), server(50002, kSyn | kAck), PC_REASON_no_flow);
    connect(50003);
    field.pass_time(400'000);
    field.expect_pass(out_of(kVictim, kOutside), server(50001, kAck));
}

TEST_P(Exhaustion, A61ChurnEvictsNoFlowThatIsInUse) {
    ask_and_answer(kAttacker, 1);
    for (unsigned round = 0; round < 20; ++round) {
        const Ledger churn = flood(kAttacker, 100, [&](unsigned i) {
            return link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) /
                   udp(static_cast<std::uint16_t>(2000 + round), static_cast<std::uint16_t>(i));
        });
        EXPECT_EQ(to_string(churn), to_string(counted(kAttacker, Direction::Outbound, PC_REASON_passed, 100)));
        field.pass_time(10);
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
    }
}

// A host without room beyond what each port has for itself: the attacker fills its own, everybody else's is there.
TEST_P(Exhaustion, A62WithoutRoomANewFlowIsDroppedAndOldOnesLive) {
    field.begin(world({.victim_in = kNothing,
                       .victim_out = permission("udp", 0, 65535),
                       .attacker_in = kNothing,
                       .attacker_out = permission("udp", 0, 65535)},
                      {R"({"Portcullis": {"Quotas": {"Flows": 1}}})"}));
    ask_and_answer(kAttacker, 1);
    constexpr unsigned kMany = 4000;
    constexpr std::uint16_t kFirst = 10000;
    const Ledger filled = flood(kMany, [&](unsigned i) {
        field.send(kAttacker, question(kAttacker, static_cast<std::uint16_t>(kFirst + i)).bytes());
        field.send(kOutside, answer(kAttacker, static_cast<std::uint16_t>(kFirst + i)).bytes());
    });
    const auto times = [&](Direction direction, Reason reason) {
        const auto at = filled.find({kAttacker, direction, reason});
        return at == filled.end() ? 0 : at->second;
    };
    const std::int64_t refused = times(Direction::Outbound, PC_REASON_flow_table_full);
    const std::int64_t opened = times(Direction::Outbound, PC_REASON_passed);
    EXPECT_GT(refused, 0);
    EXPECT_EQ(refused + opened, kMany);
    EXPECT_EQ(times(Direction::Inbound, PC_REASON_passed), opened) << "every flow that was opened was answered";
    EXPECT_EQ(times(Direction::Inbound, PC_REASON_security_group), refused) << "no state is no pass";
    EXPECT_EQ(field.flows(kAttacker), static_cast<std::uint64_t>(opened) + 1);
    field.expect_drop(out_of(kAttacker, kOutside), question(kAttacker, kFirst + kMany), PC_REASON_flow_table_full);
    field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
    ask_and_answer(kVictim, 1);
}

TEST_P(Exhaustion, A63DenialsAreCountedExactlyHoweverMany) {
    field.begin(world({.attacker_out = kNothing}, {R"({"Portcullis": {"OnDeny": {"Log": true}}})"}));
    constexpr unsigned kFlood = 5000;
    const Ledger denied = flood(kAttacker, kFlood, [](unsigned i) { return question(kAttacker, static_cast<std::uint16_t>(10000 + i)); });
    EXPECT_EQ(to_string(denied), to_string(counted(kAttacker, Direction::Outbound, PC_REASON_security_group, kFlood)));
    field.expect_pass(out_of(kVictim, kOutside), question(kVictim, 1));
}

}  // namespace
}  // namespace portcullis::test
