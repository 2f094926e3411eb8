// SPDX-License-Identifier: Apache-2.0
// Documents in which what is to be in force of some objects stands in the place of what was offered of them: for isolation.h.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "tools/daemon/object_name.h"

namespace portcullis {

class PutAside {
   public:
    // `contents`: by object, what is to be in force of it, as collect_objects gives it; null: nothing. Pre: each of `offered` is JSON.
    PutAside(const std::vector<Document>& offered, const std::map<ObjectName, nlohmann::json>& contents);

    [[nodiscard]] const std::vector<Document>& documents() const { return documents_; }
    // Where in `offered` stands what is at `place` of documents(); a place in what was put in instead stays as it is.
    [[nodiscard]] Position offered_place(Position place) const;
    // Whose content was put in as the document of that name; none: it was offered.
    [[nodiscard]] const ObjectName* owner_of(const std::string& document) const;

   private:
    void edit(const Document& document);
    bool edit_list(const std::string& file, const std::string& key, nlohmann::json& list);
    void add(const ObjectName& name, const nlohmann::json& content);

    const std::map<ObjectName, nlohmann::json>& contents_;
    std::vector<Document> documents_;
    std::map<std::string, ObjectName> owners_;                                          // by document
    std::map<std::string, std::map<std::string, std::vector<std::size_t>>> taken_out_;  // by document and list: elements, ascending
};

// Whether such a content, of collect_objects or null, matches nothing at all.
[[nodiscard]] bool says_nothing(const ObjectName& name, const nlohmann::json& content);

}  // namespace portcullis
