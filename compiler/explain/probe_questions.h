// SPDX-License-Identifier: Apache-2.0
// Questions (explain.h) about one interface, drawn from what the model says of it: for each rule of its groups and each entry of its ACL
// one just inside and one just outside of what it is about. Which are allowed, the evaluator says. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/explain/explain.h"
#include "core/model.h"

namespace portcullis {

// At most `most`, spread evenly over the rules where there are more; the same ones each time.
[[nodiscard]] std::vector<Question> draw_questions(const Model& model, const NetworkInterface& interface, std::size_t most);

}  // namespace portcullis
