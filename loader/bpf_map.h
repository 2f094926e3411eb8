// SPDX-License-Identifier: Apache-2.0
// Typed views of the kernel's maps. RawMap owns one descriptor and speaks bytes; BpfMap<Key, Value>, BpfRows<Row> and BpfSums<Value> give
// it types and check them against what the kernel says the map holds. Errors name the map, the operation and its limit.
//
// Bulk operations use the kernel's batches and go on one by one where a batch stops: kernels differ in which maps have batches and in
// when an allocation inside one fails. Lack of memory is tried again a few times: the kernel refills its per-CPU caches in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

class RawMap {
   public:
    RawMap() = default;  // of no map
    // Takes over `fd`, and reads the name and the sizes from the kernel.
    [[nodiscard]] static Result<RawMap> adopt(UniqueFd fd);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int fd() const { return fd_.value(); }
    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
    // Fails, naming the map, unless keys and values have these sizes.
    [[nodiscard]] Result<> expect_sizes(std::size_t key_bytes, std::size_t value_bytes) const;

    // False: there is no such entry.
    [[nodiscard]] Result<bool> look_up(const void* key, void* value) const;
    // Inserts or overwrites.
    [[nodiscard]] Result<> write(const void* key, const void* value);
    // Inserts; an entry that is already there is an error.
    [[nodiscard]] Result<> insert(const void* key, const void* value);
    // False: there was no such entry.
    [[nodiscard]] Result<bool> remove(const void* key);
    // `count` keys and values one behind the other.
    [[nodiscard]] Result<> write_all(const void* keys, const void* values, std::uint32_t count);
    // Keys that are not there are passed over.
    [[nodiscard]] Result<> remove_all(const void* keys, std::uint32_t count);

    // Calls `visit` with the bytes of every entry's key and value. Entries that come or go meanwhile may be missing.
    using Visit = std::function<void(const std::byte* key, const std::byte* value)>;
    [[nodiscard]] Result<> for_each(const Visit& visit) const;
    // The same in parts of some thousand entries: goes on where the walk stands.
    struct Walk {
        std::vector<std::byte> position;  // the kernel's; empty: at the beginning
        bool is_over = false;
    };
    [[nodiscard]] Result<> walk(Walk& walk, const Visit& visit) const;
    // Values of the rows first … first + count - 1 of an array. Per-CPU arrays: one value per possible CPU each.
    [[nodiscard]] Result<std::vector<std::byte>> read_rows(std::uint32_t first, std::uint32_t count) const;
    // Bytes that read_rows gives per row.
    [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }

   private:
    [[nodiscard]] Error error(std::string_view operation, int code) const;
    [[nodiscard]] Result<> update(const void* key, const void* value, std::uint64_t flags);
    UniqueFd fd_;
    std::string name_;
    std::uint32_t key_bytes_ = 0, value_bytes_ = 0, capacity_ = 0;
    std::size_t row_bytes_ = 0;
};

// Hash maps and tries.
template <class Key, class Value>
class BpfMap {
    static_assert(std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Value>);

   public:
    BpfMap() = default;  // of no map

    [[nodiscard]] static Result<BpfMap> adopt(UniqueFd fd) {
        auto raw = RawMap::adopt(std::move(fd));
        if (!raw) {
            return fail(std::move(raw.error()));
        }
        if (auto fits = raw->expect_sizes(sizeof(Key), sizeof(Value)); !fits) {
            return fail(std::move(fits.error()));
        }
        return BpfMap(std::move(*raw));
    }
    [[nodiscard]] const std::string& name() const { return raw_.name(); }
    [[nodiscard]] Result<bool> look_up(const Key& key, Value& value) const { return raw_.look_up(&key, &value); }
    [[nodiscard]] Result<> insert(const Key& key, const Value& value) { return raw_.insert(&key, &value); }
    [[nodiscard]] Result<bool> remove(const Key& key) { return raw_.remove(&key); }
    [[nodiscard]] Result<> write_all(std::span<const std::pair<Key, Value>> entries) {
        std::vector<Key> keys;
        std::vector<Value> values;
        keys.reserve(entries.size());
        values.reserve(entries.size());
        for (const auto& [key, value] : entries) {
            keys.push_back(key);
            values.push_back(value);
        }
        return raw_.write_all(keys.data(), values.data(), static_cast<std::uint32_t>(keys.size()));
    }
    [[nodiscard]] Result<> remove_all(std::span<const Key> keys) {
        return raw_.remove_all(keys.data(), static_cast<std::uint32_t>(keys.size()));
    }
    // Calls `visit` with every key and value. Entries that come or go meanwhile may be missing.
    template <class Visit>
    [[nodiscard]] Result<> for_each(Visit visit) const {
        return raw_.for_each(typed(visit));
    }
    template <class Visit>
    [[nodiscard]] Result<> walk(RawMap::Walk& walk, Visit visit) const {
        return raw_.walk(walk, typed(visit));
    }

   private:
    template <class Visit>
    static RawMap::Visit typed(Visit& visit) {
        return [&visit](const std::byte* key_bytes, const std::byte* value_bytes) {
            Key key{};
            Value value{};
            std::memcpy(&key, key_bytes, sizeof(Key));
            std::memcpy(&value, value_bytes, sizeof(Value));
            visit(key, value);
        };
    }
    explicit BpfMap(RawMap raw) : raw_(std::move(raw)) {}
    RawMap raw_;
};

// Arrays: rows by number, which always exist.
template <class Row>
class BpfRows {
   public:
    BpfRows() = default;  // of no map
    [[nodiscard]] static Result<BpfRows> adopt(UniqueFd fd) {
        auto map = BpfMap<std::uint32_t, Row>::adopt(std::move(fd));
        if (!map) {
            return fail(std::move(map.error()));
        }
        return BpfRows(std::move(*map));
    }
    [[nodiscard]] Result<bool> look_up(std::uint32_t number, Row& row) const { return map_.look_up(number, row); }
    [[nodiscard]] Result<> write_all(std::span<const std::pair<std::uint32_t, Row>> rows) { return map_.write_all(rows); }
    // Calls `visit` with every number and row.
    template <class Visit>
    [[nodiscard]] Result<> for_each(Visit visit) const {
        return map_.for_each(visit);
    }

   private:
    explicit BpfRows(BpfMap<std::uint32_t, Row> map) : map_(std::move(map)) {}
    BpfMap<std::uint32_t, Row> map_;
};

// Arrays of counters, per CPU or not: a row is `words` 64-bit words, summed over the CPUs.
class BpfSums {
   public:
    BpfSums() = default;  // of no map
    [[nodiscard]] static Result<BpfSums> adopt(UniqueFd fd, std::uint32_t words);
    // The words of the rows first … first + count - 1, one row behind the other.
    [[nodiscard]] std::uint32_t rows() const { return raw_.capacity(); }
    [[nodiscard]] Result<std::vector<std::uint64_t>> read(std::uint32_t first, std::uint32_t count) const;
    // Sets rows to zero on every CPU.
    [[nodiscard]] Result<> clear(std::uint32_t first, std::uint32_t count);

   private:
    BpfSums(RawMap raw, std::uint32_t words) : raw_(std::move(raw)), words_(words) {}
    RawMap raw_;
    std::uint32_t words_ = 1;
};

}  // namespace portcullis
