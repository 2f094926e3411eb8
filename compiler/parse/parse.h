// SPDX-License-Identifier: Apache-2.0
// Documents -> Model. Accepts the output of the EC2 describe calls as it is (keys that do not matter are ignored) and our own `Portcullis`
// key, in which unknown keys are errors. Merges documents; file names carry no meaning. Collects every finding instead of the first.
//
// Rules: docs/semantics.md 10. Pure: the caller reads the files.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

namespace portcullis {

struct Document {
    std::string name;  // for messages
    std::string text;  // JSON
};

struct ParseOutcome {
    std::optional<Model> model;     // none when any finding is an error
    std::vector<Finding> findings;  // in the order of documents and of positions in them
};

// Parses, merges and validates (compiler/validate/validate.h).
[[nodiscard]] ParseOutcome parse(std::span<const Document> documents);

}  // namespace portcullis
