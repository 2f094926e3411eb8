// SPDX-License-Identifier: Apache-2.0
// The one seam to the kernel: implemented by the BPF back end (loader/bpf_dataplane.h), the nftables back end (fallback/) and a fake in
// tests/support. Not thread-safe: one writer, the daemon's controller.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/flow.h"
#include "core/host_facts.h"
#include "core/result.h"
#include "core/ruleset.h"
#include "core/verdict.h"

namespace portcullis {

// A device of this host as the controller saw it over netlink, and what it is to be.
struct DeviceBinding {
    enum class Kind : std::uint8_t {
        Bound,   // port of an interface: enforces Ruleset::ports[port]
        Closed,  // managed, without a policy: nothing passes in either direction
        Uplink,  // leads off the host, by a managed bridge or by the host's routing: no program, but known as such
        Bridge,  // a bridge, managed or not: what enters by it was sent or routed by the host
        Routed,  // no bridge, and what can be no port of one: what enters by it was routed by the host
    };
    std::uint32_t ifindex = 0;
    std::string device;  // for messages; never used to find it
    Kind kind = Kind::Closed;
    Index port = 0;            // Bound only
    std::uint32_t bridge = 0;  // ifindex of the bridge it is a port of; a bridge's is its own; 0: none
    bool operator==(const DeviceBinding&) const = default;
};

// What the documents ask of a port and this back end does not do, in one sentence. No verdict is among it: what would pass for want of
// something is refused instead.
struct Unenforced {
    std::uint32_t ifindex = 0;
    std::string what;
    bool operator==(const Unenforced&) const = default;
};

struct ApplyReport {
    std::uint64_t generation = 0;
    std::uint64_t kernel_writes = 0;     // map entries or nftables objects written or deleted
    std::vector<Unenforced> unenforced;  // of all devices given
};

struct ReasonCount {
    Reason reason = PC_REASON_passed;
    Direction direction = Direction::Outbound;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

struct PortCounters {
    std::uint32_t ifindex = 0;
    std::vector<ReasonCount> reasons;  // those that are not zero
    std::uint64_t flows = 0;           // entries of the port; those whose time is over count for some seconds more
    std::uint64_t lost_events = 0;     // denials that made no event: too many at once
};

struct RuleHits {
    std::string label;  // Rule::label
    std::uint64_t decisions = 0;
};

// What somebody else took away from us, changed, or got ahead of, in one sentence.
struct Tampering {
    std::uint32_t ifindex = 0;  // 0: it concerns no one device
    std::string what;           // "program 57 (other) was put before ours at tc ingress; ours is first again"
    bool operator==(const Tampering&) const = default;
};

struct Healing {
    std::vector<Tampering> healed;    // found at this look, and put right
    std::vector<Tampering> standing;  // what cannot be put right, said at each look for as long as it is so
    bool needs_apply = false;         // devices were closed, and stay so until the next apply
};

class Dataplane {
   public:
    virtual ~Dataplane() = default;

    // Makes the kernel enforce `ruleset` on exactly `devices` of a host of which `facts` hold, all at one instant for everything that was
    // there before. On failure the former ruleset stays enforced whole, and devices that could not be prepared are closed. A managed device
    // is closed from the moment it is given here. Devices that are no longer given are released: ours is removed from them.
    [[nodiscard]] virtual Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                    const HostFacts& facts) = 0;

    [[nodiscard]] virtual Result<std::vector<PortCounters>> port_counters() const = 0;
    [[nodiscard]] virtual Result<std::vector<RuleHits>> rule_hits() const = 0;

    // Looks whether everything of ours is where it belongs, without having been told of anything, and puts back what is not. What is other
    // tools' stays. Called several times a second, between calls of apply: a look that finds nothing is cheap. Fails where the kernel
    // cannot be asked.
    [[nodiscard]] virtual Result<Healing> heal() = 0;

    // Live flows that match: a part of the answer, which begins at `from`, 0 or where the part before said. Each part looks at a bounded
    // number of flows. Flows that begin or end meanwhile may be missing, and one that changes may come twice.
    [[nodiscard]] virtual Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const = 0;
    // Ends those that match, in parts likewise; their next packets are judged as if there had been none before.
    [[nodiscard]] virtual Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) = 0;

    // What is in the kernel and should not be, or should be and is not, in one sentence each; nothing is written. Empty: all is as it was
    // applied. At most kMostDifferences.
    static constexpr std::size_t kMostDifferences = 100;
    [[nodiscard]] virtual Result<std::vector<std::string>> verify() = 0;

    // Frees expired flow entries, a share of them at each call. Called every second or so.
    [[nodiscard]] virtual Result<> sweep() = 0;

    // Denials since the last call, oldest first, of ports whose OnDeny asks for them. The descriptor becomes readable when there are some;
    // -1: this back end has none.
    [[nodiscard]] virtual Result<std::vector<Event>> take_events() = 0;
    [[nodiscard]] virtual int events_fd() const = 0;

    // "bpf (tcx)", "nftables (bridge)": for `status`.
    [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace portcullis
