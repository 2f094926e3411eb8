// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/numbering.h"

namespace portcullis {

Numbering::Numbering(std::string what, std::uint32_t capacity) : what_(std::move(what)), capacity_(capacity) {}

void Numbering::restore(const std::map<std::uint32_t, std::string>& given) {
    const std::uint64_t former_round = round_++;
    for (const auto& [number, key] : given) {
        for (std::uint32_t unused = highest() + 1; unused < number; ++unused) {
            free_.push_back(unused);
        }
        slots_.resize(std::size_t{number} + 1);
        const auto added = key.empty() ? std::pair(numbers_.end(), false) : numbers_.emplace(key, number);
        if (added.second) {
            slots_[number] = {.key = added.first->first, .asked_in = 0, .given_in = former_round};
        } else {
            retiring_.push_back(number);
        }
    }
}

Result<std::uint32_t> Numbering::number_of(std::string_view key) {
    if (const auto found = numbers_.find(key); found != numbers_.end()) {
        slots_[found->second].asked_in = round_;
        return found->second;
    }
    const auto number = take_free_number();
    if (!number) {
        return fail("no number is left for " + what_ + ": the limit is " + std::to_string(capacity_) + ", those that the last " +
                    "change freed (" + std::to_string(retiring_.size()) + ") and that this one frees included");
    }
    const auto added = numbers_.emplace(std::string(key), *number).first;
    slots_[*number] = {.key = added->first, .asked_in = round_, .given_in = round_};
    return *number;
}

std::optional<std::uint32_t> Numbering::take_free_number() {
    if (!free_.empty()) {
        const std::uint32_t number = free_.front();
        free_.pop_front();
        return number;
    }
    if (highest() == capacity_) {
        return std::nullopt;
    }
    slots_.emplace_back();
    return highest();
}

template <class Predicate>
std::vector<std::uint32_t> Numbering::take_back(Predicate is_gone) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t number = 1; number < slots_.size(); ++number) {
        Slot& slot = slots_[number];
        if (slot.given_in != 0 && is_gone(slot)) {
            numbers_.erase(numbers_.find(slot.key));
            slot = {};
            numbers.push_back(number);
        }
    }
    return numbers;
}

void Numbering::retire_unused() {
    free_.insert(free_.end(), retiring_.begin(), retiring_.end());
    retiring_ = take_back([this](const Slot& slot) { return slot.asked_in != round_; });
    ++round_;
}

void Numbering::retire(std::span<const std::uint32_t> numbers) {
    free_.insert(free_.end(), retiring_.begin(), retiring_.end());
    retiring_.assign(numbers.begin(), numbers.end());
    for (const std::uint32_t number : numbers) {
        numbers_.erase(numbers_.find(slots_[number].key));
        slots_[number] = {};
    }
    ++round_;
}

void Numbering::roll_back() {
    const auto numbers = take_back([this](const Slot& slot) { return slot.given_in == round_; });
    free_.insert(free_.end(), numbers.begin(), numbers.end());
    ++round_;  // what the failed change asked for does not count as asked for
}

std::string_view Numbering::key_of(std::uint32_t number) const { return number < slots_.size() ? slots_[number].key : std::string_view{}; }

std::uint32_t Numbering::highest() const { return static_cast<std::uint32_t>(slots_.size() - 1); }

}  // namespace portcullis
