// SPDX-License-Identifier: Apache-2.0
// Attacks A46-A49: connections that nobody began, blind resets, ports used again. The victim serves tcp 80 and may begin nothing; all of it
// crosses its port alone.
#include "tests/attacks/attack_test.h"

namespace portcullis::test {
namespace {

constexpr Place kVictim = Place::Victim, kOutside = Place::Outside;
const Path kIn = into(kVictim, kOutside);
const Path kOut = out_of(kVictim, kOutside);
constexpr std::uint16_t kWeb = 80, kClient = 40000;
constexpr std::uint16_t kWindow = 1000;
constexpr std::uint32_t kClientStart = 5000, kServerStart = 900000;

class TcpState : public AttackTest {
   protected:
    TcpState() { serve(kWeb); }
    void serve(int port) { field.begin(documents(port)); }
    static Documents documents(int port) { return world({.victim_in = permission("tcp", port, port), .victim_out = kNothing}); }

    // Of the connection from client to web server.
    static Packet from_client(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement = 0) {
        return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / numbered(tcp(kClient, kWeb, flags), sequence, acknowledgement);
    }
    static Packet from_server(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement = 0) {
        return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / numbered(tcp(kWeb, kClient, flags), sequence, acknowledgement);
    }
    static Tcp numbered(Tcp segment, std::uint32_t sequence, std::uint32_t acknowledgement) {
        segment.sequence = sequence;
        segment.acknowledgement = acknowledgement;
        segment.window = kWindow;
        return segment;
    }
    void connect(std::uint32_t client = kClientStart, std::uint32_t server = kServerStart) {
        field.expect_pass(kIn, from_client(kSyn, client));
        field.expect_pass(kOut, from_server(kSyn | kAck, server, client + 1));
        field.expect_pass(kIn, from_client(kAck, client + 1, server + 1));
    }
    // The server may begin nothing: what it says passes as long as the flow lives.
    [[nodiscard]] Packet answer() const { return from_server(kAck, kServerStart + 1, kClientStart + 1); }
    void expect_alive() { field.expect_pass(kOut, answer()); }
    void expect_gone() { field.expect_drop(kOut, answer(), PC_REASON_security_group); }
    // Longer than a closed connection lasts, shorter than any other.
    void wait_for_close() { field.pass_time(11); }
};
PORTCULLIS_ATTACK_EVERYWHERE(TcpState);

TEST_P(TcpState, A46ASegmentInMidStreamIsJudgedAsABeginning) {
    const auto to_port = [](std::uint16_t port, std::uint8_t flags) {
        return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / tcp(kClient, port, flags);
    };
    for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{kAck, kAck | kPsh, kFin | kAck, kSyn}) {
        field.expect_drop(kIn, to_port(22, flags), PC_REASON_security_group);
    }
    EXPECT_EQ(field.flows(kVictim), 0u);
    // The server's side: it may begin nothing, an ACK out of the blue neither.
    field.expect_drop(kOut, from_server(kAck, 1, 1), PC_REASON_security_group);
    field.expect_pass(kIn, from_client(kAck, 1, 1));
    field.expect_pass(kOut, from_server(kAck, 1, 1));
}

TEST_P(TcpState, A47AnswersAndResetsWithoutAConnectionAreDropped) {
    for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{kSyn | kAck, kRst, kRst | kAck}) {
        field.expect_drop(kIn, from_client(flags, 1, 1), PC_REASON_no_flow);
        field.expect_drop(kOut, from_server(flags, 1, 1), PC_REASON_no_flow);
        EXPECT_EQ(field.flows(kVictim), 0u);
    }
    field.expect_pass(kIn, from_client(kSyn, 1));
}

TEST_P(TcpState, A47AConnectionThatNobodyAnsweredIsGoneAfterTwoMinutes) {
    field.expect_pass(kIn, from_client(kSyn, kClientStart));
    field.pass_time(119);
    field.expect_pass(kOut, from_server(kSyn | kAck, kServerStart, kClientStart + 1));
    field.pass_time(61);
    field.expect_drop(kOut, from_server(kSyn | kAck, kServerStart, kClientStart + 1), PC_REASON_no_flow);
    field.expect_pass(kIn, from_client(kSyn, kClientStart));
    field.pass_time(121);
    field.expect_drop(kOut, from_server(kSyn | kAck, kServerStart, kClientStart + 1), PC_REASON_no_flow);
}

TEST_P(TcpState, A48ABlindResetClosesNothing) {
    connect();
    for (const std::uint32_t guess :
         std::initializer_list<std::uint32_t>{0, 1, kClientStart, kClientStart + 1 + kWindow, kServerStart, 0x80000000, 0xffffffff}) {
        SCOPED_TRACE(guess);
        field.expect_pass(kIn, from_client(kRst, guess));
        field.expect_pass(kIn, from_client(kRst | kAck, guess, kServerStart + 1));
        wait_for_close();
        expect_alive();
    }
}

TEST_P(TcpState, A48AResetAtTheExpectedNumberCloses) {
    connect();
    field.expect_pass(kIn, from_client(kRst, kClientStart + 1));
    expect_alive();  // late segments
    wait_for_close();
    expect_gone();
}

