// SPDX-License-Identifier: Apache-2.0
// The single objects of the API: their kinds, how a path names one, and where in a document they stand.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace portcullis {

struct ObjectKind {
    std::string_view path;                 // "security-groups"
    std::string_view parent;               // the top-level key that holds the lists; empty: they are top-level themselves
    std::array<std::string_view, 2> keys;  // of the lists; a new object goes into the first; the second may be empty
    std::string_view id_key;               // "GroupId"
    std::string_view dependent;  // a top-level list of what belongs to such an object and goes with it, by the same id_key; or empty
};

struct ObjectName {
    const ObjectKind* kind = nullptr;
    std::string id;
    auto operator<=>(const ObjectName&) const = default;
};

// "/v1/security-groups/sg-1", percent-encoded where need be. None where the path names no object; an error where it does so badly.
[[nodiscard]] Result<std::optional<ObjectName>> parse_object_path(std::string_view path);

// Whose objects, or what depends on them, stand in the top-level list `key`; none where they are not top-level.
[[nodiscard]] const ObjectKind* kind_of_list(std::string_view key);

// The name of the document that holds an object that was given by itself: "security-groups/sg-1".
[[nodiscard]] std::string document_name(const ObjectName& name);
// Where it stands in there: "/SecurityGroups/0", "/Portcullis/Ports/0".
[[nodiscard]] std::string object_pointer(const ObjectKind& kind);

}  // namespace portcullis
