// SPDX-License-Identifier: Apache-2.0
// The fast path follows the host's devices (docs/decisions/0014-fast-path.md).
#include "loader/bpf_dataplane_state.h"

namespace portcullis {

// By whoever is told of changes of the host's devices: a daemon that is not there cannot know that one has left its bridge.
void BpfDataplane::State::lend_fast_path() {
    if (fast) {
        maps.lend_fast_path(fast_path_lease);
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
