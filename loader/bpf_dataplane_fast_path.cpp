// SPDX-License-Identifier: Apache-2.0
// The fast path follows the host's devices (docs/decisions/0014-fast-path.md).
#include <chrono>
#include <cstdint>

#include "bpf/abi.h"
#include "loader/bpf_dataplane_state.h"

namespace portcullis {

// By whoever is told of changes of the host's devices: a daemon that is not there cannot know that one has left its bridge.
void BpfDataplane::State::lend_fast_path() {
    if (!fast) {
        return;
    }
    const auto now = sweeper.ticks(maps.host());
    if (now) {
        maps.lend_fast_path(*now + static_cast<std::uint32_t>(std::chrono::nanoseconds(fast_path_lease).count() >> PC_TICK_SHIFT));
    } else if (log) {
        log(LogLevel::Warning, now.error().with_context("the fast path cannot be lent any longer").message);
    }
}

// Nothing depends on it: what is missing takes the bridge.
void BpfDataplane::State::follow_fast_devices() {
    if (!fast) {
        return;
    }
    const auto followed = fast->follow(in_force, [this](std::uint32_t ifindex) { return hooks.holds_enforcement(ifindex, Standing{}); });
    if (!followed && log) {
        log(LogLevel::Warning, followed.error().with_context("some ports are without a fast path").message);
    }
    lend_fast_path();
}

}  // namespace portcullis
