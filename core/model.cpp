// SPDX-License-Identifier: Apache-2.0
#include "core/model.h"

#include <cstdio>

namespace portcullis {
namespace {

// Documents are hostile text: nothing of theirs reaches a terminal or a log as a control character.
std::string escape(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            char buffer[5];
            (void)std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(c));  // always 4 characters
            escaped += buffer;
        } else {
            escaped += c;
        }
    }
    return escaped;
}

}  // namespace

std::string Finding::to_string() const {
    return escape(position.file) + ": " + (position.pointer.empty() ? "" : escape(position.pointer) + ": ") + escape(message);
}

}  // namespace portcullis
