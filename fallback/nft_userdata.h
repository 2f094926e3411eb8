// SPDX-License-Identifier: Apache-2.0
// What the kernel stores beside rules, elements and sets without a meaning to it: comments in the form of the nft program, and the types of
// a set's key, which the kernel's own number of a type is too small for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower_nft/nft_image.h"

namespace portcullis {

[[nodiscard]] std::vector<std::uint8_t> comment_userdata(std::string_view comment);
[[nodiscard]] std::string comment_in(const void* userdata, std::uint32_t length);  // empty: none

// Of maps the data's type is the last.
[[nodiscard]] std::vector<std::uint8_t> types_userdata(const NftSet& set);
// Into key and data of a set whose kind is known; false: not written by us.
[[nodiscard]] bool read_types(const void* userdata, std::uint32_t length, NftSet& set);

}  // namespace portcullis
