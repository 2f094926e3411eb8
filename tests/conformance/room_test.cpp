// SPDX-License-Identifier: Apache-2.0
// What depends on room and on rates (docs/semantics.md 2.1.3, 5.3, 7.9, 7.10), of which the evaluator says nothing: the programs before a
// reference of its own for the quotas, and cases that say exactly what is due. Of packets whose flow was not ended for want of room the
// evaluator is asked too: but for the quota's or the rate's own drops the verdicts are its. PORTCULLIS_RANDOM_SEED as in random_test.cpp.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "tests/conformance/bpf_judge.h"
#include "tests/conformance/conversation.h"
#include "tests/conformance/evaluator_judge.h"
#include "tests/conformance/random_run.h"
#include "tests/support/packet_messages.h"

namespace portcullis::test {
namespace {

Conversation random_conversation(RandomSource& random, std::uint16_t number) {
    const Family family = random.one_of({Family::Ipv4, Family::Ipv6});
    switch (random.below(5)) {
        case 0:
            return udp_talk(0, family, number);
        case 1:
            return udp_at_open_port(0, family, number);
        case 2:
            return tcp_talk(0, family, number, Direction::Outbound);
        case 3:
            return tcp_talk(0, family, number, Direction::Inbound);
        default:
            return ping_talk(0, family, number);
    }
}

// 7.10 of one port, while no flow's time is over. Flows are told apart by their number.
class Room {
   public:
    explicit Room(const Quotas& quotas) : quotas_(quotas) {}

    Reason judge(std::uint16_t number, Direction direction, Reason alone) {
        const auto flow = flows_.find(number);
        if (flow == flows_.end()) {
            if (alone == PC_REASON_passed) {
                open(number, direction);
            }
            return alone;
        }
        if (flow->second.is_answered || direction == flow->second.opener) {
            return PC_REASON_passed;
        }
        if (answered_ == quotas_.flows_per_port) {
            return PC_REASON_flow_quota;
        }
        ++answered_;
        flow->second.is_answered = true;
        return PC_REASON_passed;
    }
    [[nodiscard]] bool was_ended(std::uint16_t number) const { return ended_.contains(number); }
    [[nodiscard]] std::size_t ended() const { return ended_.size(); }

   private:
    struct Flow {
        Direction opener = Direction::Outbound;
        bool is_answered = false;
    };
    // It takes the place of the flow that many before it on its side, unless that was answered.
    void open(std::uint16_t number, Direction direction) {
        flows_[number] = {.opener = direction};
        std::deque<std::uint16_t>& latest = latest_[static_cast<std::size_t>(direction)];
        latest.push_back(number);
        if (latest.size() > quotas_.half_open_per_port) {
            const auto oldest = flows_.find(latest.front());
            if (oldest != flows_.end() && !oldest->second.is_answered) {
                ended_.insert(oldest->first);
                flows_.erase(oldest);
            }
            latest.pop_front();
        }
    }
    Quotas quotas_;
    std::map<std::uint16_t, Flow> flows_;
    std::deque<std::uint16_t> latest_[2];
    std::set<std::uint16_t> ended_;
    std::uint32_t answered_ = 0;
};

class RoomTest : public testing::Test {
   protected:
    void begin(const Model& model) {
        bpf_.begin(model, {});
        evaluator_.begin(model, {});
    }
    void wait(unsigned seconds) {
        bpf_.wait(seconds);
        evaluator_.wait(seconds);
    }
    static Arrival arrival_of(std::size_t port, Direction direction, const Bytes& frame) {
        return {.interface_id = talker(port), .direction = direction, .entrance = {.kind = Entrance::Kind::Uplink}, .frame = frame};
    }
    Reason judge(const Arrival& arrival) { return bpf_.judge(arrival).reason; }
    Reason say(const Conversation& talk, Direction direction) {
        return judge(arrival_of(talk.port, direction, talk.frame[static_cast<std::size_t>(direction)]));
    }
    Reason ask(const Conversation& talk) { return say(talk, Direction::Outbound); }
    Reason answer(const Conversation& talk) { return say(talk, Direction::Inbound); }

