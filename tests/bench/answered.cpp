// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/answered.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "bpf/abi.h"
#include "tests/support/netns.h"

namespace portcullis::bench {

namespace {

void expect(const test::EnforcedHost& host, std::uint64_t flows, const char* what, std::uint64_t (*count)(const pc_port_state&)) {
    const test::KernelMap states = host.program(0, Direction::Outbound).map("pc_port_states");
    const std::vector<std::byte> rows = states.rows(0, states.info().max_entries);
    std::uint64_t found = 0;
    for (std::size_t at = 0; at < rows.size(); at += sizeof(pc_port_state)) {
        pc_port_state state{};
        std::memcpy(&state, rows.data() + at, sizeof state);
        found += count(state);
    }
    if (found != flows) {
        errno = ENOENT;
        test::end_test_run("find " + std::to_string(flows) + " " + what + " flows instead of " + std::to_string(found));
    }
}

}  // namespace

void expect_answered(const test::EnforcedHost& host, std::uint64_t flows) {
    expect(host, flows, "answered", [](const pc_port_state& state) { return std::uint64_t{state.answered}; });
}

void expect_half_open(const test::EnforcedHost& host, std::uint64_t flows) {
    expect(host, flows, "half-open", [](const pc_port_state& state) { return std::uint64_t{state.half_open[0]} + state.half_open[1]; });
}

}  // namespace portcullis::bench
