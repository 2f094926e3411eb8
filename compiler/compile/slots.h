// SPDX-License-Identifier: Apache-2.0
// Values at indices that stay: what is taken away leaves an empty value behind, whose index is given out again by a later change, never by
// the same one. So nothing that still refers to an index finds another value there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/ruleset.h"

namespace portcullis {

template <class Value>
class Slots {
   public:
    [[nodiscard]] const std::vector<Value>& values() const { return values_; }
    // The values by index; `put_back` before anything else is asked.
    [[nodiscard]] std::vector<Value> take() { return std::move(values_); }
    void put_back(std::vector<Value> values) { values_ = std::move(values); }

    // From here on what stood where is remembered, and what the change before took away may be given out.
    void begin_change() {
        is_change_ = true;
        free_.insert(free_.end(), freed_.begin(), freed_.end());
        freed_.clear();
        former_.clear();
    }
    [[nodiscard]] Index add(Value value) {
        if (free_.empty()) {
            values_.emplace_back();
            free_.push_back(static_cast<Index>(values_.size() - 1));
        }
        const Index index = free_.back();
        free_.pop_back();
        if (is_change_) {
            former_.try_emplace(index);
        }
        values_[index] = std::move(value);
        return index;
    }
    // Undoes the add just made. Pre: its index was the last that was given out.
    void take_back(Index index) {
        former_.erase(index);
        if (std::size_t{index} + 1 == values_.size()) {
            values_.pop_back();
        } else {
            values_[index] = {};
            free_.push_back(index);
        }
    }
    void remove(Index index) {
        if (const auto added = former_.find(index); added != former_.end()) {  // in this change: there was nothing before it
            values_[index] = {};
        } else if (is_change_) {
            former_.emplace(index, std::exchange(values_[index], {}));
        } else {
            values_[index] = {};
        }
        freed_.push_back(index);
    }
    // What stood at the indices that the change has touched, sorted.
    [[nodiscard]] std::vector<std::pair<Index, Value>> take_former() {
        std::vector<std::pair<Index, Value>> former;
        former.reserve(former_.size());
        for (auto& [index, value] : former_) {
            former.emplace_back(index, std::move(value));
        }
        former_.clear();
        std::ranges::sort(former, {}, &std::pair<Index, Value>::first);
        return former;
    }

   private:
    std::vector<Value> values_;
    std::vector<Index> free_;
    std::vector<Index> freed_;  // in this change
    std::unordered_map<Index, Value> former_;
    bool is_change_ = false;
};

}  // namespace portcullis
