// SPDX-License-Identifier: Apache-2.0
#include "loader/libbpf_log.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace portcullis {
namespace {

LogCallback& sink() {
    static LogCallback log;
    return log;
}

LogLevel level_of(libbpf_print_level level) {
    switch (level) {
        case LIBBPF_WARN:
            return LogLevel::Warning;
        case LIBBPF_INFO:
            return LogLevel::Info;
        default:
            return LogLevel::Debug;
    }
}

__attribute__((format(printf, 2, 0))) int hand_up(libbpf_print_level level, const char* format, va_list arguments) {
    if (!sink()) {
        return 0;
    }
    std::array<char, 1024> line{};
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    std::string_view text(line.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), line.size() - 1));
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    sink()(level_of(level), text);
    return 0;
}

}  // namespace

void set_libbpf_log(LogCallback log) {
    sink() = std::move(log);
    (void)::libbpf_set_print(hand_up);  // returns the former function, which is libbpf's own or this one
}

LibbpfSilence::LibbpfSilence() : former_(std::exchange(sink(), nullptr)) { (void)::libbpf_set_print(hand_up); }
LibbpfSilence::~LibbpfSilence() { sink() = std::move(former_); }

}  // namespace portcullis
