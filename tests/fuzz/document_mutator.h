// SPDX-License-Identifier: Apache-2.0
// Changes documents where readers make mistakes: values at and beyond limits, of another type, missing, doubled, in another's place,
// under another key; and their text: cut, flipped, nested. Most of what it makes is still JSON, and some of it still a model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/conformance/random_source.h"

namespace portcullis::test {

class DocumentMutator {
   public:
    explicit DocumentMutator(RandomSource& random) : random_(random) {}

    // One to four changes. `other`: a document whose parts may take the place of this one's.
    [[nodiscard]] nlohmann::json mutate(nlohmann::json document, const nlohmann::json& other);
    // Of any text; what comes out need be neither JSON nor UTF-8.
    [[nodiscard]] std::string mutate_text(std::string text);
    // An id, an address, a prefix, a device or a word of documents, good or bad.
    [[nodiscard]] std::string word();

   private:
    // A value and what holds it.
    struct Node {
        nlohmann::json* value = nullptr;
        nlohmann::json* parent = nullptr;  // none: the root
        std::string key;                   // in an object
        std::size_t index = 0;             // in an array
    };
    [[nodiscard]] static std::vector<Node> nodes_of(nlohmann::json& document);

    void change(nlohmann::json& document, const nlohmann::json& other);
    void change_value(nlohmann::json& value);
    void take_away(const Node& node);
    void repeat(const Node& node);
    void rename(const Node& node);
    void exchange(const std::vector<Node>& nodes, const Node& node);
    void take_over(const Node& node, const nlohmann::json& other);
    [[nodiscard]] nlohmann::json another_value();
    [[nodiscard]] std::string near(std::string text);
    [[nodiscard]] std::int64_t near(std::int64_t number);

    RandomSource& random_;
};

}  // namespace portcullis::test
