// SPDX-License-Identifier: Apache-2.0
// In which object of the documents an error lies, and what the documents say of objects: for isolation.h.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "tools/daemon/object_name.h"

namespace portcullis {

// The object at each of the places, which may be put aside for what is wrong there: a group, its flat rules included, a prefix list, an
// interface; of an ACL its entries alone, since what it is associated with says which packets other ACLs judge. None: anything else, and
// an object whose id is in doubt.
[[nodiscard]] std::vector<std::optional<ObjectName>> objects_at(const std::vector<Document>& documents, std::span<const Position> places);

// All that the documents say of the objects: a document each, {"SecurityGroups": […], "SecurityGroupRules": […]}. Objects that they do not
// have themselves are left out.
[[nodiscard]] std::map<ObjectName, nlohmann::json> collect_objects(const std::vector<Document>& documents,
                                                                   const std::set<ObjectName>& names);

}  // namespace portcullis
