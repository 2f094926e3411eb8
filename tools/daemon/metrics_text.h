// SPDX-License-Identifier: Apache-2.0
// Text in the exposition format of Prometheus, version 0.0.4: families one after the other, each with its HELP, its TYPE and its samples.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace portcullis {

class MetricsText {
   public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
    enum class Type : std::uint8_t { Counter, Gauge };

    // Begins a family, to which the samples that follow belong. The name of a counter ends in _total.
    void family(std::string_view name, Type type, std::string_view help);
    // Pre: no two samples of a family have the same labels.
    void sample(std::uint64_t value) { sample({}, value); }
    void sample(Labels labels, std::uint64_t value) { sample(labels, std::to_string(value)); }
    void seconds(double value) { sample({}, std::to_string(value)); }

    [[nodiscard]] std::string take() && { return std::move(text_); }

   private:
    void sample(Labels labels, const std::string& value);

    std::string name_;
    std::string text_;
};

}  // namespace portcullis
