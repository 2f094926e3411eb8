// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/printable.h"

namespace portcullis {

std::string printable(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string safe;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte != 0x7f) {
            safe += character;
        } else {
            safe += "\\x";
            safe += kDigits[byte >> 4U];
            safe += kDigits[byte & 15U];
        }
    }
    return safe;
}

}  // namespace portcullis
