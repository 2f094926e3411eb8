// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md 7.6: which RST closes, and SYNs on live flows. A closed flow is told by its timeout of 10 s.
#include "tests/unit/compiler/evaluate_talk.h"

namespace portcullis::test {
namespace {

constexpr std::uint16_t kOurPort = 40000;
constexpr std::uint16_t kTheirPort = 80;
const Bytes kShift7 = {1, 3, 3, 7};
const Bytes kShift15 = {3, 3, 15};

Tcp ours(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement = 0, std::uint16_t window = 1000) {
    return {.source_port = kOurPort,
            .destination_port = kTheirPort,
            .flags = flags,
            .sequence = sequence,
            .acknowledgement = acknowledgement,
            .window = window};
}
Tcp theirs(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgement = 0, std::uint16_t window = 2000) {
    Tcp segment = ours(flags, sequence, acknowledgement, window);
    std::swap(segment.source_port, segment.destination_port);
    return segment;
}
Tcp with_options(Tcp segment, const Bytes& options) {
    segment.options = options;
    return segment;
}

// Whether the flow is in a state that lasts longer than 10 s; it is there now.
bool is_open(Talk& talk) {
    talk.now_s += 12;
    return talk.them(theirs(kAck, 5001, 101)).passes();
}

// We began at 100, they at 5000; our window is 1000, theirs 2000.
void shake(Talk& talk, const Bytes& our_options = {}, const Bytes& their_options = {}) {
    EXPECT_THAT(talk.us(with_options(ours(kSyn, 100), our_options)), Passes());
    EXPECT_THAT(talk.them(with_options(theirs(kSynAck, 5000, 101), their_options)), Passes());
    EXPECT_THAT(talk.us(ours(kAck, 101, 5001)), Passes());
    EXPECT_THAT(talk.them(theirs(kAck, 5001, 101)), Passes());
}

struct Reset {
    bool is_ours;
    std::uint32_t sequence;
    bool closes;
};

TEST(EvaluateTcp, AnRstClosesOnlyInTheWindow) {
    const std::vector<Reset> resets = {{false, 5001, true}, {false, 6000, true},      {false, 6001, false}, {false, 5000, false},
                                       {true, 101, true},   {true, 2100, true},       {true, 2101, false},  {true, 100, false},
                                       {false, 0, false},   {true, 0xffffffff, false}};
    for (const Reset& reset : resets) {
        Talk talk;
        shake(talk);
        EXPECT_THAT(reset.is_ours ? talk.us(ours(kRst, reset.sequence)) : talk.them(theirs(kRst, reset.sequence)), Passes());
        EXPECT_EQ(is_open(talk), !reset.closes) << (reset.is_ours ? "ours " : "theirs ") << reset.sequence;
    }
}

TEST(EvaluateTcp, WindowsAreScaledWhenBothSidesSaidSo) {
    const auto closes = [](const Bytes& our_options, const Bytes& their_options, std::uint32_t sequence) {
        Talk talk;
        shake(talk, our_options, their_options);
        EXPECT_THAT(talk.them(theirs(kRst, sequence)), Passes());
        return !is_open(talk);
    };
    EXPECT_TRUE(closes(kShift7, {3, 3, 0}, 5001 + 127'999));
    EXPECT_FALSE(closes(kShift7, {3, 3, 0}, 5001 + 128'000));
    EXPECT_FALSE(closes(kShift7, {}, 5001 + 1000)) << "they did not";
    EXPECT_TRUE(closes(kShift15, kShift7, 5001 + 16'383'999)) << "at most 14";
    EXPECT_FALSE(closes(kShift15, kShift7, 5001 + 16'384'000));
}

TEST(EvaluateTcp, ASynIsRefusedByAnRstThatAcknowledgesIt) {
    const auto closes = [](const Tcp& reset) {
        Talk talk;
        EXPECT_THAT(talk.us(ours(kSyn, 100)), Passes());
        EXPECT_THAT(talk.them(reset), Passes());
        return !is_open(talk);
    };
    EXPECT_TRUE(closes(theirs(kRstAck, 0, 101)));
    EXPECT_FALSE(closes(theirs(kRstAck, 0, 100)));
    EXPECT_FALSE(closes(theirs(kRstAck, 0, 102)));
    EXPECT_FALSE(closes(theirs(kRst, 0, 101)));
}

TEST(EvaluateTcp, TheOpenerTakesItsSynBackByTheNextNumberAlone) {
    for (const auto& [sequence, closes] : {std::pair<std::uint32_t, bool>{101, true}, {100, false}, {102, false}}) {
        Talk talk;
        EXPECT_THAT(talk.us(ours(kSyn, 100)), Passes());
        EXPECT_THAT(talk.us(ours(kRst, sequence)), Passes());
        EXPECT_EQ(is_open(talk), !closes) << sequence;
    }
}

TEST(EvaluateTcp, APickedUpFlowExpectsTheEndOfItsSegment) {
    for (const auto& [sequence, closes] : {std::pair<std::uint32_t, bool>{310, true}, {300, false}, {311, false}}) {
        Talk talk;
        EXPECT_THAT(talk.out("eni-a", Talk::outwards(ours(kAck, 300, 5001)) / text("0123456789")), Passes());
        EXPECT_THAT(talk.us(ours(kRst, sequence)), Passes());
        EXPECT_EQ(is_open(talk), !closes) << sequence;
    }
}

TEST(EvaluateTcp, AnRstRefreshesNothingAndSaysNothing) {
    Talk talk;
    shake(talk);
    EXPECT_THAT(talk.after(8).them(theirs(kRstAck, 4000, 9000)), Passes()) << "not in the window";
    EXPECT_THAT(talk.us(ours(kRst, 9000)), Passes()) << "what they acknowledged in an RST is not expected";
    EXPECT_TRUE(is_open(talk));
    EXPECT_THAT(talk.after(8).them(theirs(kRst, 5001)), Passes());
    EXPECT_THAT(talk.after(4).us(ours(kAck, 101, 5001)), Passes()) << "picked up again: the flow ended 10 s after its last packet";
    EXPECT_THAT(talk.them(theirs(kRst, 1)), Passes());
}

TEST(EvaluateTcp, ASynThatIsAnsweredRenewsTheFlow) {
    Talk talk;
    shake(talk);
    EXPECT_THAT(talk.us(ours(kFinAck, 101, 5001)), Passes());
    EXPECT_THAT(talk.us(with_options(ours(kSyn, 70000), kShift7)), Passes());
    EXPECT_THAT(talk.them(with_options(theirs(kSynAck, 90000, 70001), kShift7)), Passes());
    EXPECT_THAT(talk.them(theirs(kRst, 5001)), Passes()) << "of the former connection";
    EXPECT_THAT(talk.us(ours(kAck, 70001, 90001)), Passes());
    EXPECT_TRUE(is_open(talk));
    EXPECT_THAT(talk.them(theirs(kRst, 90001 + 127'999)), Passes());
    EXPECT_FALSE(is_open(talk)) << "scaled by the renewing SYN's shift";
}

TEST(EvaluateTcp, ASynThatIsNotAnsweredChangesNothing) {
    Talk talk;
    shake(talk);
    EXPECT_THAT(talk.us(ours(kSyn, 70000)), Passes());
    EXPECT_THAT(talk.them(theirs(kAck, 5001, 101)), Passes()) << "a challenge";
    EXPECT_THAT(talk.them(theirs(kRst, 5001)), Passes());
    EXPECT_FALSE(is_open(talk)) << "what we expect is what it was";
}

TEST(EvaluateTcp, OnlyTheLatestSynIsAnswered) {
    Talk talk;
    SecurityGroup& both = talk.model.security_groups.back();
    both.rules[1] = {allow(tcp(kOurPort), kEverywhere)};
    talk.claim("eni-a").track_all = true;
    shake(talk);
    EXPECT_THAT(talk.them(theirs(kSyn, 90000)), Passes());
    EXPECT_THAT(talk.us(ours(kSyn, 70000)), Passes());
    EXPECT_THAT(talk.us(ours(kSynAck, 70000, 90001)), Passes()) << "answers theirs, which waits no longer";
    talk.now_s += 62;
    EXPECT_THAT(talk.them(theirs(kAck, 5001, 101)), Passes()) << "still established";
}

TEST(EvaluateTcp, ASynOnALiveFlowIsJudgedByTheRulesOfItsOwnDirection) {
    Talk talk;
    shake(talk);
    EXPECT_THAT(talk.them(theirs(kSyn, 90000)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(ours(kSynAck, 70000, 90001)), Passes()) << "which answers nothing";
    talk.now_s += 62;
    EXPECT_THAT(talk.them(theirs(kAck, 5001, 101)), Passes()) << "still established";
    talk.revoke();
    EXPECT_THAT(talk.us(ours(kSyn, 70000)), DropsAs(PC_REASON_security_group));
    EXPECT_THAT(talk.us(ours(kAck, 101, 5001)), Passes()) << "the flow is as it was";
}

TEST(EvaluateTcp, ASimultaneousOpenIsNotJudgedAgain) {
    Talk talk;
    EXPECT_THAT(talk.us(ours(kSyn, 100)), Passes());
    EXPECT_THAT(talk.them(theirs(kSyn, 5000)), Passes());
    EXPECT_THAT(talk.us(ours(kSynAck, 100, 5001)), Passes());
    EXPECT_THAT(talk.them(theirs(kSynAck, 5000, 101)), Passes());
    EXPECT_THAT(talk.us(ours(kAck, 101, 5001)), Passes());
    EXPECT_TRUE(is_open(talk));
}

}  // namespace
}  // namespace portcullis::test
