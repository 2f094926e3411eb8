// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower_bpf/map_changes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

namespace portcullis {
namespace {

using Entries = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

TEST(MapChanges, MadeToSortedEntriesGiveWhatAMapOfThemHolds) {
    std::mt19937 random(1);
    std::map<std::uint32_t, std::uint32_t> wanted;
    Entries entries;
    for (std::uint32_t round = 0; round < 300; ++round) {
        EntryChanges<std::uint32_t, std::uint32_t> changes;
        for (std::uint32_t key = 0; key < 20; ++key) {
            const bool is_there = wanted.contains(key);
            if (random() % 3 == 0 && is_there) {
                changes.removed.push_back(key);
                wanted.erase(key);
            } else if (random() % 3 == 0 && !is_there) {
                changes.added.emplace_back(key, round);
                wanted.emplace(key, round);
            }
        }
        make_changes(entries, changes);
        ASSERT_EQ(entries, Entries(wanted.begin(), wanted.end())) << round;
    }
}

TEST(MapChanges, OfNothingToNothingAreNone) {
    Entries entries;
    make_changes(entries, EntryChanges<std::uint32_t, std::uint32_t>{});
    EXPECT_TRUE(entries.empty());
}

}  // namespace
}  // namespace portcullis
