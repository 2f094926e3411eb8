// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/order_findings.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace portcullis {
namespace {

// Text whose order is that of the pointer's tokens, with indices as numbers: /Entries/9 before /Entries/10. A number is preceded by how
// many digits it has.
std::string sort_key(std::string_view pointer) {
    std::string key;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const std::string_view token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        constexpr std::size_t kLongestIndex = 20;
        const bool is_index =
            !token.empty() && token.size() <= kLongestIndex && token.find_first_not_of("0123456789") == std::string_view::npos;
        key += is_index ? static_cast<char>(1 + token.size()) : '\x7f';
        key += token;
        key += '\0';
    }
    return key;
}

}  // namespace

std::vector<Finding> ordered(std::vector<Finding> findings, std::span<const Document> documents) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        index.try_emplace(documents[i].name, i);
    }
    std::vector<std::tuple<std::size_t, std::string, std::size_t>> keys;
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const auto document = index.find(findings[i].position.file);
        keys.emplace_back(document == index.end() ? documents.size() : document->second, sort_key(findings[i].position.pointer), i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<Finding> sorted;
    sorted.reserve(findings.size());
    for (const auto& key : keys) {
        sorted.push_back(std::move(findings[std::get<2>(key)]));
    }
    const auto is_same = [](const Finding& a, const Finding& b) {
        return std::tie(a.position.file, a.position.pointer, a.message) == std::tie(b.position.file, b.position.pointer, b.message);
    };
    sorted.erase(std::unique(sorted.begin(), sorted.end(), is_same), sorted.end());
    return sorted;
}

}  // namespace portcullis
