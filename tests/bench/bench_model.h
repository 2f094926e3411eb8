// SPDX-License-Identifier: Apache-2.0
// The model that benchmarks enforce and the packets that they send through it: three instances of one group, of which the first two talk.
#pragma once

#include <span>

#include "core/model.h"
#include "tests/support/packet.h"
#include "tests/support/test_host.h"

namespace portcullis::bench {

// None of them is among the 60,000 ports from 1024 on that a rotation varies: peers without state take what comes from an allowed port for
// an answer.
inline constexpr std::uint16_t kAllowedPort = 62'001;
inline constexpr std::uint16_t kAllowedPorts = 16;  // from that one on
inline constexpr std::uint16_t kDeniedPort = 63'001;

// What the group and its surroundings are besides the rules that the packets need.
struct PolicyShape {
    std::size_t prefixes = 0;     // rules for TCP about prefixes that no packet here comes from
    std::size_t members = 0;      // addresses in the group that the packets' rules refer to; 0: the rules are about prefixes
    std::size_t nested = 0;       // of the prefixes that the packets match, from /0 on, at most 24
    bool is_untracked = false;    // everything is allowed
    std::size_t acl_entries = 0;  // before the one that allows all
    bool logs_denials = false;
    std::uint32_t flows = 65'536;  // of one port
};

// Ports in order: eni-a (203.0.113.1, 2001:db8::1), eni-b (198.51.100.1, 2001:db8:1::1) and, where there are three, eni-c (203.0.113.3).
[[nodiscard]] Model make_model(const PolicyShape& shape, std::size_t ports = 2);
[[nodiscard]] Prefix bystander(std::size_t number);  // the prefix of such a rule

// A bridge with those instances behind it.
[[nodiscard]] test::TestHostOptions bench_host(std::size_t ports = 2);

// Addresses and routes of the first two instances, where they have stacks.
void add_addresses(const test::TestHost& host);

// The flows that benchmarks open and leave unanswered, at most: an instance's oldest gives way above that.
inline constexpr std::uint32_t kMostHalfOpen = 65'536;

// 60 bytes and more, from eni-a to eni-b; UDP over IPv4 has no checksum, so that ports may vary.
[[nodiscard]] test::Bytes udp_frame(std::uint16_t destination_port);
[[nodiscard]] test::Bytes tcp_frame(std::uint16_t destination_port, std::uint8_t flags);
[[nodiscard]] test::Bytes udp6_frame(std::uint16_t destination_port);
[[nodiscard]] test::Bytes tcp6_frame(std::uint16_t destination_port, std::uint8_t flags);
[[nodiscard]] Family family_of(std::span<const std::uint8_t> frame);
// The same frame the other way: MACs, addresses and ports change ends.
[[nodiscard]] test::Bytes answer_to(test::Bytes frame);

// From the third instance to the second, UDP; and from outside the bridge to the second, a SYN.
[[nodiscard]] test::Bytes bystander_frame();
[[nodiscard]] test::Bytes flood_frame(std::uint16_t destination_port);
inline constexpr std::uint32_t kFirstFlooder = 0xc0000201;  // 192.0.2.1: allowed to begin flows

}  // namespace portcullis::bench
