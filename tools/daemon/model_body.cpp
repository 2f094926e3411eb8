// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_body.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 66;  // a document of the depth that the documents' reader accepts, in its envelope

// Watches a parse for what the resulting tree no longer shows.
class Strictness {
   public:
    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        if (static_cast<std::size_t>(depth) > kDeepest) {
            problem_ = "the body nests too deep";
        } else if (event == json::parse_event_t::object_start) {
            keys_.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            keys_.pop_back();
        } else if (event == json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second) {
            problem_ = "a key occurs twice in one object";
        }
        return true;
    }
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

   private:
    std::vector<std::set<std::string>> keys_;
    std::optional<std::string> problem_;
};

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
    Strictness strictness;
    // By reference: the parser copies its callback.
    json array = json::parse(body, std::ref(strictness), false);
    body = {};
    if (array.is_discarded() || strictness.problem()) {
        return fail(strictness.problem().value_or("the body is not JSON"));
    }
    std::vector<Document> documents;
    for (json& entry : array) {
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
