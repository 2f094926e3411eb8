// SPDX-License-Identifier: Apache-2.0
// B9: a flood of SYNs from outside, allowed or denied, to an instance that has established flows: how many of these are lost, and what a
// million packets of the flood take.
#include <cerrno>

#include "tests/bench/live_path.h"
#include "tests/bench/questions.h"
#include "tests/bench/sampling.h"

namespace portcullis::bench {
namespace {

using Kind = Peer::Kind;

constexpr std::uint64_t kEstablished = 1'000;

struct Outcome {
    std::vector<double> lost, cpu_ms;
};

// The third instance has begun the flows: only who remembers them lets the second one's answers pass.
void flood_once(Peer& peer, const LivePath& path, std::uint16_t port, const Effort& effort, Outcome& outcome) {
    const test::Bytes begun = bystander_frame();
    const std::uint64_t flows = std::min<std::uint64_t>(kEstablished, effort.flood);
    peer.forget_flows();
    path.establish(begun, flows, 2);
    const Rotation all_new{.flows = effort.flood, .ends = Rotation::Ends::Flood, .first_remote = kFirstFlooder};
    const BenchObject::Sent sent = path.send_some(peer.host().uplink_ifindex(), flood_frame(port), all_new, effort.flood);
    if ((sent.delivered == 0) != (port == kDeniedPort)) {
        errno = EIO;
        test::end_test_run("have the flood judged as expected");
    }
    outcome.cpu_ms.push_back(sent.nanoseconds);  // of one in ns is of a million in ms
    const BenchObject::Sent answers = path.send_some(peer.host().port_ifindex(1), answer_to(begun),
                                                     {.flows = flows, .ends = Rotation::Ends::Answer}, static_cast<std::uint32_t>(flows));
    outcome.lost.push_back(static_cast<double>(flows - answers.delivered));
}

}  // namespace

Tables measure_floods(const Effort& effort) {
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::unique_ptr<LivePath>> paths;
    for (const Kind kind : {Kind::Conntrack, Kind::Ours, Kind::OursNftables}) {
        peers.push_back(std::make_unique<Peer>(kind, effort, bench_host(3)));
        paths.push_back(std::make_unique<LivePath>(peers.back()->host()));
    }
    Tables tables;
    for (const std::uint16_t port : {kAllowedPort, kDeniedPort}) {
        std::vector<Outcome> outcomes(peers.size());
        for (std::size_t turn = 0; turn < effort.turns; ++turn) {
            for (std::size_t i = 0; i < peers.size(); ++i) {
                flood_once(*peers[i], *paths[i], port, effort, outcomes[i]);
            }
        }
        const std::string flood =
            (port == kAllowedPort ? "SYN flood" : "flood of denied SYNs") + std::string(", packets: ") + std::to_string(effort.flood);
        Table lost{.id = "B9",
                   .title = flood + ", lost of " + std::to_string(kEstablished) + " established flows",
                   .unit = "flows",
                   .ratio = Ratio::None,
                   .rows = {}};
        Table cpu{.id = "B9", .title = flood + ", one core", .unit = "ms per million packets", .ratio = Ratio::OfCost, .rows = {}};
        for (std::size_t i = 0; i < peers.size(); ++i) {
            lost.rows.push_back({.name = peers[i]->name(), .samples = outcomes[i].lost, .unit = {}, .budget = nullptr, .x = {}});
            cpu.rows.push_back({.name = peers[i]->name(), .samples = outcomes[i].cpu_ms, .unit = {}, .budget = nullptr, .x = {}});
        }
        tables.push_back(std::move(lost));
        tables.push_back(std::move(cpu));
    }
    return tables;
}

}  // namespace portcullis::bench
