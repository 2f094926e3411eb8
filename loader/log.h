// SPDX-License-Identifier: Apache-2.0
// How the loader says something that is no error: libbpf's own messages, a bpffs that it mounted. Nothing is printed here; tools decides.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace portcullis {

enum class LogLevel : std::uint8_t { Debug, Info, Warning };

// One line without a newline. May be empty: then nothing is said.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

}  // namespace portcullis
