// SPDX-License-Identifier: Apache-2.0
// What becomes on nftables of the attacks whose tests nft_otherwise.h leaves out: room, resets, answers to denials. Quotas are small here:
// 8 answered flows a port, 4 half-open ones a side. Room that is left comes back when the kernel collects what was deleted.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kAttacker = Place::Attacker, kOutside = Place::Outside;
constexpr std::uint16_t kWeb = 80, kService = 4000;
constexpr std::int64_t kMostAnswered = 8, kMostHalfOpen = 4;

class OnNftables : public AttackTest {
   protected:
    void begin_with_little_room() {
        field.begin(world({.victim_in = permission("tcp", kWeb, kWeb),
                           .victim_out = permission("udp", kService, kService),
                           .attacker_in = kNothing,
                           .attacker_out = permission("udp", 0, 65535)},
                          {R"({"Portcullis": {"Quotas": {"FlowsPerPort": 8, "HalfOpenPerPort": 4}}})"}));
    }
    static Packet question(Place from, std::uint16_t port) { return link(from, kOutside) / ipv4(from, kOutside) / udp(port, kService); }
    static Packet answer(Place to, std::uint16_t port) { return link(kOutside, to) / ipv4(kOutside, to) / udp(kService, port); }
    static Packet from_client(std::uint16_t port, std::uint8_t flags) {
        return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / tcp(port, kWeb, flags);
    }
    static Packet from_server(std::uint16_t port, std::uint8_t flags) {
        return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / tcp(kWeb, port, flags);
    }
    // Sent until the port that judges has room for it.
    [[nodiscard]] bool passes_in_time(const Path& path, const Packet& packet) {
        const Place judge = path.judged == Direction::Outbound ? path.from : path.to;
        return wait_until([&] {
            const Ledger counted = field.play(path.from, [&] { field.send(path.from, packet.bytes()); }).counted;
            return counted.contains({judge, path.judged, PC_REASON_passed});
        });
    }
    void ask_and_answer(Place place, std::uint16_t port) {
        EXPECT_TRUE(passes_in_time(out_of(place, kOutside), question(place, port)));
        field.expect_pass(into(place, kOutside), answer(place, port));
    }
    void connect(std::uint16_t port) {
        EXPECT_TRUE(passes_in_time(into(kVictim, kOutside), from_client(port, kSyn)));
        field.expect_pass(out_of(kVictim, kOutside), from_server(port, kSyn | kAck));
        field.expect_pass(into(kVictim, kOutside), from_client(port, kAck));
    }
    // Of that many packets, all counted where they are judged, no more pass than a side has room for; the others meet the quota.
    void expect_flood_meets_quota(const Path& path, unsigned packets, const std::function<Packet(unsigned)>& packet) {
        const Place judge = path.judged == Direction::Outbound ? path.from : path.to;
        Ledger counted = field
                             .play(path.from,
                                   [&] {
                                       for (unsigned i = 0; i < packets; ++i) {
                                           field.send(path.from, packet(i).bytes());
                                       }
                                   })
                             .counted;
        const std::int64_t passed = counted[{judge, path.judged, PC_REASON_passed}];
        EXPECT_LE(passed, kMostHalfOpen);
        const std::int64_t refused = counted[{judge, path.judged, PC_REASON_flow_quota}];
        EXPECT_EQ(passed + refused, packets);
    }
    void scan(std::uint16_t source, unsigned packets = 100) {
        expect_flood_meets_quota(out_of(kAttacker, kOutside), packets, [&](unsigned i) {
            return link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / udp(source, static_cast<std::uint16_t>(10000 + i));
        });
    }
};
PORTCULLIS_ATTACK_ON_NFTABLES(OnNftables);

TEST_P(OnNftables, A59AScanEndsAtTheScannersOwnRoom) {
    begin_with_little_room();
    ask_and_answer(kAttacker, 1);
    ask_and_answer(kVictim, 1);
    EXPECT_TRUE(passes_in_time(out_of(kVictim, kOutside), question(kVictim, 2)));
    scan(9);
    EXPECT_LE(field.flows(kAttacker), 1U + kMostHalfOpen);
    field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 1));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 2));  // half-open all the while
    ask_and_answer(kVictim, 3);
    field.pass_time(31);  // the scanner's flows are over
    ask_and_answer(kAttacker, 2);
}

TEST_P(OnNftables, A59AnsweredFlowsMeetTheirQuotaAndTheirRoomComesBack) {
    begin_with_little_room();
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        ask_and_answer(kAttacker, port);
    }
    EXPECT_TRUE(passes_in_time(out_of(kAttacker, kOutside), question(kAttacker, 9)));
    field.expect_drop(into(kAttacker, kOutside), answer(kAttacker, 9), PC_REASON_flow_quota);
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, port));
    }
    ask_and_answer(kVictim, 9);
    field.pass_time(181);
    EXPECT_TRUE(passes_in_time(out_of(kAttacker, kOutside), question(kAttacker, 11)));
    EXPECT_TRUE(passes_in_time(into(kAttacker, kOutside), answer(kAttacker, 11)));
}

