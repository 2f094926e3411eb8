// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/answered.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "bpf/abi.h"
#include "tests/support/netns.h"

namespace portcullis::bench {

void expect_answered(const test::EnforcedHost& host, std::uint64_t flows) {
    const test::KernelMap states = host.program(0, Direction::Outbound).map("pc_port_states");
    const std::vector<std::byte> rows = states.rows(0, states.info().max_entries);
    std::uint64_t answered = 0;
    for (std::size_t at = 0; at < rows.size(); at += sizeof(pc_port_state)) {
        pc_port_state state{};
        std::memcpy(&state, rows.data() + at, sizeof state);
        answered += state.answered;
    }
    if (answered != flows) {
        errno = ENOENT;
        test::end_test_run("find " + std::to_string(flows) + " answered flows instead of " + std::to_string(answered));
    }
}

}  // namespace portcullis::bench
