// SPDX-License-Identifier: Apache-2.0
// A denial as it happened, in words: what `portcullis events` and the log show. Made by back ends, limited in rate by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/address.h"
#include "core/verdict.h"

namespace portcullis {

struct Event {
    std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
    std::uint32_t ifindex = 0;
    std::string interface_id;  // empty: the port that denied is gone
    Reason reason = PC_REASON_passed;
    Direction direction = Direction::Outbound;
    std::string rule;  // Rule::label of the rule that denied; empty: none did
    std::uint32_t bytes = 0;
    Mac source_mac;
    Mac destination_mac;
    std::uint16_t ethertype = 0;  // host order
    // The packet as far as it was read: without addresses, none of what follows them.
    std::optional<Address> source;
    std::optional<Address> destination;
    std::uint8_t protocol = 0;
    std::uint16_t source_port = 0;       // host order; TCP and UDP
    std::uint16_t destination_port = 0;  // host order
    std::uint8_t tcp_flags = 0;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
};

}  // namespace portcullis
