// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/change_request.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "tools/daemon/confirmation.h"
#include "tools/daemon/strict_json.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr const char* kFile = "request";

void refuse(ChangeRequest& request, std::string pointer, std::string message) {
    request.findings.push_back(
        {.severity = Finding::Severity::Error, .position = {.file = kFile, .pointer = std::move(pointer)}, .message = std::move(message)});
}

// The object must say the id of the path: of two ids one is a mistake.
void add_put(ChangeRequest& request, ObjectName name, std::string place, json object) {
    const std::string key(name.kind->id_key);
    if (!object.is_object()) {
        return refuse(request, place, "expected an object");
    }
    const auto id = object.find(key);
    if (id == object.end() || !id->is_string() || id->get_ref<const std::string&>() != name.id) {
        return refuse(request, place + '/' + key, key + " must be the id in the path");
    }
    request.edits.push_back({.name = std::move(name), .object = std::move(object)});
    request.places.push_back(std::move(place));
}

void add_delete(ChangeRequest& request, ObjectName name, std::string place) {
    request.edits.push_back({.name = std::move(name), .object = std::nullopt});
    request.places.push_back(std::move(place));
}

const std::string* text_of(const json& change, const char* key) {
    const auto found = change.is_object() ? change.find(key) : change.end();
    return found != change.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
}

void add_change(ChangeRequest& request, const std::string& place, json& change) {
    const std::string* const method = text_of(change, "Method");
    const std::string* const path = text_of(change, "Path");
    const bool is_put = method != nullptr && *method == "PUT";
    const bool is_delete = method != nullptr && *method == "DELETE";
    if (path == nullptr || (!is_put && !is_delete) || change.size() != (is_put ? 3 : 2) || (is_put && !change.contains("Body"))) {
        return refuse(request, place, R"(expected {"Method": "PUT", "Path": text, "Body": object} or {"Method": "DELETE", "Path": text})");
    }
    Result<std::optional<ObjectName>> name = parse_object_path(*path);
    if (!name || !*name) {
        return refuse(request, place + "/Path", name ? "the path names no object" : name.error().message);
    }
    if (is_put) {
        add_put(request, std::move(**name), place + "/Body", std::move(change["Body"]));
    } else {
        add_delete(request, std::move(**name), place);
    }
}

void refuse_repetitions(ChangeRequest& request) {
    std::set<ObjectName> names;
    for (std::size_t i = 0; i < request.edits.size(); ++i) {
        if (!names.insert(request.edits[i].name).second) {
            refuse(request, request.places[i], "another change of the transaction is about the same object");
        }
    }
}

}  // namespace

ChangeRequest read_object_change(std::string_view method, ObjectName name, std::string_view body) {
    ChangeRequest request;
    if (method == "DELETE") {
        add_delete(request, std::move(name), "");
        return request;
    }
    Result<json> object = parse_strict_json(body);
    if (object) {
        add_put(request, std::move(name), "", std::move(*object));
    } else {
        refuse(request, "", object.error().message);
    }
    return request;
}

ChangeRequest read_transaction(std::string_view body) {
    ChangeRequest request;
    Result<json> parsed = parse_strict_json(body);
    if (!parsed) {
        refuse(request, "", parsed.error().message);
        return request;
    }
    if (!parsed->is_object() || parsed->size() != 1 || !parsed->contains("Changes") || !(*parsed)["Changes"].is_array()) {
        refuse(request, "", R"(expected {"Changes": [...]})");
        return request;
    }
    json& changes = (*parsed)["Changes"];
    if (changes.empty() || changes.size() > kMostChanges) {
        refuse(request, "/Changes", "a transaction has 1 to " + std::to_string(kMostChanges) + " changes");
        return request;
    }
    for (std::size_t i = 0; i < changes.size(); ++i) {
        add_change(request, "/Changes/" + std::to_string(i), changes[i]);
    }
    refuse_repetitions(request);
    return request;
}

void relocate(std::vector<Finding>& findings, const ChangeRequest& request) {
    std::map<std::string, std::size_t, std::less<>> edits;
    for (std::size_t i = 0; i < request.edits.size(); ++i) {
        edits.emplace(document_name(request.edits[i].name), i);
    }
    for (Finding& finding : findings) {
        const auto edit = edits.find(finding.position.file);
        if (edit == edits.end()) {
            continue;
        }
        const std::string inside = object_pointer(*request.edits[edit->second].name.kind);
        if (finding.position.pointer.starts_with(inside)) {
            finding.position = {.file = kFile, .pointer = request.places[edit->second] + finding.position.pointer.substr(inside.size())};
        }
    }
}

Result<std::optional<std::chrono::seconds>> read_confirm_within(std::string_view target) {
    const std::size_t start = target.find('?');
    if (start == std::string_view::npos) {
        return std::nullopt;
    }
    constexpr std::string_view kKey = "ConfirmWithin=";
    std::string_view query = target.substr(start + 1);
    std::uint32_t seconds = 0;
    const bool is_ours = query.starts_with(kKey);
    query.remove_prefix(is_ours ? kKey.size() : 0);
    const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), seconds);
    const bool is_number = error == std::errc{} && end == query.data() + query.size();
    if (!is_ours || !is_number || seconds == 0 || seconds > Confirmation::kLongest.count()) {
        return fail("the query of a change is ConfirmWithin=SECONDS, 1 to " + std::to_string(Confirmation::kLongest.count()) +
                    ", or nothing");
    }
    return std::chrono::seconds(seconds);
}

}  // namespace portcullis
