// SPDX-License-Identifier: Apache-2.0
// Requests that change single objects, read: PUT and DELETE of one, POST /v1/transaction of several (docs/api.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "tools/daemon/document_edit.h"
#include "tools/daemon/object_name.h"

namespace portcullis {

inline constexpr std::size_t kMostChanges = 1'000;  // of one transaction

struct ChangeRequest {
    std::vector<ObjectEdit> edits;
    std::vector<std::string> places;  // of each edit's object in the body: "", "/Changes/3/Body"
    std::vector<Finding> findings;    // what is wrong with the body's shape: then no edit may be used
};

// `method`: PUT or DELETE.
[[nodiscard]] ChangeRequest read_object_change(std::string_view method, ObjectName name, std::string_view body);
[[nodiscard]] ChangeRequest read_transaction(std::string_view body);

// Findings about the documents that the edits made are turned into such about the request's body.
void relocate(std::vector<Finding>& findings, const ChangeRequest& request);

// The query of a request that changes something: `ConfirmWithin=SECONDS`, or nothing. Whatever else stands there is an error: a misspelt
// wish to have a change rolled back must not be passed over.
[[nodiscard]] Result<std::optional<std::chrono::seconds>> read_confirm_within(std::string_view target);

}  // namespace portcullis
