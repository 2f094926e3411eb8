// SPDX-License-Identifier: Apache-2.0
// Requests to the API as bytes, most of them well-formed HTTP that asks for something that there is: paths of docs/api.md with queries,
// bodies made of documents that were changed (document_mutator.h), conditions; and then what clients do wrong: lengths that lie, chunks,
// headers twice and too many, several requests at once, bytes changed, the end before the end.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/conformance/random_source.h"
#include "tests/fuzz/document_mutator.h"

namespace portcullis::test {

class RequestMaker {
   public:
    // `models`: what bodies are made of; outlives it, and has the small model first.
    RequestMaker(RandomSource& random, const std::vector<nlohmann::json>& models) : random_(random), mutator_(random), models_(models) {}

    struct Conversation {
        std::vector<std::string> pieces;  // what is written at once
        std::size_t requests = 0;         // that it was made of
        bool is_sound = false;            // nothing was done wrong: there are as many answers
    };
    // `generation`: the model's, for conditions.
    [[nodiscard]] Conversation make(std::uint64_t generation);

   private:
    struct Request {
        std::string method, target, body;
        std::vector<std::string> headers;
    };
    [[nodiscard]] Request make_request(std::uint64_t generation);
    [[nodiscard]] Request ask();
    [[nodiscard]] Request act();
    [[nodiscard]] Request give_model();
    [[nodiscard]] Request give_object();
    [[nodiscard]] Request give_transaction();
    [[nodiscard]] Request pose_question();
    [[nodiscard]] std::string text_of(nlohmann::json document);
    [[nodiscard]] std::string path_of_object(nlohmann::json& object);
    [[nodiscard]] std::string escaped(const std::string& text);
    [[nodiscard]] std::string chunked(const std::string& body);
    [[nodiscard]] std::string framed(Request request, bool is_sound);
    [[nodiscard]] std::vector<std::string> split(const std::string& bytes);

    RandomSource& random_;
    DocumentMutator mutator_;
    const std::vector<nlohmann::json>& models_;
};

}  // namespace portcullis::test
