// SPDX-License-Identifier: Apache-2.0
// Packets that need no flow, because their flow passes by the rules alone in both directions (docs/semantics.md 7.5). Called by
// evaluate/stages.cpp and evaluate/errors.cpp.
#pragma once

#include <vector>

#include "compiler/evaluate/flows.h"
#include "compiler/evaluate/rules.h"

namespace portcullis {

// What rules are asked about the packet.
[[nodiscard]] RuleQuestion question_of(const Passage& passage);

// 5.3: whether the packet goes to a listed service.
[[nodiscard]] bool is_service_packet(const Passage& passage);
// 5.4: whether it comes from one, as an answer would.
[[nodiscard]] bool is_from_service(const Passage& passage);

// Whether the packet, which belongs to no live flow, needs none.
[[nodiscard]] bool is_untracked(const Passage& passage);

}  // namespace portcullis
