// SPDX-License-Identifier: Apache-2.0
// One instance, 192.0.2.11 behind p1, that may send anything and be sent nothing but answers; and the rows of maps that its flows are in.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "core/model.h"

namespace portcullis::test {

[[nodiscard]] Model model_of_one_instance();

// The raw bytes of a key or a value, as KernelMap has them.
using Row = std::vector<std::byte>;

template <class T>
[[nodiscard]] Row row_of(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
}

template <class T>
[[nodiscard]] T value_in(const Row& row) {
    T value;
    std::memcpy(&value, row.data(), sizeof value);
    return value;
}

}  // namespace portcullis::test
