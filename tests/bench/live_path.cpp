// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/live_path.h"

#include "tests/bench/answered.h"
#include "tests/bench/bench_object.h"
#include "tests/bench/model.h"
#include "tests/support/enforced_host.h"
#include "tests/support/netns.h"

namespace portcullis::bench {
namespace {

using test::TestHost;

constexpr std::size_t kSender = 0, kReceiver = 1;

// A host whose instances swallow and count what reaches them.
struct Path {
    const TestHost& host;
    BenchObject programs;

    explicit Path(const TestHost& where) : host(where) {
        for (const std::size_t instance : {kSender, kReceiver}) {
            const test::NetNamespace::Entered there = host.instance(instance).enter();
            programs.attach_sink(host.instance(instance).ifindex_of(host.instance_device(instance)));
        }
    }
    [[nodiscard]] double send(const test::Bytes& frame, std::uint64_t flows, std::uint32_t count) const {
        const test::NetNamespace::Entered here = host.host().enter();
        return programs.send(host.port_ifindex(kSender), frame, {.flows = flows}, count);
    }
    // Opens the flows and has each answered. The bridge learns where both are: nothing of what follows is flooded.
    void establish(const test::Bytes& frame, std::uint64_t flows) const {
        const auto count = static_cast<std::uint32_t>(flows);
        (void)send(frame, flows, count);  // for its effect
        const test::NetNamespace::Entered here = host.host().enter();
        (void)programs.send(host.port_ifindex(kReceiver), answer_to(frame), {.flows = flows, .is_answer = true}, count);  // likewise
    }
};

const test::TestHostOptions kTwoInstances{.ports = 2, .instance_macs = {sender_mac(), receiver_mac()}};

}  // namespace

std::vector<Table> measure_live_path(const Effort& effort) {
    const TestHost bare_host(kTwoInstances);
    test::EnforcedHost enforced_host(kTwoInstances, {.capacities = {}});
    enforced_host.apply(make_model(effort.prefixes));
    const Path bare(bare_host);
    const Path enforced(enforced_host.test_host());
    const test::Bytes frame = udp_frame(kAllowedPort);
    std::vector<Table> tables;
    for (const std::uint64_t flows : {std::uint64_t{1}, std::uint64_t{50'000}}) {
        Table table{.id = "B3",
                    .title = "veth, bridge, veth, 60-byte UDP, established, flows: " + std::to_string(flows),
                    .is_rate = true,
                    .rows = {{.name = "bare bridge", .nanoseconds = {}}, {.name = "both ports enforced", .nanoseconds = {}}}};
        bare.establish(frame, flows);
        enforced.establish(frame, flows);
        expect_answered(enforced_host, 2 * flows);  // on both ports
        for (std::size_t turn = 0; turn < effort.turns; ++turn) {
            table.rows[0].nanoseconds.push_back(bare.send(frame, flows, effort.repeat));
            table.rows[1].nanoseconds.push_back(enforced.send(frame, flows, effort.repeat));
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace portcullis::bench
