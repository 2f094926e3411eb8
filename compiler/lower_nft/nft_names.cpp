// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_nft/nft_names.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace portcullis {
namespace {

constexpr std::size_t kLongestId = 64;  // NFT_NAME_MAXLEN is 256
constexpr std::string_view kRule = "rule ";
constexpr std::size_t kLongestComment = 127;  // what nft itself takes

// FNV-1a, 64 bits.
std::string digest_of(std::string_view text) {
    std::uint64_t state = 0xcbf29ce484222325ULL;
    for (const char one : text) {
        state = (state ^ static_cast<std::uint8_t>(one)) * 0x100000001b3ULL;
    }
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(state));
    return hex;
}

bool is_plain(char one) {
    return (one >= 'A' && one <= 'Z') || (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9') || one == '_' || one == '-';
}

bool is_printable(char one) { return one >= ' ' && one <= '~' && one != '"' && one != '\\'; }

}  // namespace

std::string nft_name(std::string_view stem, std::initializer_list<std::string_view> ids) {
    std::string name(stem);
    for (const std::string_view id : ids) {
        const bool is_itself = !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), is_plain);
        name += "." + (is_itself ? std::string(id) : "x." + digest_of(id));
    }
    return name;
}

bool nft_keeps_name(std::string_view name) {
    static constexpr std::string_view kStems[] = {"port.",   "group4.", "group6.", "subnet4.",   "subnet6.",
                                                  "bound4.", "bound6.", "taken6.", "elsewhere6."};
    return std::any_of(std::begin(kStems), std::end(kStems), [&](std::string_view stem) { return name.starts_with(stem); });
}

std::string nft_label_in_comment(std::string_view label) {
    std::string text(label);
    if (kRule.size() + text.size() <= kLongestComment && std::all_of(text.begin(), text.end(), is_printable)) {
        return text;
    }
    std::replace_if(
        text.begin(), text.end(), [](char one) { return !is_printable(one); }, '?');
    const std::string end = " ... " + digest_of(label);
    return text.substr(0, kLongestComment - kRule.size() - end.size()) + end;
}

std::string nft_rule_comment(std::string_view label) { return std::string(kRule) + nft_label_in_comment(label); }

}  // namespace portcullis
