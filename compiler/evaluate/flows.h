// SPDX-License-Identifier: Apache-2.0
// The evaluator's flows (docs/semantics.md 7): what belongs together, what a packet makes of a flow, and when a flow is no longer there.
// Called by the other evaluate*.cpp. Nothing here asks a rule; TCP's states are evaluate/tcp.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "compiler/evaluate/packet.h"
#include "compiler/evaluate/port.h"
#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

enum class FlowPhase : std::uint8_t {
    SynSent,
    PickedUp,
    SynReceived,
    Established,
    FinWait,
    CloseWait,
    LastAck,
    TimeWait,
    Close,
    Udp,
    UdpStream,
    Icmp,
    Other,
};

// 7.2. Of an ICMP query `local_port` is the identifier and `remote_port` the query's type; of protocols without ports both are 0. The
// addresses are those of the packets, a multicast one among them.
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

// What one side of a TCP connection expects of the other, and its window scale (7.6).
struct TcpSide {
    std::optional<std::uint32_t> expected;  // none until known
    std::uint32_t window = 0;
    std::optional<std::uint8_t> shift;
};

// A bare SYN on a live flow that awaits its answer.
struct Renewal {
    Direction side = Direction::Outbound;
    bool counts = false;
    std::optional<std::uint8_t> shift;
};

struct Flow {
    FlowPhase phase = FlowPhase::Other;
    Direction opener = Direction::Outbound;
    double seen_s = 0;
    bool is_service = false;
    bool counts = false;                     // the remote of the packet that opened or renewed it counted as an interface's (7.8)
    Address judged_remote;                   // what rules take for the remote; of multicast not the key's
    Direction closer = Direction::Outbound;  // whose FIN came first
    std::array<TcpSide, 2> sides;            // by Direction of the sender
    std::optional<Renewal> renewal;
};

// A packet on its way through a port, at a time.
struct Passage {
    const Port* port = nullptr;
    Direction direction = Direction::Outbound;
    const IpPacket* packet = nullptr;
    Way way;  // Inbound only
    double now_s = 0;

    [[nodiscard]] bool is_outbound() const { return direction == Direction::Outbound; }
    // What rules take for the remote.
    [[nodiscard]] Address remote() const;
    [[nodiscard]] std::uint16_t local_port() const { return is_outbound() ? packet->source_port : packet->destination_port; }
    [[nodiscard]] std::uint16_t remote_port() const { return is_outbound() ? packet->destination_port : packet->source_port; }
};

[[nodiscard]] Direction opposite(Direction direction);

// None: the packet neither belongs to a flow nor opens one (ICMP that is neither query nor reply, later fragments).
[[nodiscard]] std::optional<FlowKey> flow_key(const Passage& passage);

// An echo request, the one query that services answer.
[[nodiscard]] bool is_echo_request(const IpPacket& packet);
[[nodiscard]] bool is_echo_reply(const IpPacket& packet);
// 7.4: without a flow the packet is nothing, whatever the rules say.
[[nodiscard]] bool needs_flow(const IpPacket& packet);
// 7.4: the flow that an admitted packet opens.
[[nodiscard]] std::optional<Flow> opened_by(const Passage& passage);
// 7.6: whether a packet of the flow is judged by today's rules as a new flow's would be.
[[nodiscard]] bool is_judged_again(const Flow& flow, const Passage& passage);
// 7.6: the flow once the packet has been admitted. `counts`: its remote counts as an interface's; asked of bare SYNs alone.
[[nodiscard]] Flow advanced(Flow flow, const Passage& passage, bool counts);

class FlowTable {
   public:
    // The flow of the key, unless its time is over; whether its service is still listed is not asked.
    [[nodiscard]] std::optional<Flow> find(const FlowKey& key, const Passage& passage) const;
    void write(const FlowKey& key, const Flow& flow) { flows_[key] = flow; }
    // Ends the flows for which `is_gone` holds.
    void end_if(const std::function<bool(const FlowKey& key)>& is_gone);

   private:
    std::map<FlowKey, Flow> flows_;
};

}  // namespace portcullis