    // In a window of the rates: how many of the kind pass before one is `rate_limited`, which must be the last of them.
    unsigned passing_in_a_window(std::size_t port, Direction direction, const Bytes& frame, unsigned at_most);

    BpfJudge bpf_{kTalkers};
    EvaluatorJudge evaluator_;
};

// By the clock that the programs ask, which is in a test's hand only as far as its age is.
std::uint64_t window_of_rates() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const auto ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
    const std::uint32_t row = 0;
    const auto bytes = KernelMap::pinned(PrivateBpffs::directory() + "/maps/pc_host").value_of(std::as_bytes(std::span(&row, 1))).value();
    pc_host host;
    std::memcpy(&host, bytes.data(), sizeof host);
    return static_cast<std::uint32_t>((ns >> PC_TICK_SHIFT) + host.clock_offset) >> PC_RATE_WINDOW_SHIFT;
}

unsigned RoomTest::passing_in_a_window(std::size_t port, Direction direction, const Bytes& frame, unsigned at_most) {
    constexpr unsigned kNextWindow = 2;  // seconds
    unsigned passed = 0;
    // What a window's end comes into says nothing: then the next one.
    EXPECT_TRUE(wait_until([&] {
        wait(kNextWindow);
        const std::uint64_t window = window_of_rates();
        passed = 0;
        Reason reason = PC_REASON_passed;
        while (passed <= at_most && (reason = judge(arrival_of(port, direction, frame))) == PC_REASON_passed) {
            ++passed;
        }
        if (window_of_rates() != window) {
            return false;
        }
        EXPECT_EQ(name_of(reason), name_of(PC_REASON_rate_limited));
        EXPECT_EQ(evaluator_.judge(arrival_of(port, direction, frame)).reason, PC_REASON_passed);
        return true;
    }));
    return passed;
}

// Quotas of a few flows, and more conversations than they have room for, in any order.
TEST_F(RoomTest, RandomConversationsMeetTheQuotasAsTheReferenceSays) {
    constexpr unsigned kRounds = 200, kPackets = 150, kTalks = 16;
    RandomSource random(chosen_seed("PORTCULLIS_RANDOM_SEED"));
    std::map<Reason, unsigned> seen;
    std::size_t ended = 0;
    std::uint16_t number = 10'000;  // not used again: what a queue remembers of former flows is none of the next round's
    for (unsigned round = 0; round < kRounds && !HasFailure(); ++round) {
        Model model = talking_model();
        model.quotas.half_open_per_port = random.between(1, 5);
        model.quotas.flows_per_port = random.between(1, 8);
        begin(model);
        Room room(model.quotas);
        std::map<std::uint16_t, Conversation> talks;
        for (unsigned talk = 0; talk < kTalks; ++talk, ++number) {
            talks[number] = random_conversation(random, number);
        }
        for (unsigned packet = 0; packet < kPackets && !HasFailure(); ++packet) {
            const auto of = static_cast<std::uint16_t>(number - 1 - random.below(kTalks));
            const auto direction = random.one_of({Direction::Outbound, Direction::Inbound});
            const auto side = static_cast<std::size_t>(direction);
            const Conversation& talk = talks.at(of);
            const Reason due = room.judge(of, direction, talk.alone[side]);
            EXPECT_EQ(name_of(say(talk, direction)), name_of(due)) << "round " << round << ", packet " << packet;
            const Reason without_room = evaluator_.judge(arrival_of(0, direction, talk.frame[side])).reason;
            if (!room.was_ended(of)) {
                EXPECT_EQ(name_of(without_room), name_of(due == PC_REASON_flow_quota ? PC_REASON_passed : due));
            }
            ++seen[due];
        }
        ended += room.ended();
    }
    for (const Reason reason : {PC_REASON_passed, PC_REASON_flow_quota, PC_REASON_security_group, PC_REASON_no_flow}) {
        EXPECT_GT(seen[reason], kRounds) << name_of(reason);
        std::printf("%s %u, ", std::string(name_of(reason)).c_str(), seen[reason]);
    }
    EXPECT_GT(ended, kRounds);
    std::printf("half-open flows that gave way %zu\n", ended);
}

TEST_F(RoomTest, AnsweredFlowsMakeRoomWhenTheirTimeIsOver) {
    constexpr std::uint16_t kMost = 8;
    Model model = talking_model();
    model.quotas.flows_per_port = kMost;
    begin(model);
    for (std::uint16_t number = 1; number <= kMost; ++number) {
        EXPECT_EQ(ask(udp_talk(0, Family::Ipv4, number)), PC_REASON_passed);
        EXPECT_EQ(answer(udp_talk(0, Family::Ipv4, number)), PC_REASON_passed);
    }
    const Conversation next = udp_talk(0, Family::Ipv6, kMost + 1);
    EXPECT_EQ(ask(next), PC_REASON_passed);
    EXPECT_EQ(answer(next), PC_REASON_flow_quota);
    EXPECT_EQ(ask(next), PC_REASON_passed) << "what was dropped ended its flow";
    EXPECT_EQ(ask(udp_talk(1, Family::Ipv4, 1)), PC_REASON_passed);
    EXPECT_EQ(answer(udp_talk(1, Family::Ipv4, 1)), PC_REASON_passed) << "another port's quota";
    wait(178);
    EXPECT_EQ(ask(next), PC_REASON_passed);
    EXPECT_EQ(answer(next), PC_REASON_flow_quota);
    wait(4);
    EXPECT_EQ(answer(next), PC_REASON_passed);
}

TEST_F(RoomTest, ServiceFlowsHaveAQuotaOfTheirOwn) {
    constexpr std::uint16_t kMost = 1024, kFirst = 20'000;
    Model model = talking_model({});  // whose groups admit nothing
    model.services.listed = {{.address = peer(Family::Ipv4), .protocol = 17, .port = kRemote}};
    model.quotas.flows_per_port = 1;
    model.quotas.half_open_per_port = 1;
    begin(model);
    const auto question = [](std::uint16_t number) { return udp_talk(0, Family::Ipv4, static_cast<std::uint16_t>(kFirst + number)); };
    for (std::uint16_t number = 0; number < kMost; ++number) {
        ASSERT_EQ(ask(question(number)), PC_REASON_passed) << number;
        EXPECT_EQ(evaluator_.judge(arrival_of(0, Direction::Outbound, question(number).frame[kOut])).reason, PC_REASON_passed);
    }
    EXPECT_EQ(ask(question(kMost)), PC_REASON_flow_quota);
    EXPECT_EQ(evaluator_.judge(arrival_of(0, Direction::Outbound, question(kMost).frame[kOut])).reason, PC_REASON_passed);
    for (std::uint16_t number = 0; number < kMost; ++number) {
        EXPECT_EQ(answer(question(number)), PC_REASON_passed) << "evicted, or bounded as the groups' flows are: " << number;
    }
    EXPECT_EQ(ask(question(kMost)), PC_REASON_flow_quota);

    const Conversation neighbours = udp_talk(1, Family::Ipv4, kFirst + kMost);
    EXPECT_EQ(ask(neighbours), PC_REASON_passed) << "another port's quota";
    wait(182);
    EXPECT_EQ(ask(question(kMost)), PC_REASON_passed);
}

// The host's tables: half of 32768 flows is divided between 32 ports; beyond that, `Quotas.Flows` leaves 100 for all
// (docs/kernel-state.md).
TEST_F(RoomTest, TheTableHasRoomForReservesAndASharedRemainder) {
    constexpr MapCapacities kTables = TestBackEndOptions::kSmall;
    constexpr std::uint32_t kReserve = (kTables.flows4 + kTables.flows6) / 2 / kTables.ports, kShared = 100;
    Model model = talking_model();
    model.quotas.flows = kReserve * kTables.ports + kShared;
    begin(model);
    const auto talk = [](std::size_t port, std::uint32_t number) {
        return udp_talk(port, number % 2 == 0 ? Family::Ipv4 : Family::Ipv6, static_cast<std::uint16_t>(20'000 + number));
    };
    for (std::uint32_t number = 0; number < kReserve + kShared; ++number) {
        ASSERT_EQ(ask(talk(0, number)), PC_REASON_passed) << number;
        ASSERT_EQ(answer(talk(0, number)), PC_REASON_passed) << number;
    }
    EXPECT_EQ(ask(talk(0, 1002)), PC_REASON_flow_table_full);
    EXPECT_EQ(answer(talk(0, 1002)), PC_REASON_security_group) << "a flow that got no room passes";
    EXPECT_EQ(answer(talk(0, 0)), PC_REASON_passed);
    // The remainder is taken, the neighbour's reserve is not.
    for (std::uint32_t number = 0; number < kReserve; ++number) {
        ASSERT_EQ(ask(talk(1, number)), PC_REASON_passed) << number;
        ASSERT_EQ(answer(talk(1, number)), PC_REASON_passed) << number;
    }
    EXPECT_EQ(ask(talk(1, 1000)), PC_REASON_flow_table_full);
    wait(182);
    EXPECT_EQ(ask(talk(0, 1002)), PC_REASON_passed);
    EXPECT_EQ(answer(talk(0, 1002)), PC_REASON_passed);
}

TEST_F(RoomTest, TenAnnouncementsOfAMigratedInstancePassInAWindow) {
    begin(talking_model());
    const auto announcement = [](std::size_t port) { return rarp_announcement(mac_of_talker(port)).bytes(); };
    EXPECT_EQ(passing_in_a_window(0, Direction::Outbound, announcement(0), 1000), 10U);
    EXPECT_EQ(passing_in_a_window(1, Direction::Outbound, announcement(1), 1000), 10U);
    EXPECT_EQ(ask(udp_talk(0, Family::Ipv4, 1)), PC_REASON_passed);
}

TEST_F(RoomTest, AHundredErrorsAboutUntrackedPacketsPassInAWindow) {
    begin(talking_model({prefix("0.0.0.0/0"), prefix("::/0")}));
    const Bytes quoted4 = (headers_of(0, Direction::Outbound, Family::Ipv4) / Udp{.source_port = kOpen, .destination_port = 9}).bytes();
    const Bytes quoted6 = (headers_of(0, Direction::Outbound, Family::Ipv6) / Udp{.source_port = kOpen, .destination_port = 9}).bytes();
    const Bytes error4 = (headers_of(0, Direction::Inbound, Family::Ipv4) / Icmp{.type = 3, .code = 4} / quote_of(quoted4, 100)).bytes();
    const Bytes error6 = (headers_of(0, Direction::Inbound, Family::Ipv6) / Icmpv6{.type = 2} / quote_of(quoted6, 100)).bytes();
    EXPECT_EQ(passing_in_a_window(0, Direction::Inbound, error4, 1000), 100U);
    EXPECT_EQ(passing_in_a_window(0, Direction::Inbound, error6, 1000), 100U);
    // Errors about a live flow are of no kind that is limited.
    EXPECT_EQ(passing_in_a_window(0, Direction::Inbound, error4, 1000), 100U);
    const Conversation pinged = ping_talk(0, Family::Ipv4, 7);
    EXPECT_EQ(ask(pinged), PC_REASON_passed);
    const Bytes related =
        (headers_of(0, Direction::Inbound, Family::Ipv4) / Icmp{.type = 3, .code = 1} / quote_of(pinged.frame[kOut], 100)).bytes();
    for (unsigned i = 0; i < 200; ++i) {
        ASSERT_EQ(judge(arrival_of(0, Direction::Inbound, related)), PC_REASON_passed) << i;
    }
}

}  // namespace
}  // namespace portcullis::test
