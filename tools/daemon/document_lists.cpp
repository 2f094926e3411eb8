// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/document_lists.h"

namespace portcullis {

using nlohmann::json;

json* member(json& object, std::string_view key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() ? nullptr : &*found;
}

std::vector<json*> lists_of(json& document, const ObjectKind& kind) {
    json* const holder = kind.parent.empty() ? &document : member(document, kind.parent);
    std::vector<json*> lists;
    for (const std::string_view key : kind.keys) {
        json* const list = holder == nullptr || key.empty() ? nullptr : member(*holder, key);
        if (list != nullptr && list->is_array()) {
            lists.push_back(list);
        }
    }
    return lists;
}

const std::string* text_of(const json& element, std::string_view key) {
    const auto found = element.is_object() ? element.find(key) : element.end();
    return found != element.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
}

}  // namespace portcullis
