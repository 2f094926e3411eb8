// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/faulty_objects.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "tools/daemon/document_lists.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::string_view kAcls = "network-acls";
constexpr std::string_view kSubnets = "subnets";

// "/SecurityGroups/3/IpPermissions/0": the list, the element, and the rest with its slash.
struct Place {
    std::string_view list;
    std::size_t element = 0;
    std::string_view rest;
};

std::optional<Place> read_pointer(std::string_view pointer) {
    const std::size_t second = pointer.find('/', 1);
    if (pointer.empty() || second == std::string_view::npos) {
        return std::nullopt;
    }
    Place place{.list = pointer.substr(1, second - 1), .element = 0, .rest = {}};
    const char* const begin = pointer.data() + second + 1;
    const auto [end, error] = std::from_chars(begin, pointer.data() + pointer.size(), place.element);
    place.rest = pointer.substr(static_cast<std::size_t>(end - pointer.data()));
    return error == std::errc{} && (place.rest.empty() || place.rest[0] == '/') ? std::optional(place) : std::nullopt;
}

// An id that occurs twice is an error there as well: then our reader and this one may take different ones of them.
bool may_be_put_aside(const ObjectKind& kind, std::string_view rest) {
    const bool is_about_id = rest.starts_with("/" + std::string(kind.id_key));
    const bool is_about_entries = rest.empty() || rest == "/Entries" || rest.starts_with("/Entries/");
    return kind.path != kSubnets && !is_about_id && (kind.path != kAcls || is_about_entries);
}

std::optional<ObjectName> object_at(json& document, std::string_view pointer) {
    const std::optional<Place> place = read_pointer(pointer);
    const ObjectKind* const kind = place ? kind_of_list(place->list) : nullptr;
    if (kind == nullptr || !may_be_put_aside(*kind, place->rest)) {
        return std::nullopt;
    }
    const json* const list = member(document, place->list);
    if (list == nullptr || !list->is_array() || place->element >= list->size()) {
        return std::nullopt;
    }
    const std::string* const id = text_of((*list)[place->element], kind->id_key);
    return id == nullptr || id->empty() ? std::nullopt : std::optional(ObjectName{.kind = kind, .id = *id});
}

void collect(json& document, const std::set<ObjectName>& names, std::map<ObjectName, json>& found, bool dependents) {
    for (auto& [key, list] : document.items()) {
        const ObjectKind* const kind = kind_of_list(key);
        if (kind == nullptr || !list.is_array() || (key == kind->dependent) != dependents) {
            continue;
        }
        for (json& element : list) {
            const std::string* const id = text_of(element, kind->id_key);
            const ObjectName name{.kind = kind, .id = id == nullptr ? "" : *id};
            if (names.contains(name) && (!dependents || found.contains(name))) {
                found[name][key].push_back(std::move(element));
            }
        }
    }
}

}  // namespace

std::vector<std::optional<ObjectName>> objects_at(const std::vector<Document>& documents, std::span<const Position> places) {
    std::vector<std::optional<ObjectName>> objects(places.size());
    for (const Document& document : documents) {
        std::optional<json> content;  // read once there is a place in it
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i].file != document.name) {
                continue;
            }
            if (!content) {
                content = json::parse(document.text, nullptr, false);
            }
            objects[i] = object_at(*content, places[i].pointer);
        }
    }
    return objects;
}

std::map<ObjectName, json> collect_objects(const std::vector<Document>& documents, const std::set<ObjectName>& names) {
    std::map<ObjectName, json> found;
    for (const bool dependents : {false, true}) {  // those of objects alone that are there themselves
        for (const Document& document : documents) {
            json content = json::parse(document.text, nullptr, false);
            if (content.is_object()) {
                collect(content, names, found, dependents);
            }
        }
    }
    return found;
}

}  // namespace portcullis
