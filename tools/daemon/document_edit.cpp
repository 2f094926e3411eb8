// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/document_edit.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tools/daemon/document_lists.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::string_view kNetworkAcls = "NetworkAcls";
constexpr std::array<std::string_view, 9> kModelKeys{
    "Vpcs",        "Subnets",           "SecurityGroups", "SecurityGroupRules", kNetworkAcls,
    "PrefixLists", "NetworkInterfaces", "Portcullis",     "ManagedPrefixLists"};

// With more of them, reading a document is cheaper than looking for each id in its text.
constexpr std::size_t kMostSearches = 16;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// False only if none of the ids can be a string of the document: with a backslash, strings may be written in other ways.
template <class Ids>
bool may_mention(std::string_view text, const Ids& ids) {
    return ids.size() > kMostSearches || text.find('\\') != std::string_view::npos ||
           std::ranges::any_of(ids, [text](const auto& id) { return text.find(id) != std::string_view::npos; });
}

void erase_if_empty(json& object, std::string_view key) {
    const json* const value = member(object, key);
    if (value != nullptr && value->empty()) {
        object.erase(std::string(key));
    }
}

bool has_any_key(const json& document) {
    return std::ranges::any_of(kModelKeys, [&document](std::string_view key) { return document.contains(key); });
}

bool has_network_acls(const Document& document) {
    const auto mentions = [&document](std::string_view text) { return document.text.find(text) != std::string::npos; };
    return (mentions(kNetworkAcls) || mentions("\\")) && json::parse(document.text, nullptr, false).contains(kNetworkAcls);
}

Document document_of(const ObjectName& name, const json& object) {
    json list{{std::string(name.kind->keys[0]), json::array({object})}};
    return {.name = document_name(name), .text = dump(name.kind->parent.empty() ? list : json{{std::string(name.kind->parent), list}})};
}

// What is to be taken out: by kind, the ids.
class Removal {
   public:
    explicit Removal(const std::vector<ObjectEdit>& edits) {
        for (const ObjectEdit& edit : edits) {
            ids_[edit.name.kind].insert(edit.name.id);
            all_.insert(edit.name.id);
        }
    }
    [[nodiscard]] bool may_concern(const Document& document) const { return may_mention(document.text, all_); }
    // Whether anything was there to be taken out.
    bool take_out(json& document) {
        const bool had_acls = document.contains(kNetworkAcls);
        bool is_changed = false;
        for (const auto& [kind, ids] : ids_) {
            for (json* list : lists_of(document, *kind)) {
                is_changed |= take_out(*list, *kind, ids, true);
            }
            json* const dependent = kind->dependent.empty() ? nullptr : member(document, kind->dependent);
            if (dependent != nullptr && dependent->is_array()) {
                is_changed |= take_out(*dependent, *kind, ids, false);
            }
            erase_empty(document, *kind);
        }
        has_lost_acls_ |= had_acls && !document.contains(kNetworkAcls);
        return is_changed;
    }
    [[nodiscard]] bool was_found(const ObjectName& name) const { return found_.contains(name); }
    [[nodiscard]] bool has_lost_acls() const { return has_lost_acls_; }  // a document lost its key

   private:
    bool take_out(json& list, const ObjectKind& kind, const std::set<std::string>& ids, bool is_object) {
        json rest = json::array();
        for (json& element : list) {
            const std::string* const id = text_of(element, kind.id_key);
            if (id == nullptr || !ids.contains(*id)) {
                rest.push_back(std::move(element));
            } else if (is_object) {
                found_.insert({.kind = &kind, .id = *id});
            }
        }
        const bool is_changed = rest.size() != list.size();
        list = std::move(rest);
        return is_changed;
    }
    static void erase_empty(json& document, const ObjectKind& kind) {
        json* const holder = kind.parent.empty() ? &document : member(document, kind.parent);
        for (const std::string_view key : kind.keys) {
            if (holder != nullptr && !key.empty()) {
                erase_if_empty(*holder, key);
            }
        }
        for (const std::string_view key : {kind.parent, kind.dependent}) {
            if (!key.empty()) {
                erase_if_empty(document, key);
            }
        }
    }

