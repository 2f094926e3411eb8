// SPDX-License-Identifier: Apache-2.0
// The small model with one thing changed, and the one error that this makes: what the tables of refused documents are made of.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "compiler/parse/parse.h"
#include "tests/unit/compiler/documents.h"

namespace portcullis {

// The small model with one change, and the one error that this makes.
struct Variant {
    const char* at;       // pointer of what is changed
    const char* value;    // its new value; nullptr: taken away
    const char* pointer;  // of the error
    const char* message;  // part of it
};

inline void PrintTo(const Variant& variant, std::ostream* out) {
    *out << variant.at << " = " << (variant.value == nullptr ? "(taken away)" : variant.value);
}

inline nlohmann::json varied(const Variant& variant) {
    nlohmann::json document = small_model();
    const nlohmann::json::json_pointer at(variant.at);
    if (variant.value == nullptr) {
        document[at.parent_pointer()].erase(at.back());
    } else {
        document[at] = nlohmann::json::parse(variant.value);
    }
    return document;
}

inline void expect_refused(const Variant& variant) {
    const auto outcome = parse_json(varied(variant));
    EXPECT_FALSE(outcome.model.has_value());
    EXPECT_THAT(errors_of(outcome),
                testing::ElementsAre(testing::AllOf(testing::StartsWith("model.json: " + std::string(variant.pointer) + ": "),
                                                    testing::HasSubstr(variant.message))));
}

}  // namespace portcullis
