// SPDX-License-Identifier: Apache-2.0
// Numbers for what the kernel's maps refer to. A thing keeps its number for as long as it exists, whatever else changes, so that a change
// writes only what changed; a freed number is given out again only after the change that freed it has been carried out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"

namespace portcullis {

// One kind of number: 1 … capacity. Keys are content (a port set's entries) or identity (a group's id).
class Numbering {
   public:
    // `what` names the kind in errors: "port sets".
    Numbering(std::string what, std::uint32_t capacity);
    Numbering(Numbering&&) = default;
    Numbering& operator=(Numbering&&) = default;
    Numbering(const Numbering&) = delete;  // slots_ refers to the keys of numbers_
    Numbering& operator=(const Numbering&) = delete;
    ~Numbering() = default;

    // Takes up numbers that were given out in a former life, with their keys. One without a key, or with the key of a lower one, is not
    // given out before the second retire_unused. Pre: none has been given out yet; numbers are at most the capacity.
    void restore(const std::map<std::uint32_t, std::string>& given);
    // The number of `key`, new if it had none. Fails when all are taken, naming the limit.
    [[nodiscard]] Result<std::uint32_t> number_of(std::string_view key);
    // Keys not asked for since the last call are dropped; their numbers become free at the next call.
    void retire_unused();
    // As retire_unused, but that only these are dropped, whatever was asked for. Pre: each is given out, and in the list once.
    void retire(std::span<const std::uint32_t> numbers);
    // Undoes every number_of since the last retire_unused or roll_back: the change that asked was not carried out.
    void roll_back();
    // Empty where the number is not given out.
    [[nodiscard]] std::string_view key_of(std::uint32_t number) const;
    [[nodiscard]] std::uint32_t highest() const;  // highest number ever given out
    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }

   private:
    // By number, so that going through all of them is going through memory once.
    struct Slot {
        std::string_view key;        // that of numbers_; empty where the number is not given out
        std::uint64_t asked_in = 0;  // round of the last number_of
        std::uint64_t given_in = 0;  // round in which it was given out; 0: not given out
    };
    // Looks up a view without making a string of it. Not noexcept on purpose: libstdc++ then keeps the hashes, and compares them before
    // the keys.
    struct KeyHash {
        using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard library's name
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
    };
    [[nodiscard]] std::optional<std::uint32_t> take_free_number();
    // Takes back the numbers whose slots `is_gone` holds for.
    template <class Predicate>
    [[nodiscard]] std::vector<std::uint32_t> take_back(Predicate is_gone);

    std::string what_;
    std::uint32_t capacity_;
    std::uint64_t round_ = 1;  // one per change, carried out or not
    std::unordered_map<std::string, std::uint32_t, KeyHash, std::equal_to<>> numbers_;
    std::vector<Slot> slots_ = std::vector<Slot>(1);  // 0 is nobody's number
    std::deque<std::uint32_t> free_;                  // may be given out now, oldest first
    std::vector<std::uint32_t> retiring_;             // free after the next retire_unused
};

}  // namespace portcullis
