// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/put_aside.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "tools/daemon/document_lists.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr const char* kAcls = "NetworkAcls";
constexpr const char* kInterfaces = "NetworkInterfaces";
constexpr const char* kEntries = "Entries";

bool is_of(const ObjectName& name, std::string_view list) { return name.kind->keys[0] == list; }

// A document of an object that was not accepted before: it matches nothing, and a port of it is closed.
json document_of_nothing(const ObjectName& name) {
    if (is_of(name, kInterfaces)) {
        return {{"Portcullis", {{"ClosedInterfaces", json::array({{{"NetworkInterfaceId", name.id}}})}}}};
    }
    return {{std::string(name.kind->keys[0]), json::array({{{std::string(name.kind->id_key), name.id}}})}};
}

bool has_elements(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && !found->empty();
}

}  // namespace

PutAside::PutAside(const std::vector<Document>& offered, const std::map<ObjectName, json>& contents) : contents_(contents) {
    for (const Document& document : offered) {
        edit(document);
    }
    for (const auto& [name, content] : contents) {
        if (!is_of(name, kAcls)) {
            add(name, content);
        }
    }
}

void PutAside::edit(const Document& document) {
    json content = json::parse(document.text, nullptr, false);
    bool is_changed = false;
    if (content.is_object()) {
        for (auto& [key, list] : content.items()) {
            is_changed |= list.is_array() && edit_list(document.name, key, list);
        }
    }
    documents_.push_back(is_changed ? Document{.name = document.name, .text = content.dump(-1, ' ', false, json::error_handler_t::replace)}
                                    : document);
}

// Of an ACL the entries alone are replaced, where it stands: the packets of which subnets it judges is as the documents offer it.
bool PutAside::edit_list(const std::string& file, const std::string& key, json& list) {
    const ObjectKind* const kind = kind_of_list(key);
    if (kind == nullptr) {
        return false;
    }
    bool is_changed = false;
    json rest = json::array();
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string* const id = text_of(list[i], kind->id_key);
        const auto content = contents_.find({.kind = kind, .id = id == nullptr ? "" : *id});
        if (content == contents_.end()) {
            rest.push_back(std::move(list[i]));
            continue;
        }
        is_changed = true;
        if (key != kAcls) {
            taken_out_[file][key].push_back(i);
            continue;
        }
        json acl = std::move(list[i]);
        acl[kEntries] = content->second.is_null() ? json::array() : content->second[kAcls][0].value(kEntries, json::array());
        rest.push_back(std::move(acl));
    }
    list = std::move(rest);
    return is_changed;
}

void PutAside::add(const ObjectName& name, const json& content) {
    const json document = content.is_null() ? document_of_nothing(name) : content;
    owners_.emplace(document_name(name), name);
    documents_.push_back({.name = document_name(name), .text = document.dump(-1, ' ', false, json::error_handler_t::replace)});
}

Position PutAside::offered_place(Position place) const {
    const auto file = taken_out_.find(place.file);
    const std::size_t slash = place.pointer.find('/', 1);
    if (file == taken_out_.end() || slash == std::string::npos) {
        return place;
    }
    const auto list = file->second.find(place.pointer.substr(1, slash - 1));
    std::size_t element = 0;
    const char* const begin = place.pointer.data() + slash + 1;
    const auto [end, error] = std::from_chars(begin, place.pointer.data() + place.pointer.size(), element);
    if (list == file->second.end() || error != std::errc{}) {
        return place;
    }
    const std::string rest = place.pointer.substr(static_cast<std::size_t>(end - place.pointer.data()));
    for (const std::size_t taken : list->second) {
        element += taken <= element ? 1 : 0;
    }
    place.pointer = place.pointer.substr(0, slash + 1) + std::to_string(element) + rest;
    return place;
}

const ObjectName* PutAside::owner_of(const std::string& document) const {
    const auto found = owners_.find(document);
    return found == owners_.end() ? nullptr : &found->second;
}

bool says_nothing(const ObjectName& name, const json& content) {
    const auto has_content = [](const json& mention) {
        return has_elements(mention, "IpPermissions") || has_elements(mention, "IpPermissionsEgress") || has_elements(mention, kEntries) ||
               has_elements(mention, "Cidrs");
    };
    return content.is_null() || (!is_of(name, kInterfaces) &&
                                 std::ranges::none_of(content, [&](const json& list) { return std::ranges::any_of(list, has_content); }));
}

}  // namespace portcullis
