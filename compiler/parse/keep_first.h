// SPDX-License-Identifier: Apache-2.0
// Duplicates in the documents are one: of several elements with the same key the first stays.
#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <type_traits>
#include <vector>

namespace portcullis {

template <class T, class KeyOf = std::identity>
void keep_first(std::vector<T>& elements, KeyOf key_of = {}) {
    std::set<std::decay_t<std::invoke_result_t<KeyOf, const T&>>> seen;
    const auto is_repeated = [&](const T& element) { return !seen.insert(key_of(element)).second; };
    // The algorithm asks once per element, from the front.
    elements.erase(std::remove_if(elements.begin(), elements.end(), std::ref(is_repeated)), elements.end());
}

}  // namespace portcullis
