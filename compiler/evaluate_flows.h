// SPDX-License-Identifier: Apache-2.0
// The evaluator's flows (docs/semantics.md 7): what belongs together, what a packet makes of a flow, and when a flow is no longer there.
// Called by evaluate.cpp alone. Nothing here asks a rule.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "compiler/evaluate_packet.h"
#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

enum class FlowPhase : std::uint8_t { SynSent, PickedUp, SynReceived, Established, Closing, Udp, UdpStream, Icmp, Other };

// 7.2. Of an ICMP query `local_port` is the identifier and `remote_port` the query's type; of protocols without ports both are 0.
struct FlowKey {
    std::string interface_id;
    Address local;
    Address remote;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    std::uint8_t protocol = 0;
    Direction asker = Direction::Outbound;  // ICMP alone
    auto operator<=>(const FlowKey&) const = default;
};

struct Flow {
    FlowPhase phase = FlowPhase::Other;
    Direction opener = Direction::Outbound;
    double seen_s = 0;
};

// A packet on its way through a port, at a time.
struct Passage {
    const NetworkInterface* port = nullptr;
    Direction direction = Direction::Outbound;
    const IpPacket* packet = nullptr;
    double now_s = 0;
};

// None: the packet neither belongs to a flow nor opens one (ICMP that is neither query nor reply).
[[nodiscard]] std::optional<FlowKey> flow_key(const Passage& passage);

// 7.4: without a flow the packet is nothing, whatever the rules say.
[[nodiscard]] bool needs_flow(const IpPacket& packet);
// 7.4: the flow that an admitted packet opens.
[[nodiscard]] std::optional<Flow> opened_by(const Passage& passage);
// 7.5: whether a packet of the flow is judged by today's rules as well.
[[nodiscard]] bool is_judged_again(const Flow& flow, const Passage& passage);
// 7.6: the flow once the packet has been admitted.
[[nodiscard]] Flow advanced(Flow flow, const Passage& passage);

class FlowTable {
   public:
    // The live flow of the packet.
    [[nodiscard]] std::optional<Flow> find(const FlowKey& key, const Passage& passage) const;
    void write(const FlowKey& key, const Flow& flow) { flows_[key] = flow; }
    // Ends every flow of the interfaces for which `is_gone` holds.
    void end_if(const std::function<bool(const std::string& interface_id)>& is_gone);

   private:
    std::map<FlowKey, Flow> flows_;
};

}  // namespace portcullis
