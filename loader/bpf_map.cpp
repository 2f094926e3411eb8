// SPDX-License-Identifier: Apache-2.0
#include "loader/bpf_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace portcullis {
namespace {

// The kernel refills the caches it takes elements from in the background: an allocation that fails now succeeds a moment later, unless
// memory is really short. Bounded, so that it ends.
constexpr int kAttempts = 16;

bool is_passing(int code) { return code == ENOMEM || code == EAGAIN || code == EBUSY; }

const std::byte* at(const void* start, std::size_t index, std::size_t bytes) {
    return static_cast<const std::byte*>(start) + index * bytes;
}

bool is_per_cpu(std::uint32_t type) {
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

std::size_t row_bytes_of(const bpf_map_info& info) {
    if (!is_per_cpu(info.type)) {
        return info.value_size;
    }
    const std::size_t padded = (std::size_t{info.value_size} + 7) / 8 * 8;
    return padded * static_cast<std::size_t>(std::max(::libbpf_num_possible_cpus(), 1));
}

}  // namespace

Result<RawMap> RawMap::adopt(UniqueFd fd) {
    bpf_map_info info{};
    std::uint32_t bytes = sizeof(info);
    if (const int result = ::bpf_obj_get_info_by_fd(fd.value(), &info, &bytes); result < 0) {
        return fail(Error::from_errno("cannot ask the kernel about a map", -result));
    }
    RawMap map;
    map.fd_ = std::move(fd);
    map.name_ = info.name;
    map.key_bytes_ = info.key_size;
    map.value_bytes_ = info.value_size;
    map.capacity_ = info.max_entries;
    map.row_bytes_ = row_bytes_of(info);
    return map;
}

Error RawMap::error(std::string_view operation, int code) const {
    Error error = Error::from_errno("cannot " + std::string(operation) + " " + name_, code);
    if (code == ENOSPC || code == E2BIG) {
        error.message += " (it holds at most " + std::to_string(capacity_) + " entries)";
    }
    return error;
}

Result<> RawMap::expect_sizes(std::size_t key_bytes, std::size_t value_bytes) const {
    if (key_bytes_ == key_bytes && value_bytes_ == value_bytes) {
        return {};
    }
    return fail(name_ + " has keys of " + std::to_string(key_bytes_) + " and values of " + std::to_string(value_bytes_) +
                " bytes, not of " + std::to_string(key_bytes) + " and " + std::to_string(value_bytes));
}

Result<bool> RawMap::look_up(const void* key, void* value) const {
    const int result = ::bpf_map_lookup_elem(fd_.value(), key, value);
    if (result == 0) {
        return true;
    }
    if (result == -ENOENT) {
        return false;
    }
    return fail(error("look up an entry of", -result));
}

Result<> RawMap::update(const void* key, const void* value, std::uint64_t flags) {
    int result = 0;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        result = ::bpf_map_update_elem(fd_.value(), key, value, flags);
        if (result == 0) {
            return {};
        }
        if (!is_passing(-result)) {
            break;
        }
        (void)::sched_yield();  // cannot fail
    }
    return fail(error(flags == BPF_NOEXIST ? "insert into" : "write to", -result));
}

Result<> RawMap::write(const void* key, const void* value) { return update(key, value, BPF_ANY); }
Result<> RawMap::insert(const void* key, const void* value) { return update(key, value, BPF_NOEXIST); }

Result<bool> RawMap::remove(const void* key) {
    int result = 0;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        result = ::bpf_map_delete_elem(fd_.value(), key);
        if (result == 0) {
            return true;
        }
        if (result == -ENOENT) {
            return false;
        }
        if (!is_passing(-result)) {
            break;
        }
        (void)::sched_yield();  // cannot fail
    }
    return fail(error("delete from", -result));
}

Result<> RawMap::write_all(const void* keys, const void* values, std::uint32_t count) {
    for (std::uint32_t done = 0; done < count;) {
        std::uint32_t batch = count - done;
        const int result = ::bpf_map_update_batch(fd_.value(), at(keys, done, key_bytes_), at(values, done, value_bytes_), &batch, nullptr);
        if (result == 0) {
            return {};
        }
        // Where the kernel has no batch for this map it leaves the count as it was.
        done += batch < count - done ? batch : 0;
        if (auto one = write(at(keys, done, key_bytes_), at(values, done, value_bytes_)); !one) {
            return one;
        }
        ++done;
    }
    return {};
}

