// SPDX-License-Identifier: Apache-2.0
// The evaluator's address binding (docs/semantics.md 4). Called by evaluate.cpp alone.
#pragma once

#include "compiler/evaluate/flows.h"
#include "core/verdict.h"

namespace portcullis {

[[nodiscard]] Reason judge_binding(const Passage& passage);

}  // namespace portcullis
