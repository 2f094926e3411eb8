// SPDX-License-Identifier: Apache-2.0
// What a TCP segment makes of its flow (docs/semantics.md 7.6): states, which RST closes, and SYNs that renew. Nothing is dropped here.
// Called by evaluate/flows.cpp alone.
#pragma once

#include <optional>

#include "compiler/evaluate/flows.h"

namespace portcullis {

// `flow` as the segment opens it; none: it opens none.
[[nodiscard]] std::optional<Flow> opened_by_segment(Flow flow, const TcpSegment& segment);

// The flow after an admitted segment of the side `from`. `counts`: of a bare SYN, its remote counts as an interface's.
[[nodiscard]] Flow advanced_by_segment(Flow flow, Direction from, const TcpSegment& segment, bool counts);

}  // namespace portcullis
