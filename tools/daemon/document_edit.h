// SPDX-License-Identifier: Apache-2.0
// Single objects in the accepted documents: pure functions on their texts.
//
// An object that is given by itself gets a document of its own, named KIND/ID, and is taken out of every other, so that afterwards it is
// exactly what was given. Documents that hold none of the objects in question stay byte for byte.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "compiler/parse/parse.h"
#include "core/result.h"
#include "tools/daemon/object_name.h"

namespace portcullis {

struct ObjectEdit {
    ObjectName name;
    std::optional<nlohmann::json> object;  // none: it is to go
};

struct EditedDocuments {
    std::vector<Document> documents;
    std::vector<std::size_t> missing;  // which edits take away an object that is not there
};

// Pre: `documents` were accepted (they are JSON objects without repeated keys); no object is in two edits. With a group go its flat rules
// (SecurityGroupRules). A NetworkAcls key never goes, be it empty: without any, ACLs would be off.
[[nodiscard]] Result<EditedDocuments> edit_documents(const std::vector<Document>& documents, const std::vector<ObjectEdit>& edits);

// The object as the documents have it; where several mention it, all that they say.
[[nodiscard]] std::optional<nlohmann::json> find_object(const std::vector<Document>& documents, const ObjectName& name);

}  // namespace portcullis