    std::map<const ObjectKind*, std::set<std::string>> ids_;
    std::set<std::string> all_;
    std::set<ObjectName> found_;
    bool has_lost_acls_ = false;
};

// Documents that hold something for the objects that are given, by name.
std::map<std::string, Document> new_documents(const std::vector<ObjectEdit>& edits) {
    std::map<std::string, Document> documents;
    for (const ObjectEdit& edit : edits) {
        if (edit.object) {
            documents.emplace(document_name(edit.name), document_of(edit.name, *edit.object));
        }
    }
    return documents;
}

// Keys that objects leave behind: NetworkAcls, and any one so that there is a document.
void keep_keys(std::vector<Document>& documents, bool has_lost_acls) {
    if (has_lost_acls && std::ranges::none_of(documents, has_network_acls)) {
        documents.push_back({.name = "network-acls", .text = R"({"NetworkAcls":[]})"});
    }
    if (documents.empty()) {
        documents.push_back({.name = "empty", .text = R"({"Vpcs":[]})"});
    }
}

// Lists join, and what only one says holds: as the documents' reader has it, for objects that it accepts.
void join(json& object, json&& more, bool joins_lists) {
    for (auto& [key, value] : more.items()) {
        if (!object.contains(key)) {
            object[key] = std::move(value);
        } else if (joins_lists && value.is_array() && object[key].is_array()) {
            for (json& element : value) {
                if (std::ranges::find(object[key], element) == object[key].end()) {
                    object[key].push_back(std::move(element));
                }
            }
        }
    }
}

}  // namespace

Result<EditedDocuments> edit_documents(const std::vector<Document>& documents, const std::vector<ObjectEdit>& edits) {
    Removal removal(edits);
    std::map<std::string, Document> given = new_documents(edits);
    EditedDocuments edited;
    for (const Document& document : documents) {
        if (!removal.may_concern(document)) {
            edited.documents.push_back(document);
            continue;
        }
        json content = json::parse(document.text, nullptr, false);
        if (content.is_discarded()) {
            return fail("cannot read the accepted document " + document.name);
        }
        if (!removal.take_out(content)) {
            edited.documents.push_back(document);
        } else if (has_any_key(content)) {
            edited.documents.push_back({.name = document.name, .text = dump(content)});
        } else if (auto own = given.extract(document.name)) {  // in its place: what is given again changes nothing
            edited.documents.push_back(std::move(own.mapped()));
        }
    }
    for (const ObjectEdit& edit : edits) {
        if (auto own = given.extract(document_name(edit.name))) {
            edited.documents.push_back(std::move(own.mapped()));
        }
    }
    keep_keys(edited.documents, removal.has_lost_acls());
    for (std::size_t i = 0; i < edits.size(); ++i) {
        if (!edits[i].object && !removal.was_found(edits[i].name)) {
            edited.missing.push_back(i);
        }
    }
    return edited;
}

std::optional<json> find_object(const std::vector<Document>& documents, const ObjectName& name) {
    std::optional<json> object;
    for (const Document& document : documents) {
        if (!may_mention(document.text, std::array{std::string_view(name.id)})) {
            continue;
        }
        json content = json::parse(document.text, nullptr, false);
        for (json* list : lists_of(content, *name.kind)) {
            for (json& element : *list) {
                const std::string* const id = text_of(element, name.kind->id_key);
                if (id == nullptr || *id != name.id) {
                    continue;
                }
                if (object) {
                    join(*object, std::move(element), !name.kind->parent.empty());
                } else {
                    object = std::move(element);
                }
            }
        }
    }
    return object;
}

}  // namespace portcullis
