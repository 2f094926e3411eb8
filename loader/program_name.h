// SPDX-License-Identifier: Apache-2.0
// How messages name a program of the kernel, whoever's it is.
#pragma once

#include <cstdint>
#include <string>

namespace portcullis {

// "program 57 (other)"; without the name where the kernel does not tell it.
[[nodiscard]] std::string name_of_program(std::uint32_t program_id);

}  // namespace portcullis
