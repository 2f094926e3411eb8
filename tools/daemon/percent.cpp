// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/percent.h"

namespace portcullis {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

// -1: no digit.
int digit_of(char character) {
    const char upper = character >= 'a' && character <= 'f' ? static_cast<char>(character - 'a' + 'A') : character;
    const std::size_t at = kDigits.find(upper);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:";
    std::string encoded;
    for (const char one : text) {
        if (kPlain.find(one) != std::string_view::npos) {
            encoded += one;
            continue;
        }
        const auto byte = static_cast<unsigned char>(one);
        encoded += '%';
        encoded += kDigits[byte >> 4U];
        encoded += kDigits[byte & 0xfU];
    }
    return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at];
            continue;
        }
        const int high = at + 2 < text.size() ? digit_of(text[at + 1]) : -1;
        const int low = at + 2 < text.size() ? digit_of(text[at + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        plain += static_cast<char>(high << 4 | low);
        at += 2;
    }
    return plain;
}

}  // namespace portcullis
