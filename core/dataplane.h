// SPDX-License-Identifier: Apache-2.0
// The one seam to the kernel: implemented by the BPF back end (loader/bpf_dataplane.h), the nftables back end (fallback/) and a fake in
// tests/support. Not thread-safe: one writer, the daemon's controller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/fast_path.h"
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
    // Of a port: how packets from and to other such ports of its bridge may go. What the back end, or what is on the other side, does not
    // offer goes by the bridge.
    FastPath fast_path = FastPath::Off;
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

// What a change would write, by where it would: a map, or a table of nftables.
struct PlannedWrites {
    std::string where;  // "pc_members4", "bridge portcullis"
    std::uint64_t count = 0;
    bool operator==(const PlannedWrites&) const = default;
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
    std::uint64_t fast_packets = 0;    // of what passed outbound: took the fast path
    std::uint64_t flows = 0;           // entries of the port; those whose time is over count for some seconds more
    std::uint64_t lost_events = 0;     // denials that made no event: too many at once
};

struct RuleHits {
    std::string label;  // Rule::label
    std::uint64_t decisions = 0;
};

// What somebody else took away from us, changed, or got ahead of, in one sentence.
struct Tampering {
    enum class Kind : std::uint8_t { Program, Order, EarlyDrop, Pin, Table };
    std::uint32_t ifindex = 0;  // 0: it concerns no one device
    std::string what;           // "program 57 (other) was put before ours at tc ingress; ours is first again"
    Kind kind = Kind::Program;
    bool operator==(const Tampering&) const = default;
};

struct Healing {
    std::vector<Tampering> healed;    // found at this look, and put right
    std::vector<Tampering> standing;  // what cannot be put right, said at each look for as long as it is so
    bool needs_apply = false;         // devices were closed, and stay so until the next apply
};

// Somebody else's program or filter at a hook where ours stands too.
struct Neighbour {
    enum class Order : std::uint8_t {
        Before,  // it overrides ours: what it drops, takes or passes for good ours never sees
        Behind,  // it sees what ours passes
    };
    std::uint32_t ifindex = 0;
    std::string hook;  // "tc ingress", "tc egress", "xdp"
    std::string what;  // "program 57 (other)", "a flower filter"
    Order order = Order::Behind;
    bool operator==(const Neighbour&) const = default;
};

// A part of a comparison of the kernel with what was applied.
struct VerifiedPart {
    std::vector<std::string> differences;  // in one sentence each; at most kMostDifferences
    std::optional<std::uint64_t> next;     // where the next part begins; none: this was the last
};
inline constexpr std::size_t kMostDifferences = 100;

// A frame at a port, as a question.
struct ProbePacket {
    std::uint32_t ifindex = 0;  // of the port that judges
    Direction direction = Direction::Outbound;
    std::uint32_t entrance = 0;       // inbound: ifindex of the device that it entered by; 0: the host sent it
    std::vector<std::uint8_t> frame;  // from the Ethernet header on, with a whole IP header
};

struct ProbeVerdict {
    Reason reason = PC_REASON_passed;
    std::vector<std::string> rules;  // Rule::label of those that decided, where they were asked for
};

class Dataplane {
   public:
    virtual ~Dataplane() = default;

    // Empty: it enforces what it is given. Else it enforces nothing, and this says why, in one sentence: what apply and the others return
    // then means that they took it.
    [[nodiscard]] virtual std::string why_nothing_is_enforced() const { return {}; }

    // Makes the kernel enforce `ruleset` on exactly `devices` of a host of which `facts` hold, all at one instant for everything that was
    // there before. On failure the former ruleset stays enforced whole, and devices that could not be prepared are closed. A managed device
    // is closed from the moment it is given here. Devices that are no longer given are released: ours is removed from them.
    [[nodiscard]] virtual Result<ApplyReport> apply(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                    const HostFacts& facts) = 0;

    // Closes those of the managed devices that apply has not been given yet, and changes nothing else: for devices whose ruleset has yet to
    // be made. Those among `devices` that are enforced are to be given as apply was given them.
    [[nodiscard]] virtual Result<> close_newcomers(std::span<const DeviceBinding> devices) = 0;

    // What apply would write with the same, were it called now: of places that would change, in the order of their names. Nothing is
    // written and nothing changes. The sum is ApplyReport::kernel_writes, but for what depends on the moment: a device that apply has to
    // close first, the flows that end with the change (nftables), what an interrupted change left to be tidied up.
    [[nodiscard]] virtual Result<std::vector<PlannedWrites>> plan(const Ruleset& ruleset, std::span<const DeviceBinding> devices,
                                                                  const HostFacts& facts) = 0;

    [[nodiscard]] virtual Result<std::vector<PortCounters>> port_counters() const = 0;
    [[nodiscard]] virtual Result<std::vector<RuleHits>> rule_hits() const = 0;

    // Looks whether everything of ours is where it belongs, without having been told of anything, and puts back what is not. What is other
    // tools' stays. Called several times a second, between calls of apply: a look that finds nothing is cheap. Fails where the kernel
    // cannot be asked.
    [[nodiscard]] virtual Result<Healing> heal() = 0;

    // What others have at the hooks that we use, at ports alone, as it is now; nothing is written. Asks the kernel some times per port.
    // None where the back end shares no hook with anybody.
    [[nodiscard]] virtual Result<std::vector<Neighbour>> neighbours() { return std::vector<Neighbour>(); }

    // Live flows that match: a part of the answer, which begins at `from`, 0 or where the part before said. Each part gives a bounded
    // number of flows, and with BPF looks at as many. Flows that begin or end meanwhile may be missing, and one that changes may come
    // twice.
    [[nodiscard]] virtual Result<FlowPage> read_flows(const FlowFilter& filter, std::uint64_t from) const = 0;
    // Ends those that match, in parts likewise; their next packets are judged as if there had been none before.
    [[nodiscard]] virtual Result<FlowsEnded> end_flows(const FlowFilter& filter, std::uint64_t from) = 0;

    // What is in the kernel and should not be, or should be and is not: a part of the answer, which begins at `from`, 0 or where the part
    // before said; each part takes a bounded time. Nothing is written. No differences: all is as it was applied. What was applied since the
    // part before makes `from` one that is not known: Error::code ESTALE.
    [[nodiscard]] virtual Result<VerifiedPart> verify(std::uint64_t from) = 0;

    // What a copy of the programs that judge packets says about these, one after the other, as if nothing had been there before them: no
    // flow, no claim, no fragment, all quotas unused. Nothing that real packets meet is written: no state, counter, quota or event. Pre:
    // can_probe(); each device is a port that was applied. A back end whose judge is the kernel's own has no copy of it.
    enum class ProbeRules : std::uint8_t { Left, Told };
    [[nodiscard]] virtual bool can_probe() const { return false; }
    [[nodiscard]] virtual Result<std::vector<ProbeVerdict>> probe(std::span<const ProbePacket> /*conversation*/, ProbeRules /*rules*/) {
        return fail("this back end has no copy of what judges packets");
    }

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
