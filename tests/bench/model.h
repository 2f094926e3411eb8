// SPDX-License-Identifier: Apache-2.0
// The model that benchmarks enforce and the packets that they send through it: two instances in one subnet, without and with an ACL.
#pragma once

#include "core/model.h"
#include "tests/support/packet.h"

namespace portcullis::bench {

inline constexpr std::uint16_t kAllowedPort = 5001;
inline constexpr std::uint16_t kDeniedPort = 5002;

// Ports in order: eni-a (203.0.113.1, 2001:db8::1) and eni-b (198.51.100.1, 2001:db8:1::1); `prefixes` more CIDR rules in each group.
[[nodiscard]] Model make_model(std::size_t prefixes);
[[nodiscard]] Mac sender_mac();
[[nodiscard]] Mac receiver_mac();

// The flows that benchmarks open and leave unanswered, at most: an instance's oldest gives way above that.
inline constexpr std::uint32_t kMostHalfOpen = 65'536;

// 60 bytes from eni-a to eni-b.
[[nodiscard]] test::Bytes udp_frame(std::uint16_t destination_port);
[[nodiscard]] test::Bytes tcp_frame(std::uint16_t destination_port, std::uint8_t flags);
[[nodiscard]] test::Bytes udp6_frame(std::uint16_t destination_port);
[[nodiscard]] test::Bytes tcp6_frame(std::uint16_t destination_port, std::uint8_t flags);
// The same frame the other way: MACs, addresses and ports change ends.
[[nodiscard]] test::Bytes answer_to(test::Bytes frame);

}  // namespace portcullis::bench
