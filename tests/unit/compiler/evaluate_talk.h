// SPDX-License-Identifier: Apache-2.0
// A conversation for the tests of flows: eni-a may begin anything and accept nothing, so whatever comes in rides on a flow.
#pragma once

#include "tests/unit/compiler/evaluate_office.h"

namespace portcullis::test {

inline const Prefix kEverywhere = prefix("0.0.0.0/0");

// eni-a before an outside that answers. Both ends' packets are named by who sends them.
class Talk : public Bench {
   public:
    explicit Talk(Direction allowed = Direction::Outbound) {
        SecurityGroup one = group("sg-1");
        one.rules[static_cast<int>(allowed)] = {allow(kAll, kEverywhere), allow(kAll, prefix("::/0"))};
        regroup(model, "eni-a", {one});
    }
    Verdict us(std::uint8_t flags) { return out("eni-a", outwards(Tcp{.source_port = 40000, .destination_port = 80, .flags = flags})); }
    Verdict them(std::uint8_t flags) { return in("eni-a", inwards(Tcp{.source_port = 80, .destination_port = 40000, .flags = flags})); }
    Verdict us(const Layer& transport) { return out("eni-a", outwards(transport)); }
    Verdict them(const Layer& transport) { return in("eni-a", inwards(transport)); }
    Talk& after(double seconds) {
        now_s += seconds;
        return *this;
    }
    // Today's rules allow nothing any more.
    void revoke() {
        Model next = model;
        next.security_groups.back().rules[0].clear();
        next.security_groups.back().rules[1].clear();
        change(next);
    }
    static Packet outwards(const Layer& transport) {
        return Packet{
            .layers = {Ethernet{.source = kMacA, .destination = kRouter}, Ipv4{.source = kA, .destination = kOutside}, transport}};
    }
    static Packet inwards(const Layer& transport) {
        return Packet{
            .layers = {Ethernet{.source = kRouter, .destination = kMacA}, Ipv4{.source = kOutside, .destination = kA}, transport}};
    }
    void establish() {
        EXPECT_THAT(us(kSyn), Passes());
        EXPECT_THAT(them(kSyn | kAck), Passes());
        EXPECT_THAT(us(kAck), Passes());
    }
};

inline constexpr std::uint8_t kSynAck = kSyn | kAck;
inline constexpr std::uint8_t kFinAck = kFin | kAck;
inline constexpr std::uint8_t kRstAck = kRst | kAck;
inline Udp query() { return {.source_port = 40000, .destination_port = 53}; }
inline Udp answer() { return {.source_port = 53, .destination_port = 40000}; }

}  // namespace portcullis::test
