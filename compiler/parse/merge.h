// SPDX-License-Identifier: Apache-2.0
// Declarations -> Model: an object given twice with the same content is one, with different content an error that names both places.
// Content is what we use of it, normalised: order and duplicates in lists do not count.
#pragma once

#include "compiler/parse/declarations.h"

namespace portcullis {

[[nodiscard]] Model merge(Declarations declared, Findings& findings);

}  // namespace portcullis
