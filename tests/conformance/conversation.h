// SPDX-License-Identifier: Apache-2.0
// Conversations of instances with a peer behind the uplink, for tests of room and rates: who may begin one, and what each packet of it gets
// where there is no flow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/verdict.h"
#include "tests/support/packet.h"

namespace portcullis::test {

inline constexpr auto kOut = static_cast<std::size_t>(Direction::Outbound);
inline constexpr auto kIn = static_cast<std::size_t>(Direction::Inbound);
inline constexpr std::uint16_t kOpen = 1000;  // TCP and UDP, to the instances
inline constexpr std::uint16_t kRemote = 53;  // where they ask
inline constexpr std::size_t kTalkers = 2;

// Two instances that may ask anything, and be asked at kOpen. `anywhere`: where their peers are; the usual ranges make for tracked flows.
[[nodiscard]] Model talking_model(const std::vector<Prefix>& anywhere = {prefix("203.0.113.0/24"), prefix("2001:db8:9::/48")});
[[nodiscard]] std::string talker(std::size_t port);  // its interface's id
[[nodiscard]] Mac mac_of_talker(std::size_t port);
[[nodiscard]] Address peer(Family family);
// Headers between the talker and the peer.
[[nodiscard]] Packet headers_of(std::size_t port, Direction direction, Family family);

// The two packets of which one may ask and the other answers, and what each gets where there is no flow: `passed` opens one.
struct Conversation {
    std::size_t port = 0;
    Bytes frame[2];
    Reason alone[2] = {PC_REASON_passed, PC_REASON_passed};
};

// Each by its number: the asker's port, or the identifier.
[[nodiscard]] Conversation udp_talk(std::size_t port, Family family, std::uint16_t number);
[[nodiscard]] Conversation udp_at_open_port(std::size_t port, Family family, std::uint16_t number);  // either side may ask
// A SYN of the asker, and the other's SYN+ACK.
[[nodiscard]] Conversation tcp_talk(std::size_t port, Family family, std::uint16_t number, Direction asker);
[[nodiscard]] Conversation ping_talk(std::size_t port, Family family, std::uint16_t number);

}  // namespace portcullis::test
