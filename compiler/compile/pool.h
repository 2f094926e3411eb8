// SPDX-License-Identifier: Apache-2.0
// Port sets and policies by content: what is equal is stored once, so that equality of indices is equality of contents (core/ruleset.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/compile/slots.h"
#include "core/ruleset.h"

namespace portcullis {

[[nodiscard]] std::size_t content_hash(const PortSet& set);
[[nodiscard]] std::size_t content_hash(const Policy& policy);

template <class Value>
class ContentPool {
   public:
    ContentPool() = default;
    ContentPool(ContentPool&&) = delete;  // the index refers to the values
    ContentPool(const ContentPool&) = delete;
    ContentPool& operator=(ContentPool&&) = delete;
    ContentPool& operator=(const ContentPool&) = delete;
    ~ContentPool() = default;

    // The index of what equals `value`; stored when it is new. It goes with the next drop_unused unless it is retained.
    [[nodiscard]] Index intern(Value value) {
        const Index added = slots_.add(std::move(value));
        const auto [found, is_new] = index_.insert(added);
        if (!is_new) {
            slots_.take_back(added);
            return *found;
        }
        uses_.resize(std::max<std::size_t>(uses_.size(), std::size_t{added} + 1));
        uses_[added] = 0;
        perhaps_unused_.push_back(added);
        return added;
    }
    [[nodiscard]] const Value& operator[](Index index) const { return slots_.values()[index]; }
    // Returns whether it is the first use.
    bool retain(Index index) { return ++uses_[index] == 1; }
    // Returns whether it was the last use.
    bool release(Index index) {
        perhaps_unused_.push_back(index);
        return --uses_[index] == 0;
    }
    void drop_unused() {
        for (const Index index : perhaps_unused_) {
            // Twice in the list: what has gone is no more in the index.
            if (const auto found = uses_[index] == 0 ? index_.find(index) : index_.end(); found != index_.end() && *found == index) {
                index_.erase(found);
                slots_.remove(index);
            }
        }
        perhaps_unused_.clear();
    }
    [[nodiscard]] Slots<Value>& slots() { return slots_; }

   private:
    struct Hash {
        const Slots<Value>* slots;
        std::size_t operator()(Index index) const { return content_hash(slots->values()[index]); }
    };
    struct Equal {
        const Slots<Value>* slots;
        bool operator()(Index a, Index b) const { return slots->values()[a] == slots->values()[b]; }
    };
    Slots<Value> slots_;
    std::unordered_set<Index, Hash, Equal> index_{16, Hash{&slots_}, Equal{&slots_}};
    std::vector<std::uint32_t> uses_;  // by index
    std::vector<Index> perhaps_unused_;
};

using PortSetPool = ContentPool<PortSet>;
using PolicyPool = ContentPool<Policy>;

}  // namespace portcullis
