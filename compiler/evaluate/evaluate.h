// SPDX-License-Identifier: Apache-2.0
// The reference evaluator: the verdict of one frame at one port, straight from the model, naive on purpose (linear scans, own parsing). It
// is the oracle of the tests and the engine of `explain`, and shares no code with compile, lower or the BPF programs: only core/.
//
// Rules: docs/semantics.md. One evaluator holds the state (flows, claims, fragments) of every port of one model. Only what depends on rates
// and on room is not its business: it never says rate_limited, flow_quota, flow_table_full or flow_busy. Nor are tags in metadata and BIG
// TCP, which no frame shows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/host_facts.h"
#include "core/model.h"
#include "core/verdict.h"

namespace portcullis {

// How a frame that is delivered to a port came to the host's bridge. What came by an uplink or elsewhere from a router's MAC counts as by
// the router; that is told by the frame.
struct Entrance {
    enum class Kind : std::uint8_t {
        Port,       // by the bound port of `interface_id`
        Host,       // sent by the host itself, or routed by it (it entered the port's bridge from the bridge device)
        Uplink,     // by a listed uplink
        Elsewhere,  // by any other device
    };
    Kind kind = Kind::Host;
    std::string interface_id;  // Port only
    std::string device;        // Uplink and Elsewhere: the device's name, for DhcpServer::device; may be empty
};

// What verdicts depend on besides the model. One evaluator is one bridge of one host: all its ports are ports of `bridge`, whose `Services`
// join.
struct Place {
    HostFacts host;
    std::string bridge;
    // Interfaces that have a port on this host; none: those that the model names ports of.
    std::optional<std::set<std::string, std::less<>>> bound = std::nullopt;
};

struct Arrival {
    std::string interface_id;  // the port that judges
    Direction direction = Direction::Outbound;
    Entrance entrance;  // Inbound only
    std::span<const std::uint8_t> frame;
    double now_s = 0;  // monotonic
};

struct Verdict {
    Reason reason = PC_REASON_passed;
    // Rule::label of every rule that a right back end may name as the one that decided at its stage: of a stage that let the packet go
    // on, all that allow it; of the one that dropped it, the ACL entry that denies it. Of an untracked packet (7.5) the rules from
    // literally anywhere that allow it in its own direction. Empty when no rule was asked: of live flows, services, related errors,
    // fragments with memory.
    std::vector<std::string> rules;
    [[nodiscard]] bool passes() const { return reason == PC_REASON_passed; }
};

class Evaluator {
   public:
    // Pre: the model validated; it outlives the evaluator.
    explicit Evaluator(const Model& model, Place place = {});
    ~Evaluator();
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;
    Evaluator(Evaluator&&) noexcept;
    Evaluator& operator=(Evaluator&&) noexcept;

    // Judges and, when the frame passes, updates the state of the port's flows.
    [[nodiscard]] Verdict judge(const Arrival& arrival);
    // The same verdict without an effect on state. Copies all of it.
    [[nodiscard]] Verdict peek(const Arrival& arrival) const;

    // Goes on with another model, as a running host does: flows stay, verdicts follow docs/semantics.md 7.8. The flows and claims of a
    // port that is no longer there end. Pre: the former model still lives; the new one outlives the evaluator.
    void replace_model(const Model& model);
    // The host's addresses or tunnel devices have changed.
    void replace_host(HostFacts host);

   private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
