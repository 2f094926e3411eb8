// SPDX-License-Identifier: Apache-2.0
#include "compiler/numbering.h"

#include <algorithm>

namespace portcullis {

Numbering::Numbering(std::string what, std::uint32_t capacity) : what_(std::move(what)), capacity_(capacity) {}

Result<std::uint32_t> Numbering::number_of(std::string_view key) {
    if (const auto found = slots_.find(key); found != slots_.end()) {
        found->second.asked_in = round_;
        return found->second.number;
    }
    std::uint32_t number = 0;
    if (!free_.empty()) {
        number = free_.front();
        free_.pop_front();
    } else if (next_ <= capacity_) {
        number = next_++;
        keys_.emplace_back();
    } else {
        return fail("no number is left for " + what_ + ": the limit is " + std::to_string(capacity_) + ", those that the last " +
                    "change freed (" + std::to_string(retiring_.size()) + ") and that this one frees included");
    }
    const auto added = slots_.emplace(std::string(key), Slot{.number = number, .asked_in = round_, .given_in = round_}).first;
    keys_[number] = added->first;
    return number;
}

template <class Predicate>
std::vector<std::uint32_t> Numbering::take_out(Predicate is_gone) {
    std::vector<std::uint32_t> numbers;
    for (auto slot = slots_.begin(); slot != slots_.end();) {
        if (is_gone(slot->second)) {
            numbers.push_back(slot->second.number);
            keys_[slot->second.number] = {};
            slot = slots_.erase(slot);
        } else {
            ++slot;
        }
    }
    std::ranges::sort(numbers);  // the order of a hash table is nobody's contract
    return numbers;
}

void Numbering::retire_unused() {
    free_.insert(free_.end(), retiring_.begin(), retiring_.end());
    retiring_ = take_out([this](const Slot& slot) { return slot.asked_in != round_; });
    ++round_;
}

void Numbering::roll_back() {
    const auto numbers = take_out([this](const Slot& slot) { return slot.given_in == round_; });
    free_.insert(free_.end(), numbers.begin(), numbers.end());
    ++round_;  // what the failed change asked for does not count as asked for
}

std::string_view Numbering::key_of(std::uint32_t number) const { return number < keys_.size() ? keys_[number] : std::string_view{}; }

std::uint32_t Numbering::highest() const { return next_ - 1; }

}  // namespace portcullis