TEST_P(OnNftables, A60AFloodOfSynsKillsNoConnection) {
    begin_with_little_room();
    connect(50001);
    EXPECT_TRUE(passes_in_time(out_of(kVictim, kOutside), question(kVictim, 1)));
    expect_flood_meets_quota(into(kVictim, kOutside), 100,
                             [](unsigned i) { return from_client(static_cast<std::uint16_t>(1024 + i), kSyn); });
    field.expect_pass(out_of(kVictim, kOutside), from_server(50001, kAck));
    field.expect_pass(into(kVictim, kOutside), from_client(50001, kAck));
    field.expect_pass(into(kVictim, kOutside), answer(kVictim, 1));  // those that the victim began are apart
    field.expect_drop(out_of(kVictim, kOutside), from_server(50002, kSyn | kAck), PC_REASON_no_flow);
    field.pass_time(121);  // the flood's are over
    connect(50003);
    field.pass_time(400'000);
    field.expect_pass(out_of(kVictim, kOutside), from_server(50001, kAck));
}

TEST_P(OnNftables, A61ChurnThatIsDroppedEvictsNoFlow) {
    begin_with_little_room();
    ask_and_answer(kAttacker, 1);
    for (std::uint16_t round = 0; round < 20; ++round) {
        scan(static_cast<std::uint16_t>(2000 + round));
        field.pass_time(10);
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
    }
}

// The attacker has all that it may have; of everybody else's room nothing is gone.
TEST_P(OnNftables, A62RoomIsEachPortsOwn) {
    begin_with_little_room();
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        ask_and_answer(kAttacker, port);
    }
    // Flows that were answered leave their places among the half-open ones to the kernel's collection, and these are filled as well.
    EXPECT_TRUE(wait_until([&] {
        scan(9);
        return field.flows(kAttacker) == kMostAnswered + kMostHalfOpen;
    }));
    field.expect_drop(out_of(kAttacker, kOutside), question(kAttacker, 100), PC_REASON_flow_quota);
    for (std::uint16_t port = 1; port <= kMostAnswered; ++port) {
        ask_and_answer(kVictim, port);
        field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, port));
    }
}

TEST_P(OnNftables, A48AResetChangesNothingWhereverItStands) {
    constexpr std::uint32_t kClientStart = 5000;
    field.begin(world({.victim_in = permission("tcp", kWeb, kWeb), .victim_out = kNothing}));
    connect(50001);
    for (const std::uint32_t number : std::initializer_list<std::uint32_t>{0, kClientStart, kClientStart + 1, kClientStart + 1000}) {
        for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{kRst, kRst | kAck}) {
            field.expect_pass(into(kVictim, kOutside), link(kOutside, kVictim) / ipv4(kOutside, kVictim) /
                                                           with(tcp(50001, kWeb, flags), [&](Tcp& segment) { segment.sequence = number; }));
            field.pass_time(11);
            field.expect_pass(out_of(kVictim, kOutside), from_server(50001, kAck));
        }
    }
    // Resets do not keep it alive either.
    field.expect_pass(into(kVictim, kOutside), from_client(50001, kRst));
    field.pass_time(431'000);
    field.expect_pass(into(kVictim, kOutside), from_client(50001, kRst));
    field.pass_time(1001);
    field.expect_drop(out_of(kVictim, kOutside), from_server(50001, kAck), PC_REASON_security_group);
}

TEST_P(OnNftables, A71DenialsAreNotAnswered) {
    field.begin(world({.victim_out = kNothing, .attacker_out = kNothing}, {R"({"Portcullis": {"OnDeny": {"Action": "reject"}}})"}));
    for (const Packet& denied : {Packet(link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / tcp(50001, kWeb, kSyn)),
                                 Packet(link(kAttacker, kOutside) / ipv4(kAttacker, kOutside) / udp(50001, kService)),
                                 Packet(link(kAttacker, kOutside) / ipv6(kAttacker, kOutside) / tcp(50001, kWeb, kSyn)),
                                 Packet(link(kAttacker, kOutside) / ipv6(kAttacker, kOutside) / udp(50001, kService))}) {
        field.expect_drop(out_of(kAttacker, kOutside), denied, PC_REASON_security_group);
    }
    field.expect_pass(into(kAttacker, kOutside), answer(kAttacker, 1));
}

TEST_P(OnNftables, EveryTestThatIsLeftOutExists) {
    std::set<std::string> names;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const testing::TestSuite& suite = *all.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const std::string name = suite.GetTestInfo(j)->name();
            names.insert(name.substr(0, name.find('/')));
        }
    }
    for (const NftLeftOut& one : nft_left_out()) {
        EXPECT_TRUE(names.contains(std::string(one.test))) << one.test;
        EXPECT_TRUE(names.contains(std::string(one.instead))) << one.instead;
    }
}

}  // namespace
}  // namespace portcullis::test
