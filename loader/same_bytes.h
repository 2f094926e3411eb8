// SPDX-License-Identifier: Apache-2.0
// Rows, keys and values of maps are equal if their bytes are.
#pragma once

#include <cstring>
#include <type_traits>

namespace portcullis {

template <class T>
[[nodiscard]] bool is_same(const T& a, const T& b) {
    static_assert(std::has_unique_object_representations_v<T>, "padding would be compared");
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace portcullis
