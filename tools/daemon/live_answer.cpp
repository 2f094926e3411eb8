// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/live_answer.h"

#include <algorithm>

namespace portcullis {
namespace {

// What the gates that the packet meets say, and where there is none, the model's stages.
bool do_all_pass(const std::vector<LiveGate>& gates, const std::vector<StageAnswer>& stages, bool is_response) {
    const auto gate_of = [&](const StageAnswer& stage) {
        return std::ranges::find_if(gates, [&](const LiveGate& gate) {
            return gate.probe.is_response == is_response && gate.probe.interface_id == stage.interface_id &&
                   gate.probe.packet.direction == stage.direction;
        });
    };
    return std::ranges::all_of(
               gates, [&](const LiveGate& gate) { return gate.probe.is_response != is_response || gate.reason() == PC_REASON_passed; }) &&
           std::ranges::all_of(stages, [&](const StageAnswer& stage) { return gate_of(stage) != gates.end() || stage.allows; });
}

}  // namespace

bool LiveAnswer::allowed() const { return closed.empty() && do_all_pass(gates, model.forward, false); }

bool LiveAnswer::response_allowed() const { return do_all_pass(gates, model.response, true); }

bool LiveAnswer::agrees() const { return std::ranges::all_of(gates, &LiveGate::agrees); }

}  // namespace portcullis
