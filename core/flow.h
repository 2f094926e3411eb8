// SPDX-License-Identifier: Apache-2.0
// A live connection of a port as a back end tracks it (docs/semantics.md 7), and which of them somebody asks for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/verdict.h"

namespace portcullis {

// Of TCP the states of 7.6; of other protocols whether the other end has answered.
enum class FlowState : std::uint8_t {
    SynSent,
    PickedUp,
    SynReceived,
    Established,
    FinWait,
    CloseWait,
    LastAck,
    TimeWait,
    Close,
    Unanswered,
    Answered,
};
// "syn_sent" and so on.
[[nodiscard]] std::string_view to_string(FlowState state);

struct FlowTraffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    bool operator==(const FlowTraffic&) const = default;
};

struct Flow {
    std::uint32_t ifindex = 0;  // of the port
    Direction begun = Direction::Outbound;
    std::uint8_t protocol = 0;
    Address local;  // the instance's end
    Address remote;
    std::uint16_t local_port = 0;   // host order; of ICMP queries their identifier
    std::uint16_t remote_port = 0;  // host order; of ICMP queries their type
    FlowState state = FlowState::Unanswered;
    std::uint32_t idle_seconds = 0;                       // since the last packet that kept it alive
    std::optional<std::array<FlowTraffic, 2>> traffic{};  // by direction; none: the back end does not count it
    bool is_service = false;                              // docs/semantics.md 5
    bool is_cut = false;                                  // OnRevoke cut: today's rules would not let it begin, so its packets are dropped
    bool operator==(const Flow&) const = default;
};

struct FlowFilter {
    std::vector<std::uint32_t> ifindexes{};  // of ports; empty: of all
    std::optional<Prefix> remote{};
    std::optional<std::uint8_t> protocol{};
    std::optional<std::uint16_t> port{};  // of either end; flows of protocols without ports never match
    [[nodiscard]] bool has_port(std::uint32_t ifindex) const;
    [[nodiscard]] bool matches(const Flow& flow) const;
};

// One part of a long answer.
struct FlowPage {
    std::vector<Flow> flows;
    std::optional<std::uint64_t> next{};  // where the next part begins; none: this is the last
};

struct FlowsEnded {
    std::uint64_t count = 0;
    std::optional<std::uint64_t> next{};
};

}  // namespace portcullis
