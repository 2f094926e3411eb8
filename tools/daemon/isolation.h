// SPDX-License-Identifier: Apache-2.0
// `--on-error isolate`: documents with errors, less the objects that have them (docs/decisions/0010-isolation.md). Pure.
//
// Invariant: what is put in the place of a faulty object passes nothing that neither its last accepted content passes nor the documents
// that are offered would pass; where that cannot be had, everything is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/parse/parse.h"
#include "core/result.h"
#include "tools/daemon/object_name.h"

namespace portcullis {

struct IsolatedObject {
    // Nothing: a group or a list matches nothing, an ACL denies everything, an interface's port is closed.
    enum class InForce : std::uint8_t { LastAccepted, Nothing };
    ObjectName name;
    InForce in_force = InForce::Nothing;
    std::vector<Finding> reasons;  // the errors, at their places in the documents that were offered
    std::string since;             // UTC, ISO 8601; empty until somebody keeps it
};

// "keeps its last accepted content", "matches nothing".
[[nodiscard]] std::string_view to_string(IsolatedObject::InForce in_force);

struct IsolatedModel {
    std::vector<Document> documents;  // without an error that parse() finds
    std::vector<IsolatedObject> objects;
};

// `findings`: of parse(offered), errors among them. `accepted`: the last accepted documents; none: there are none. Fails, and says for what
// error, where one does not lie in a group, an ACL's entries, a prefix list or an interface, or cannot be mended by putting that aside.
[[nodiscard]] Result<IsolatedModel> isolate(const std::vector<Document>& offered, std::vector<Finding> findings,
                                            const std::vector<Document>& accepted);

}  // namespace portcullis
