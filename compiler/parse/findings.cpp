// SPDX-License-Identifier: Apache-2.0
#include "compiler/parse/findings.h"

namespace portcullis {
namespace {

constexpr std::size_t kLongestQuote = 80;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

void Findings::error(Position position, std::string message) {
    add({.severity = Finding::Severity::Error, .position = std::move(position), .message = std::move(message)});
}

void Findings::error(Position position, std::string message, Position other) {
    add({.severity = Finding::Severity::Error, .position = std::move(position), .message = std::move(message), .other = std::move(other)});
}

void Findings::warn(Position position, std::string message) {
    add({.severity = Finding::Severity::Warning, .position = std::move(position), .message = std::move(message)});
}

void Findings::add(Finding finding) {
    has_errors_ |= finding.severity == Finding::Severity::Error;
    findings_.push_back(std::move(finding));
}

std::string quoted(std::string_view text) {
    if (text.size() <= kLongestQuote) {
        return '"' + std::string(text) + '"';
    }
    std::size_t length = kLongestQuote;
    while (length > 0 && continues_character(text[length])) {
        --length;
    }
    return '"' + std::string(text.substr(0, length)) + "…\"";
}

std::string place(const Position& position) { return position.file + ": " + position.pointer; }

}  // namespace portcullis
