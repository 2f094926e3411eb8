// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/live_path.h"

#include "tests/bench/bench_object.h"
#include "tests/bench/model.h"
#include "tests/support/enforced_host.h"
#include "tests/support/netns.h"
#include "tests/support/raw_socket.h"

namespace portcullis::bench {
namespace {

using test::TestHost;

// A host whose second instance swallows and counts what reaches it.
struct Path {
    const TestHost& host;
    BenchObject programs;

    explicit Path(const TestHost& where) : host(where) {
        {
            const test::NetNamespace::Entered there = host.instance(1).enter();
            programs.attach_sink(there_ifindex());
        }
        // The bridge learns where the receiver is: nothing of what follows is flooded.
        test::RawSocket(host.instance(1), host.instance_device(1)).send(answer_frame());
    }
    [[nodiscard]] std::uint32_t there_ifindex() const { return host.instance(1).ifindex_of(host.instance_device(1)); }

    [[nodiscard]] double send(const test::Bytes& frame, std::uint64_t flows, std::uint32_t count) const {
        const test::NetNamespace::Entered here = host.host().enter();
        return programs.send(host.port_ifindex(0), frame, flows, count);
    }
};

const test::TestHostOptions kTwoInstances{.ports = 2, .instance_macs = {sender_mac(), receiver_mac()}};

}  // namespace

std::vector<Table> measure_live_path(const Effort& effort) {
    const TestHost bare_host(kTwoInstances);
    test::EnforcedHost enforced_host(kTwoInstances, {});
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
        (void)enforced.send(frame, flows, static_cast<std::uint32_t>(flows));  // opens the flows
        for (std::size_t turn = 0; turn < effort.turns; ++turn) {
            table.rows[0].nanoseconds.push_back(bare.send(frame, flows, effort.repeat));
            table.rows[1].nanoseconds.push_back(enforced.send(frame, flows, effort.repeat));
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

}  // namespace portcullis::bench
