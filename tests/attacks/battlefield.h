// SPDX-License-Identifier: Apache-2.0
// The world of world.h as devices in namespaces, enforced by a back end, with hostile hands on every cable. A test sends a frame and
// says what must become of it; a Battlefield proves it by counters and by what every cable heard.
//
// Nothing waits for time: behind each frame goes a marker on the same path that every port must pass to everybody; when it has arrived
// everywhere, the frame has arrived before it, or never will. The thread stays on one CPU, so that frames keep their order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "core/verdict.h"
#include "tests/attacks/nft_otherwise.h"
#include "tests/attacks/setting.h"
#include "tests/attacks/world.h"
#include "tests/support/netns.h"
#include "tests/support/packet.h"
#include "tests/support/private_bpffs.h"
#include "tests/support/raw_socket.h"
#include "tests/support/tap_port.h"
#include "tests/support/test_back_end.h"

namespace portcullis::test {

// Packets by who counted them and why.
using Ledger = std::map<std::tuple<Place, Direction, Reason>, std::int64_t>;
[[nodiscard]] std::string to_string(const Ledger& ledger);

// From whom to whom, and the port that drops: the sender's own, or the receiver's.
struct Path {
    Place from;
    Place to;
    Direction judged = Direction::Outbound;
};
[[nodiscard]] constexpr Path out_of(Place from, Place to) { return {.from = from, .to = to, .judged = Direction::Outbound}; }
[[nodiscard]] constexpr Path into(Place to, Place from) { return {.from = from, .to = to, .judged = Direction::Inbound}; }

struct Attack {
    std::string what;
    Packet frame;
    Reason reason;
};

class Battlefield {
   public:
    explicit Battlefield(const Setting& setting);
    Battlefield(const Battlefield&) = delete;
    Battlefield& operator=(const Battlefield&) = delete;
    ~Battlefield() = default;

    [[nodiscard]] const Setting& setting() const { return setting_; }
    // The documents on new ports: nothing is left of what a former test did. Documents that are refused end the process.
    void begin(const Documents& documents, const HostFacts& facts = host_facts());
    // The documents on the ports as they are.
    void change(const Documents& documents);

    // The port that judges drops it, for this reason alone and without an entry for it, and nobody hears it.
    void expect_drop(const Path& path, const Packet& packet, Reason reason);
    // Both ports pass it, and the receiver alone hears it (a frame to a group: the receiver among others).
    void expect_pass(const Path& path, const Packet& packet);
    // Each attack is dropped, and after it the nearest legal packet passes on the same path.
    void repel(const Path& path, std::span<const Attack> attacks, const Packet& control);
    // At the end of a test: on nftables, what nft_otherwise.h lists for it came.
    void end();

    // The port's device is deleted and comes back under its name and number, as that of a new instance; `change` enforces on it.
    void replug(Place port);

    // The neighbour on a bridge br1 of its own, where the host is heard and spoken for by the cable that this gives; `begin` brings it
    // back.
    [[nodiscard]] RawSocket part_neighbour();

    // What one or several frames did, for what the above does not say.
    struct Round {
        std::map<Place, std::vector<Bytes>> heard;  // beside the marker
        Ledger counted;                             // beside the marker
    };
    [[nodiscard]] Round play(Place from, const std::function<void()>& send);
    void send(Place from, const Bytes& frame) const;
    void send_segments(Place from, const Bytes& frame, const VirtioHeader& header) const;  // taps only

    [[nodiscard]] std::uint64_t flows(Place port) const;
    // What passed outbound and took the fast path.
    [[nodiscard]] std::uint64_t fast_packets(Place port) const;
    // What a packet that is still to be cut into so many counts for: nftables sees one (docs/nftables.md).
    [[nodiscard]] std::int64_t counted_for(std::int64_t segments) const { return setting_.back_end == BackEndKind::Bpf ? segments : 1; }
    // That much time passes for what is remembered.
    void pass_time(unsigned seconds) const;
    // What the bridge has learned, a line for each address.
    [[nodiscard]] std::vector<std::string> forwarding_entries() const;
    // Lines for `ip -batch` where the bridge is.
    void ip(const std::string& batch) const { host_.ip(batch); }

   private:
    using Cable = std::variant<RawSocket, TapPort>;
    void lay_cables();
    void lay_port(Place port, std::uint32_t ifindex);
    void apply(const Documents& documents);
    [[nodiscard]] Ledger ledger() const;
    [[nodiscard]] PortCounters counters(Place port) const;
    [[nodiscard]] std::optional<Bytes> receive(Place place) const;
    [[nodiscard]] bool collect(Place from, const Bytes& marker, Round& round);
    [[nodiscard]] bool hears_markers(Place place) const { return !is_parted_ || place != Place::Neighbour; }
    void compare(const Path& path, const Bytes& frame, Reason reason);
    // Whether nftables dropped it for a reason that is listed, where something else was due.
    [[nodiscard]] bool is_stricter_drop(const Path& path, const Bytes& frame, const Ledger& due, const Round& round);
    [[nodiscard]] static Ledger due_with_early_drop(const Path& path, const Ledger& counted, Reason reason);

    Setting setting_;
    HostFacts facts_;
    PrivateBpffs bpffs_;
    NetNamespace host_, far_;
    std::map<Place, Cable> cables_;
    std::map<std::uint32_t, Place> ports_;  // by ifindex
    std::unique_ptr<TestBackEnd> back_end_;
    NftDrops nft_drops_;
    std::uint32_t markers_ = 0;
    bool is_open_ = false;    // markers get through
    bool is_parted_ = false;  // the neighbour is on br1: markers do not reach it
};

// The one of the process for this setting: made when the former was for another.
[[nodiscard]] Battlefield& battlefield(const Setting& setting);

}  // namespace portcullis::test
