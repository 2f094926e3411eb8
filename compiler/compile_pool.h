// SPDX-License-Identifier: Apache-2.0
// Port sets and policies by content: what is equal is stored once, so that equality of indices is equality of contents (core/ruleset.h).
#pragma once

#include <cstddef>
#include <unordered_set>
#include <utility>
#include <vector>

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

    // The index of what equals `value`; stored when it is new.
    [[nodiscard]] Index intern(Value value) {
        values_.push_back(std::move(value));
        const auto [found, is_new] = index_.insert(static_cast<Index>(values_.size() - 1));
        if (!is_new) {
            values_.pop_back();
        }
        return *found;
    }
    // The values by index. The pool is spent afterwards.
    [[nodiscard]] std::vector<Value> take() {
        index_.clear();
        return std::move(values_);
    }

   private:
    struct Hash {
        const std::vector<Value>* values;
        std::size_t operator()(Index index) const { return content_hash((*values)[index]); }
    };
    struct Equal {
        const std::vector<Value>* values;
        bool operator()(Index a, Index b) const { return (*values)[a] == (*values)[b]; }
    };
    std::vector<Value> values_;
    std::unordered_set<Index, Hash, Equal> index_{16, Hash{&values_}, Equal{&values_}};
};

using PortSetPool = ContentPool<PortSet>;
using PolicyPool = ContentPool<Policy>;

}  // namespace portcullis
