// SPDX-License-Identifier: Apache-2.0
// What differs between two states of a map whose entries are sorted by key (MapImage), and a state made of the one before it.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace portcullis {

// Entries of hash maps and tries, or immutable rows.
template <class Key, class Value>
struct EntryChanges {
    std::vector<std::pair<Key, Value>> added;
    std::vector<Key> removed;
    [[nodiscard]] bool empty() const { return added.empty() && removed.empty(); }
};

// The order of MapImage: numbers by value, keys by their bytes.
template <class Key>
[[nodiscard]] int compare_keys(const Key& a, const Key& b) {
    static_assert(std::has_unique_object_representations_v<Key>, "padding would be compared");
    if constexpr (std::is_integral_v<Key>) {
        return a < b ? -1 : (a > b ? 1 : 0);
    } else {
        return std::memcmp(&a, &b, sizeof a);
    }
}

// Makes the changes to `entries`: each entry is moved twice at most. Pre: all is sorted; what is removed is there, and what is added is
// not.
template <class Key, class Value>
void make_changes(std::vector<std::pair<Key, Value>>& entries, const EntryChanges<Key, Value>& changes) {
    const auto find = [](auto begin, auto end, const Key& key) {
        return std::lower_bound(begin, end, key,
                                [](const auto& entry, const Key& wanted) { return compare_keys(entry.first, wanted) < 0; });
    };
    if (!changes.removed.empty()) {
        auto from = find(entries.begin(), entries.end(), changes.removed.front());
        auto to = from;
        for (std::size_t i = 0; i < changes.removed.size(); ++i) {
            const bool is_there = from != entries.end() && compare_keys(from->first, changes.removed[i]) == 0;
            assert(is_there);
            from += is_there ? 1 : 0;
            const auto next = i + 1 < changes.removed.size() ? find(from, entries.end(), changes.removed[i + 1]) : entries.end();
            to = std::move(from, next, to);
            from = next;
        }
        entries.erase(to, entries.end());
    }
    if (!changes.added.empty()) {
        auto rest = static_cast<std::ptrdiff_t>(entries.size());  // what has not been moved yet
        entries.resize(entries.size() + changes.added.size());
        auto to = entries.end();
        for (auto added = changes.added.rbegin(); added != changes.added.rend(); ++added) {
            const auto place = find(entries.begin(), entries.begin() + rest, added->first);
            assert(place == entries.begin() + rest || compare_keys(place->first, added->first) != 0);
            to = std::move_backward(place, entries.begin() + rest, to);
            *--to = *added;
            rest = place - entries.begin();
        }
    }
}

}  // namespace portcullis
