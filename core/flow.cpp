// SPDX-License-Identifier: Apache-2.0
#include "core/flow.h"

#include <algorithm>

namespace portcullis {

std::string_view to_string(FlowState state) {
    switch (state) {
        case FlowState::SynSent:
            return "syn_sent";
        case FlowState::PickedUp:
            return "picked_up";
        case FlowState::SynReceived:
            return "syn_received";
        case FlowState::Established:
            return "established";
        case FlowState::FinWait:
            return "fin_wait";
        case FlowState::CloseWait:
            return "close_wait";
        case FlowState::LastAck:
            return "last_ack";
        case FlowState::TimeWait:
            return "time_wait";
        case FlowState::Close:
            return "close";
        case FlowState::Unanswered:
            return "unanswered";
        case FlowState::Answered:
            return "answered";
    }
    return "unanswered";
}

bool FlowFilter::has_port(std::uint32_t ifindex) const {
    return ifindexes.empty() || std::ranges::find(ifindexes, ifindex) != ifindexes.end();
}

bool FlowFilter::matches(const Flow& flow) const {
    constexpr std::uint8_t kTcp = 6, kUdp = 17;
    const bool has_ports = flow.protocol == kTcp || flow.protocol == kUdp;
    return has_port(flow.ifindex) && (!remote || remote->contains(flow.remote)) && (!protocol || protocol == flow.protocol) &&
           (!port || (has_ports && (port == flow.local_port || port == flow.remote_port)));
}

}  // namespace portcullis
