// SPDX-License-Identifier: Apache-2.0
// Pseudo-random choices from a seed: the same seed gives the same choices on every machine (the standard's distributions do not).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace portcullis::test {

class RandomSource {
   public:
    explicit RandomSource(std::uint64_t seed) : engine_(seed) {}

    // 0 … count - 1. Pre: count > 0.
    [[nodiscard]] std::uint32_t below(std::size_t count) { return static_cast<std::uint32_t>(engine_() % count); }
    // from … to, inclusive.
    [[nodiscard]] std::uint32_t between(std::uint32_t from, std::uint32_t to) { return from + below(to - from + 1u); }
    [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
    [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(below(256)); }
    // Pre: not empty.
    template <class T>
    [[nodiscard]] const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }
    template <class T>
    [[nodiscard]] T one_of(std::initializer_list<T> from) {
        return *(from.begin() + below(from.size()));
    }

   private:
    std::mt19937_64 engine_;  // its sequence is fixed by the standard
};

}  // namespace portcullis::test
