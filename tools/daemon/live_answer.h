// SPDX-License-Identifier: Apache-2.0
// What `explain --live` found out: what the loaded programs say, beside what the accepted model says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/explain/explain.h"
#include "compiler/explain/gate_probes.h"
#include "core/dataplane.h"
#include "tools/daemon/bindings.h"

namespace portcullis {

struct LiveGate {
    GateProbe probe;
    std::optional<ProbeVerdict> programs;  // none: the back end has no copy of what judges packets
    [[nodiscard]] Reason reason() const { return programs ? programs->reason : probe.expected.reason; }
    [[nodiscard]] bool agrees() const { return reason() == probe.expected.reason; }
};

struct LiveAnswer {
    Answer model;
    std::vector<LiveGate> gates;   // of this host, in the order in which the packet and its answer meet them
    std::vector<PortLine> closed;  // ports of its ends that are here and closed, whatever the policy

    // Every gate of this host and, of ends elsewhere, every stage of the model lets the first packet pass.
    [[nodiscard]] bool allowed() const;
    // Likewise the answer to it. Pre: allowed().
    [[nodiscard]] bool response_allowed() const;
    // The programs say at every gate what the model says.
    [[nodiscard]] bool agrees() const;
};

}  // namespace portcullis
