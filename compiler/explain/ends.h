// SPDX-License-Identifier: Apache-2.0
// Who X and Y of a question are: from an interface id, an instance id or an address to an interface of the model and the address it speaks
// with. Called by explain.cpp alone.
#pragma once

#include <optional>

#include "compiler/evaluate/model.h"
#include "compiler/explain/explain.h"
#include "core/model.h"
#include "core/result.h"

namespace portcullis {

struct End {
    const NetworkInterface* interface = nullptr;  // none: an address outside the model
    std::optional<Address> address;               // none: the interface has none of the family that is talked
};

struct Ends {
    End from;
    End to;
};

// Fails when an end is unknown or ambiguous, or both are outside the model.
[[nodiscard]] Result<Ends> find_ends(const ModelIndex& index, const Question& question);

}  // namespace portcullis
