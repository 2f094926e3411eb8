// SPDX-License-Identifier: Apache-2.0
// B3: packets through veth, bridge and veth on one core, both ports enforced, beside the bare bridge and nftables in several forms.
#include <cerrno>

#include "tests/bench/answered.h"
#include "tests/bench/live_path.h"
#include "tests/bench/questions.h"
#include "tests/bench/sampling.h"

namespace portcullis::bench {
namespace {

using Kind = Peer::Kind;

// A rule set that walks a thousand rules sends fewer packets in a sample.
std::uint32_t count_of(const Peer& peer, std::uint32_t packets) {
    constexpr std::uint32_t kFewer = 20;
    return peer.kind() == Kind::NftLinear ? packets / kFewer : packets;
}

struct Peers {
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::unique_ptr<LivePath>> paths;

    explicit Peers(const Effort& effort) {
        for (const Kind kind : {Kind::Bare, Kind::Ours, Kind::OursNftables, Kind::NftLinear, Kind::NftBest, Kind::Conntrack,
                                Kind::OursFastPort, Kind::OursFastNamespace}) {
            peers.push_back(std::make_unique<Peer>(kind, effort, bench_host()));
            paths.push_back(std::make_unique<LivePath>(peers.back()->host()));
        }
    }
    // In the order of their kinds.
    template <class Sample>
    [[nodiscard]] std::vector<Contender> contenders(const Sample& sample) const {
        std::vector<Contender> all;
        for (std::size_t i = 0; i < peers.size(); ++i) {
            all.push_back({.name = peers[i]->name(), .sample = [this, i, sample] { return sample(*peers[i], *paths[i]); }});
        }
        return all;
    }
    // The fast path is for packets of flows that are established, and those who have one are the last.
    template <class Sample>
    [[nodiscard]] std::vector<Contender> contenders_without_fast_path(const Sample& sample) const {
        std::vector<Contender> all = contenders(sample);
        all.resize(static_cast<std::size_t>(Kind::OursFastPort));
        return all;
    }
};

// Ends the process where packets do not take the fast path that the peer has; one in half a minute does not.
double send_established(const Peer& peer, const LivePath& path, const test::Bytes& frame, const Rotation& rotation, std::uint32_t count) {
    const std::uint64_t before = peer.has_fast_path() ? peer.fast_packets() : 0;
    const double took = path.send(frame, rotation, count);
    if (peer.has_fast_path() && peer.fast_packets() - before + 1 < count) {
        errno = EIO;
        test::end_test_run("have packets take the fast path: " + peer.name());
    }
    return took;
}

std::vector<double> added(const std::vector<Row>& rows, Kind kind) {
    return differences(rows[static_cast<std::size_t>(kind)].samples, rows[static_cast<std::size_t>(Kind::Bare)].samples);
}

// What one adds to the bare bridge, relative to what another adds.
Table added_table(const std::string& title, const std::vector<Row>& rows, const std::vector<std::pair<Kind, Kind>>& pairs,
                  const Budget* budget) {
    Table table{.id = "B3", .title = title, .unit = "×", .ratio = Ratio::None, .rows = {}};
    for (const auto& [one, other] : pairs) {
        table.rows.push_back({.name = rows[static_cast<std::size_t>(one)].name + " / " + rows[static_cast<std::size_t>(other)].name,
                              .samples = quotients(added(rows, one), added(rows, other)),
                              .unit = {},
                              .budget = nullptr,
                              .x = {}});
    }
    table.rows.front().budget = budget;
    return table;
}

Table table(const std::string& title, std::vector<Row> rows, Ratio ratio = Ratio::OfRate) {
    return {.id = "B3", .title = "live path, 60-byte UDP, " + title, .unit = "ns per packet", .ratio = ratio, .rows = std::move(rows)};
}

void add_established(const Peers& all, std::uint64_t flows, const Effort& effort, Tables& tables) {
    const test::Bytes frame = udp_frame(kAllowedPort);
    const Rotation rotation{.flows = flows};
    for (std::size_t i = 0; i < all.peers.size(); ++i) {
        all.peers[i]->forget_flows();
        all.paths[i]->establish(frame, flows);
    }
    std::vector<Row> rows = interleave(all.contenders([&](const Peer& peer, const LivePath& path) {
        return send_established(peer, path, frame, rotation, count_of(peer, effort.packets));
    }),
                                       effort.turns);
    rows[static_cast<std::size_t>(Kind::Ours)].budget = flows == 1 ? &budget::kLiveOne : &budget::kLiveMany;
    if (flows == 1) {
        rows[static_cast<std::size_t>(Kind::OursFastPort)].budget = &budget::kFastPort;
        rows[static_cast<std::size_t>(Kind::OursFastNamespace)].budget = &budget::kFastNamespace;
    }
    const std::string suffix = "established, flows: " + std::to_string(flows);
    Table more = added_table("time added to the bare bridge, " + suffix, rows,
                             {{Kind::OursNftables, Kind::NftBest}, {Kind::Ours, Kind::Conntrack}, {Kind::Ours, Kind::NftBest}},
                             &budget::kNftEstablished);
    tables.push_back(table(suffix, std::move(rows)));
    tables.push_back(std::move(more));
}

void add_new(const Peers& all, const Effort& effort, Tables& tables) {
    const test::Bytes frame = udp_frame(kAllowedPort);
    std::vector<Row> rows = interleave(all.contenders_without_fast_path([&](Peer& peer, const LivePath& path) {
        peer.forget_flows();
        return path.send(frame, {.flows = effort.new_flows}, count_of(peer, effort.new_flows));
    }),
                                       effort.turns);
    Table more = added_table("time added to the bare bridge, every packet a new flow", rows,
                             {{Kind::Ours, Kind::Conntrack}, {Kind::OursNftables, Kind::Conntrack}}, &budget::kLiveNew);
    tables.push_back(table("every packet a new flow", std::move(rows)));
    tables.push_back(std::move(more));
}

void add_denied(const Peers& all, const Effort& effort, Tables& tables) {
    const test::Bytes frame = udp_frame(kDeniedPort);
    std::vector<Contender> contenders = all.contenders_without_fast_path([&](const Peer& peer, const LivePath& path) {
        return path.send_denied(frame, {.flows = effort.live_flows}, count_of(peer, effort.packets));
    });
    contenders.erase(contenders.begin());  // the bare bridge denies nothing
    tables.push_back(table("denied, the generator included", interleave(contenders, effort.turns), Ratio::None));
}

}  // namespace

Tables measure_live_path(const Effort& effort) {
    const Peers all(effort);
    Tables tables;
    for (const std::uint64_t flows : {std::uint64_t{1}, effort.live_flows}) {
        add_established(all, flows, effort, tables);
    }
    add_new(all, effort, tables);
    add_denied(all, effort, tables);
    return tables;
}

}  // namespace portcullis::bench
