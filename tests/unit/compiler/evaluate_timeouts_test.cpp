// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7.6 and 7.7: states by how long they last. Every limit is met from 2 s before and behind it.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

// A reset out of every window tells whether the flow is there, and changes nothing.
const Tcp kProbe{.source_port = 80, .destination_port = 40000, .flags = kRst, .sequence = 0x80000000};

void expect_timeout(const char* what, Talk& talk, double seconds) {
    EXPECT_THAT(talk.after(seconds - 2).them(kProbe), Passes()) << what;
    EXPECT_THAT(talk.after(4).them(kProbe), DropsAs(PC_REASON_no_flow)) << what;
}

TEST(EvaluateTimeouts, OfTcpStates) {
    {
        Talk talk;
        EXPECT_THAT(talk.us(kSyn), Passes());
        expect_timeout("SYN sent", talk, 120);
    }
    {
        Talk talk;
        EXPECT_THAT(talk.us(kAck), Passes());
        expect_timeout("picked up", talk, 120);
    }
    {
        Talk talk;
        EXPECT_THAT(talk.us(kSyn), Passes());
        EXPECT_THAT(talk.them(kSynAck), Passes());
        expect_timeout("SYN received", talk, 60);
    }
    {
        Talk talk;
        talk.establish();
        expect_timeout("established", talk, 432'000);
    }
    {
        Talk talk;
        talk.establish();
        EXPECT_THAT(talk.them(kFinAck), Passes());
        expect_timeout("FIN wait", talk, 120);
    }
}

// Segments behind an established connection, "them" in capitals.
struct Step {
    bool is_ours;
    std::uint8_t flags;
};
struct Closing {
    const char* state;
    std::vector<Step> steps;
    double seconds;
};

TEST(EvaluateTimeouts, OfTheStatesOfClosing) {
    const std::vector<Closing> closings = {
        {"FIN wait, the closer's further packets", {{true, kFinAck}, {true, kAck}}, 120},
        {"close wait", {{true, kFinAck}, {false, kAck}}, 60},
        {"close wait, the closer's ACK", {{true, kFinAck}, {false, kAck}, {true, kAck}}, 60},
        {"last ACK at once", {{true, kFinAck}, {false, kFinAck}}, 30},
        {"last ACK", {{true, kFinAck}, {false, kAck}, {false, kFinAck}}, 30},
        {"last ACK, the other's ACK", {{true, kFinAck}, {false, kFinAck}, {false, kAck}}, 30},
        {"time wait", {{true, kFinAck}, {false, kFinAck}, {true, kAck}}, 120},
        {"time wait, closed by them", {{false, kFinAck}, {true, kFinAck}, {false, kAck}}, 120},
    };
    for (const Closing& closing : closings) {
        Talk talk;
        talk.establish();
        for (const Step& step : closing.steps) {
            EXPECT_THAT(step.is_ours ? talk.us(step.flags) : talk.them(step.flags), Passes()) << closing.state;
        }
        expect_timeout(closing.state, talk, closing.seconds);
    }
}

TEST(EvaluateTimeouts, OfAPickUpThatWasAnswered) {
    Talk answered;
    EXPECT_THAT(answered.us(kAck), Passes());
    EXPECT_THAT(answered.them(kAck), Passes());
    expect_timeout("picked up, then established", answered, 432'000);
    Talk closed;
    EXPECT_THAT(closed.us(kAck), Passes());
    EXPECT_THAT(closed.them(kFinAck), Passes());
    expect_timeout("picked up, then closed by the other side", closed, 120);
    Talk alone;
    EXPECT_THAT(alone.us(kAck), Passes());
    EXPECT_THAT(alone.us(kFinAck), Passes());
    expect_timeout("picked up, not answered", alone, 120);
}

TEST(EvaluateTimeouts, AnswererDoesNotEstablish) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.them(kSynAck), Passes());
    EXPECT_THAT(talk.them(kAck), Passes());
    expect_timeout("SYN received", talk, 60);
}

TEST(EvaluateTimeouts, FinInAHalfOpenStateDoesNotClose) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.us(kFinAck), Passes());
    EXPECT_THAT(talk.them(kSynAck), Passes());
    EXPECT_THAT(talk.us(kAck), Passes());
    expect_timeout("established", talk, 432'000);
}

TEST(EvaluateTimeouts, FinOfAnAnsweredHandshakeCloses) {
    Talk talk;
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.them(kSynAck), Passes());
    EXPECT_THAT(talk.us(kFinAck), Passes());
    expect_timeout("closing", talk, 120);
}

TEST(EvaluateTimeouts, SynOnAClosingFlowStartsItAfresh) {
    Talk talk;
    talk.establish();
    EXPECT_THAT(talk.them(kFinAck), Passes());
    EXPECT_THAT(talk.us(kFinAck), Passes());
    EXPECT_THAT(talk.us(kSyn), Passes());
    EXPECT_THAT(talk.them(kSynAck), Passes());
    EXPECT_THAT(talk.us(kAck), Passes());
    expect_timeout("established again", talk, 432'000);
}

TEST(EvaluateTimeouts, SynOnALiveFlowChangesNoState) {
    Talk talk;
    talk.establish();
    EXPECT_THAT(talk.us(kSyn), Passes());
    expect_timeout("still established", talk, 432'000);
}

TEST(EvaluateTimeouts, OfUdpAndItsStream) {
    Talk talk;
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.after(28).us(query()), Passes()) << "refreshed, not answered";
    EXPECT_THAT(talk.after(32).them(answer()), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.after(28).them(answer()), Passes());
    EXPECT_THAT(talk.after(178).them(answer()), Passes());
    EXPECT_THAT(talk.after(182).them(answer()), DropsAs(PC_REASON_security_group));
}

TEST(EvaluateTimeouts, OfIcmp) {
    Talk talk;
    EXPECT_THAT(talk.us(Icmp{.type = 8}), Passes());
    EXPECT_THAT(talk.after(28).them(Icmp{.type = 0}), Passes());
    EXPECT_THAT(talk.after(28).them(Icmp{.type = 0}), Passes()) << "the reply refreshes";
    EXPECT_THAT(talk.after(32).them(Icmp{.type = 0}), DropsAs(PC_REASON_no_flow));
}

TEST(EvaluateTimeouts, AreOverriddenByTheInterface) {
    Talk talk;
    interface_of(talk.model, "eni-a").tracking = {.tcp_established_s = 100, .udp_s = 40, .udp_stream_s = 60};
    talk.establish();
    EXPECT_THAT(talk.us(query()), Passes());
    EXPECT_THAT(talk.after(38).them(answer()), Passes());
    EXPECT_THAT(talk.after(58).them(answer()), Passes());
    EXPECT_THAT(talk.after(2).them(kProbe), Passes()) << "98 s";
    EXPECT_THAT(talk.after(4).them(kProbe), DropsAs(PC_REASON_no_flow));
    EXPECT_THAT(talk.after(58).them(answer()), DropsAs(PC_REASON_security_group));
}

}  // namespace
}  // namespace portcullis::test