Result<> RawMap::remove_all(const void* keys, std::uint32_t count) {
    for (std::uint32_t done = 0; done < count;) {
        std::uint32_t batch = count - done;
        const int result = ::bpf_map_delete_batch(fd_.value(), at(keys, done, key_bytes_), &batch, nullptr);
        if (result == 0) {
            return {};
        }
        done += batch < count - done ? batch : 0;
        if (auto one = remove(at(keys, done, key_bytes_)); !one) {
            return fail(std::move(one.error()));
        }
        ++done;
    }
    return {};
}

Result<> RawMap::walk(Walk& walk, const Visit& visit) const {
    for (std::uint32_t chunk = std::min(capacity_, 4096U);; chunk *= 2) {
        std::vector<std::byte> next(std::max<std::size_t>(key_bytes_, sizeof(std::uint32_t)));
        std::vector<std::byte> keys(std::size_t{chunk} * key_bytes_);
        std::vector<std::byte> values(std::size_t{chunk} * row_bytes_);
        std::uint32_t count = chunk;
        const int result = ::bpf_map_lookup_batch(fd_.value(), walk.position.empty() ? nullptr : walk.position.data(), next.data(),
                                                  keys.data(), values.data(), &count, nullptr);
        if (result == -ENOSPC) {  // one bucket of the hash holds more than a chunk: nothing was read
            continue;
        }
        walk.is_over = result == -ENOENT;
        if (result != 0 && !walk.is_over) {
            return fail(error("read", -result));
        }
        for (std::uint32_t index = 0; index < count; ++index) {
            visit(at(keys.data(), index, key_bytes_), at(values.data(), index, row_bytes_));
        }
        walk.position = std::move(next);
        return {};
    }
}

Result<> RawMap::for_each(const Visit& visit) const {
    Result<> done;
    for (Walk through; done && !through.is_over;) {
        done = walk(through, visit);
    }
    return done;
}

Result<std::vector<std::byte>> RawMap::read_rows(std::uint32_t first, std::uint32_t count) const {
    std::vector<std::byte> values(std::size_t{count} * row_bytes_);
    if (count == 0) {
        return values;
    }
    // A batch goes on behind the key it is given.
    std::uint32_t before = first - 1;
    std::uint32_t last = 0;
    std::uint32_t read = count;
    std::vector<std::uint32_t> keys(count);
    const int result =
        ::bpf_map_lookup_batch(fd_.value(), first == 0 ? nullptr : &before, &last, keys.data(), values.data(), &read, nullptr);
    if ((result == 0 || result == -ENOENT) && read == count) {
        return values;
    }
    for (std::uint32_t index = 0; index < count; ++index) {
        const std::uint32_t number = first + index;
        auto found = look_up(&number, values.data() + std::size_t{index} * row_bytes_);
        if (!found) {
            return fail(std::move(found.error()));
        }
        if (!*found) {
            return fail(error("read row " + std::to_string(number) + " of", ENOENT));
        }
    }
    return values;
}

Result<BpfSums> BpfSums::adopt(UniqueFd fd, std::uint32_t words) {
    auto raw = RawMap::adopt(std::move(fd));
    if (!raw) {
        return fail(std::move(raw.error()));
    }
    if (auto fits = raw->expect_sizes(sizeof(std::uint32_t), words * sizeof(std::uint64_t)); !fits) {
        return fail(std::move(fits.error()));
    }
    return BpfSums(std::move(*raw), words);
}

Result<std::vector<std::uint64_t>> BpfSums::read(std::uint32_t first, std::uint32_t count) const {
    auto bytes = raw_.read_rows(first, count);
    if (!bytes) {
        return fail(std::move(bytes.error()));
    }
    std::vector<std::uint64_t> per_cpu(bytes->size() / sizeof(std::uint64_t));
    std::memcpy(per_cpu.data(), bytes->data(), bytes->size());
    const std::size_t words_per_row = raw_.row_bytes() / sizeof(std::uint64_t);
    std::vector<std::uint64_t> sums(std::size_t{count} * words_);
    for (std::size_t index = 0; index < per_cpu.size(); ++index) {
        sums[index / words_per_row * words_ + index % words_per_row % words_] += per_cpu[index];
    }
    return sums;
}

Result<> BpfSums::clear(std::uint32_t first, std::uint32_t count) {
    const std::vector<std::byte> zero(raw_.row_bytes());
    for (std::uint32_t number = first; number < first + count; ++number) {
        if (auto written = raw_.write(&number, zero.data()); !written) {
            return written;
        }
    }
    return {};
}

}  // namespace portcullis
