// SPDX-License-Identifier: Apache-2.0
// Where the model comes from, and what is wrong with what was last offered there: for `status`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "tools/daemon/isolation.h"

namespace portcullis {

// What an error in the model of --model refuses: all of it, or the object that it is in.
enum class OnError : std::uint8_t { Refuse, Isolate };

struct SourceStatus {
    struct Refusal {
        std::string since;  // UTC, ISO 8601
        std::vector<Finding> findings;
        std::string failure;  // where no finding tells: the file could not be read, the host could not do it
    };
    std::string path;  // of --model; empty: the API is the source
    std::optional<Refusal> refusal;
    std::vector<IsolatedObject> isolated;  // of what is enforced: objects that are not as the source has them
};

}  // namespace portcullis