TEST_P(TcpState, A48AResetInTheWindowCloses) {
    connect();
    field.expect_pass(kIn, from_client(kRst | kAck, kClientStart + kWindow, kServerStart + 1));
    wait_for_close();
    expect_gone();
}

TEST_P(TcpState, A48AResetDoesNotRefresh) {
    connect();
    field.expect_pass(kIn, from_client(kRst, kClientStart + 1));
    field.pass_time(6);
    field.expect_pass(kIn, from_client(kRst, kClientStart + 1));
    field.pass_time(6);
    expect_gone();
}

// The stack answers a SYN on its connection with a challenge ACK; the connection must live for it.
TEST_P(TcpState, A48ABlindSynChangesNothing) {
    connect();
    field.expect_pass(kIn, from_client(kSyn, 77777));
    expect_alive();
    field.expect_pass(kIn, from_client(kRst, 1));  // out of the window
    wait_for_close();
    expect_alive();
    field.pass_time(400'000);
    expect_alive();
}

// On a connection that the victim began, nobody may begin one backwards.
TEST_P(TcpState, A48ASynAgainstTheRulesIsDroppedAndTheConnectionLives) {
    field.begin(world({.victim_in = kNothing, .victim_out = permission("tcp", kWeb, kWeb)}));
    const auto out = [](std::uint8_t flags) { return link(kVictim, kOutside) / ipv4(kVictim, kOutside) / tcp(kClient, kWeb, flags); };
    const auto in = [](std::uint8_t flags) { return link(kOutside, kVictim) / ipv4(kOutside, kVictim) / tcp(kWeb, kClient, flags); };
    field.expect_pass(kOut, out(kSyn));
    field.expect_pass(kIn, in(kSyn | kAck));
    field.expect_pass(kOut, out(kAck));
    field.expect_drop(kIn, in(kSyn), PC_REASON_security_group);
    field.expect_pass(kIn, in(kAck));
    field.pass_time(400'000);
    field.expect_drop(kIn, in(kSyn), PC_REASON_security_group);
    field.expect_pass(kIn, in(kAck));
}

TEST_P(TcpState, A49ATupleMayBeUsedAgainAtOnceAfterFin) {
    connect();
    field.expect_pass(kIn, from_client(kFin | kAck, kClientStart + 1, kServerStart + 1));
    field.expect_pass(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2));
    field.expect_pass(kIn, from_client(kAck, kClientStart + 2, kServerStart + 2));
    field.expect_pass(kOut, from_server(kAck, kServerStart + 2, kClientStart + 2));  // late
    connect(kClientStart + 100'000, kServerStart + 100'000);
    field.pass_time(400'000);
    expect_alive();
}

TEST_P(TcpState, A49ATupleMayBeUsedAgainAtOnceAfterReset) {
    connect();
    field.expect_pass(kOut, from_server(kRst, kServerStart + 1));
    connect(kClientStart + 100'000, kServerStart + 100'000);
    field.pass_time(400'000);
    expect_alive();
}

TEST_P(TcpState, A49ATupleThatIsUsedAgainIsJudgedByTheRulesOfToday) {
    connect();
    field.expect_pass(kIn, from_client(kFin | kAck, kClientStart + 1, kServerStart + 1));
    field.expect_pass(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2));
    field.change(documents(443));
    field.expect_drop(kIn, from_client(kSyn, kClientStart + 100'000), PC_REASON_security_group);
    field.expect_pass(kIn, from_client(kAck, kClientStart + 2, kServerStart + 2));  // the old one may end
    field.change(documents(kWeb));
    field.expect_pass(kIn, from_client(kSyn, kClientStart + 100'000));
}

// Late segments of a connection that has ended pass while it is remembered, and begin nothing afterwards.
TEST_P(TcpState, A49ALateSegmentBeginsNothing) {
    connect();
    field.expect_pass(kIn, from_client(kFin | kAck, kClientStart + 1, kServerStart + 1));
    field.expect_pass(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2));
    field.expect_pass(kIn, from_client(kAck, kClientStart + 2, kServerStart + 2));
    field.expect_pass(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2));  // repeated
    field.pass_time(121);
    field.expect_drop(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2), PC_REASON_security_group);
    field.expect_drop(kOut, from_server(kRst, kServerStart + 2), PC_REASON_no_flow);
    field.expect_drop(kOut, from_server(kSyn | kAck, kServerStart, kClientStart + 1), PC_REASON_no_flow);
    connect();
}

TEST_P(TcpState, A49AHalfClosedConnectionLivesForTheTimeOfItsState) {
    connect();
    field.expect_pass(kIn, from_client(kFin | kAck, kClientStart + 1, kServerStart + 1));
    field.pass_time(119);
    field.expect_pass(kOut, from_server(kAck, kServerStart + 1, kClientStart + 2));  // close wait
    field.pass_time(59);
    field.expect_pass(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2));  // last ACK
    field.pass_time(31);
    field.expect_drop(kOut, from_server(kFin | kAck, kServerStart + 1, kClientStart + 2), PC_REASON_security_group);
}

}  // namespace
}  // namespace portcullis::test
