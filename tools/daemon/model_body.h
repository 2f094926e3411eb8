// SPDX-License-Identifier: Apache-2.0
// The body of PUT /v1/model, and of GET's answer: one model document, or an array of {"Name", "Document"} (docs/api.md).
#pragma once

#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "core/result.h"

namespace portcullis {

// One document as the body is, byte for byte; from an array, each "Document" that is a string byte for byte, one that is an object printed
// anew. Fails where the array is not of that shape, nests too deep or names a key twice: what we print anew must not lose anything.
[[nodiscard]] Result<std::vector<Document>> parse_model_body(std::string body);

// An array whose documents are strings: what was accepted, byte for byte.
[[nodiscard]] std::string print_model_body(const std::vector<Document>& documents);

}  // namespace portcullis
