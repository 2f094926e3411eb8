// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_body.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/daemon/strict_json.h"

namespace portcullis {
namespace {

using nlohmann::json;

Result<Document> document_of(json& entry) {
    const bool has_shape = entry.is_object() && entry.size() == 2 && entry.contains("Name") && entry["Name"].is_string() &&
                           entry.contains("Document") && (entry["Document"].is_object() || entry["Document"].is_string());
    if (!has_shape) {
        return fail(R"(every element of the array must be {"Name": text, "Document": object or text})");
    }
    json& document = entry["Document"];
    return Document{.name = entry["Name"].get<std::string>(),
                    .text = document.is_string() ? std::move(document.get_ref<std::string&>()) : document.dump()};
}

}  // namespace

Result<std::vector<Document>> parse_model_body(std::string body) {
    const std::size_t start = body.find_first_not_of(" \t\r\n");
    if (start == std::string::npos || body[start] != '[') {
        return std::vector<Document>{{.name = "request", .text = std::move(body)}};
    }
    Result<json> array = parse_strict_json(body);
    if (!array) {
        return fail(array.error());
    }
    body = {};
    std::vector<Document> documents;
    for (json& entry : *array) {
        Result<Document> document = document_of(entry);
        if (!document) {
            return fail(document.error());
        }
        documents.push_back(std::move(*document));
    }
    return documents;
}

std::string print_model_body(const std::vector<Document>& documents) {
    json array = json::array();
    for (const Document& document : documents) {
        array.push_back({{"Name", document.name}, {"Document", document.text}});
    }
    // Texts were accepted and so are UTF-8; the name of a file need not be.
    return array.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace portcullis
