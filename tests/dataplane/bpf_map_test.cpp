// SPDX-License-Identifier: Apache-2.0
#include "loader/bpf_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cerrno>
#include <map>

#include "loader/grace_period.h"

namespace portcullis::test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

using Map = BpfMap<std::uint32_t, std::uint64_t>;
using Entries = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

UniqueFd new_map(bpf_map_type type, std::uint32_t value_bytes, std::uint32_t entries) {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.map_flags = type == BPF_MAP_TYPE_HASH ? BPF_F_NO_PREALLOC : 0;
    UniqueFd fd(::bpf_map_create(type, "pc_test", sizeof(std::uint32_t), value_bytes, entries, &options));
    EXPECT_TRUE(fd.is_open());
    return fd;
}

Map new_hash(std::uint32_t entries) {
    auto map = Map::adopt(new_map(BPF_MAP_TYPE_HASH, sizeof(std::uint64_t), entries));
    EXPECT_TRUE(map) << map.error().message;
    return std::move(*map);
}

std::map<std::uint32_t, std::uint64_t> contents(const Map& map) {
    std::map<std::uint32_t, std::uint64_t> found;
    const auto read = map.for_each([&](std::uint32_t key, std::uint64_t value) { found[key] = value; });
    EXPECT_TRUE(read) << read.error().message;
    return found;
}

TEST(BpfMap, AnEntryIsThereAfterInsertionAndGoneAfterRemoval) {
    Map map = new_hash(4);
    std::uint64_t value = 0;
    EXPECT_EQ(map.look_up(7, value), false);
    ASSERT_TRUE(map.insert(7, 70));
    EXPECT_EQ(map.look_up(7, value), true);
    EXPECT_EQ(value, 70U);
    EXPECT_EQ(map.remove(7), true);
    EXPECT_EQ(map.remove(7), false);
}

TEST(BpfMap, InsertingWhatIsThereFailsAndNamesTheMap) {
    Map map = new_hash(4);
    ASSERT_TRUE(map.insert(7, 70));
    const auto again = map.insert(7, 71);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, EEXIST);
    EXPECT_THAT(again.error().message, HasSubstr("insert into pc_test"));
}

TEST(BpfMap, AFullMapNamesItselfAndItsLimit) {
    Map map = new_hash(2);
    const Entries entries{{1, 1}, {2, 2}, {3, 3}};
    const auto written = map.write_all(entries);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message, HasSubstr("pc_test"));
    EXPECT_THAT(written.error().message, HasSubstr("at most 2 entries"));
}

TEST(BpfMap, ThousandsOfEntriesAreWrittenReadAndRemovedInBulk) {
    Map map = new_hash(20'000);
    Entries entries;
    std::vector<std::uint32_t> keys;
    for (std::uint32_t key = 0; key < 20'000; ++key) {
        entries.emplace_back(key, key * 3U);
        keys.push_back(key);
    }
    const auto written = map.write_all(entries);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(contents(map), (std::map<std::uint32_t, std::uint64_t>(entries.begin(), entries.end())));
    keys.erase(keys.begin() + 5000);
    const auto removed = map.remove_all(keys);
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(contents(map), (std::map<std::uint32_t, std::uint64_t>{{5000, 15'000}}));
}

TEST(BpfMap, BulkRemovalPassesOverWhatIsNotThere) {
    Map map = new_hash(8);
    ASSERT_TRUE(map.write_all(Entries{{1, 1}, {3, 3}, {5, 5}}));
    const auto removed = map.remove_all(std::vector<std::uint32_t>{0, 1, 2, 3, 4});
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_EQ(contents(map), (std::map<std::uint32_t, std::uint64_t>{{5, 5}}));
}

TEST(BpfMap, BulkInsertionOverwritesWhatIsThere) {
    Map map = new_hash(8);
    ASSERT_TRUE(map.insert(3, 1));
    ASSERT_TRUE(map.write_all(Entries{{1, 1}, {3, 3}, {5, 5}}));
    EXPECT_EQ(contents(map), (std::map<std::uint32_t, std::uint64_t>{{1, 1}, {3, 3}, {5, 5}}));
}

TEST(BpfMap, AnotherLayoutIsRefused) {
    const auto map = BpfMap<std::uint32_t, std::uint32_t>::adopt(new_map(BPF_MAP_TYPE_HASH, sizeof(std::uint64_t), 2));
    ASSERT_FALSE(map);
    EXPECT_THAT(map.error().message, HasSubstr("pc_test has keys of 4 and values of 8 bytes"));
}

TEST(BpfSums, RowsAreSummedOverAllCpus) {
    UniqueFd fd = new_map(BPF_MAP_TYPE_PERCPU_ARRAY, 2 * sizeof(std::uint64_t), 8);
    const auto cpus = static_cast<std::size_t>(::libbpf_num_possible_cpus());
    for (std::uint32_t row = 0; row < 8; ++row) {
        std::vector<std::uint64_t> words(cpus * 2);
        for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
            words[cpu * 2] = row;
            words[cpu * 2 + 1] = 10;
        }
        ASSERT_EQ(::bpf_map_update_elem(fd.value(), &row, words.data(), BPF_ANY), 0);
    }
    auto sums = BpfSums::adopt(std::move(fd), 2);
    ASSERT_TRUE(sums) << sums.error().message;
    for (const std::uint32_t first : {0U, 3U}) {
        const auto words = sums->read(first, 2);
        ASSERT_TRUE(words) << words.error().message;
        EXPECT_EQ(*words, (std::vector<std::uint64_t>{first * cpus, 10 * cpus, (first + 1) * cpus, 10 * cpus}));
    }
    ASSERT_TRUE(sums->clear(3, 1));
    EXPECT_THAT(*sums->read(3, 1), Each(0U));
    EXPECT_EQ(sums->read(4, 1)->front(), 4 * cpus);
}

TEST(GracePeriod, CanBeWaitedForAgainAndAgain) {
    const auto grace = GracePeriod::create();
    ASSERT_TRUE(grace) << grace.error().message;
    EXPECT_TRUE(grace->wait());
    EXPECT_TRUE(grace->wait());
}

}  // namespace
}  // namespace portcullis::test
