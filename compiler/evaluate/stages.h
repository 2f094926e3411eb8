// SPDX-License-Identifier: Apache-2.0
// The evaluator's stages 5 to 8: services, host policies, security groups with state, network ACLs, in the order of docs/semantics.md 1.
// Called by evaluate.cpp alone.
#pragma once

#include <optional>

#include "compiler/evaluate/evaluate.h"
#include "compiler/evaluate/flows.h"

namespace portcullis {

// A flow to be written if its packet is admitted.
struct FlowChange {
    FlowKey key;
    Flow flow;
};

struct StagesVerdict {
    Verdict verdict;
    std::optional<FlowChange> change;  // of an admitted packet
};

// Pre: the packet passed stages 1 to 4, is of no link-scope protocol, and, if a later fragment, follows no remembered first one.
[[nodiscard]] StagesVerdict judge_stages(const Passage& passage, const FlowTable& flows);

}  // namespace portcullis
