// SPDX-License-Identifier: Apache-2.0
// Which of the kernel's two TC hooks carries our programs.
#pragma once

#include <cstdint>
#include <string_view>

namespace portcullis {

enum class AttachMode : std::uint8_t {
    Auto,    // Tcx where the kernel has it, else Clsact
    Tcx,     // tcx links, since Linux 6.6
    Clsact,  // filters of a clsact qdisc
};
[[nodiscard]] std::string_view to_string(AttachMode mode);  // "auto", "tcx", "clsact"

}  // namespace portcullis
