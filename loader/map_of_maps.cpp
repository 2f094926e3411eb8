// SPDX-License-Identifier: Apache-2.0
#include "loader/map_of_maps.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <thread>

namespace portcullis {
namespace {

// Threads that wait in the kernel at once: of two rows each, a thousand ports take some sixty grace periods.
constexpr std::size_t kThreads = 32;

// Calls `work` for shares of 0 … count - 1, at once. Gives the first failure by share.
Result<> in_shares(std::size_t count, const std::function<Result<>(std::size_t first, std::size_t end)>& work) {
    if (count == 0) {
        return {};
    }
    const std::size_t share = (count + kThreads - 1) / kThreads;
    std::vector<Result<>> results((count + share - 1) / share);
    std::vector<std::jthread> threads;
    for (std::size_t index = 1; index < results.size(); ++index) {
        threads.emplace_back([&, index] { results[index] = work(index * share, std::min(count, (index + 1) * share)); });
    }
    results[0] = work(0, std::min(count, share));
    threads.clear();  // waits for them
    for (Result<>& result : results) {
        if (!result) {
            return std::move(result);
        }
    }
    return {};
}

}  // namespace

Result<MapOfMaps> MapOfMaps::adopt(UniqueFd fd) {
    auto raw = RawMap::adopt(std::move(fd));
    if (!raw) {
        return fail(std::move(raw.error()));
    }
    if (auto fits = raw->expect_sizes(sizeof(std::uint32_t), sizeof(std::uint32_t)); !fits) {
        return fail(std::move(fits.error()));
    }
    return MapOfMaps(std::move(*raw));
}

Result<> MapOfMaps::write_all(std::span<const Row> rows) {
    std::vector<std::uint32_t> numbers;
    std::vector<std::uint32_t> maps;
    for (const Row& row : rows) {
        numbers.push_back(row.number);
        maps.push_back(static_cast<std::uint32_t>(row.map.value()));
    }
    return in_shares(rows.size(), [&](std::size_t first, std::size_t end) {
        return raw_.write_all(&numbers[first], &maps[first], static_cast<std::uint32_t>(end - first));
    });
}

Result<> MapOfMaps::clear_all(std::span<const std::uint32_t> numbers) {
    return in_shares(numbers.size(), [&](std::size_t first, std::size_t end) {
        return raw_.remove_all(&numbers[first], static_cast<std::uint32_t>(end - first));
    });
}

Result<std::optional<UniqueFd>> MapOfMaps::find(std::uint32_t number) const {
    std::uint32_t id = 0;
    const auto found = raw_.look_up(&number, &id);
    if (!found) {
        return fail(found.error());
    }
    if (!*found) {
        return std::optional<UniqueFd>();
    }
    UniqueFd map(::bpf_map_get_fd_by_id(id));
    if (!map.is_open()) {
        return fail(Error::from_errno("cannot open row " + std::to_string(number) + " of " + raw_.name(), -map.value()));
    }
    return std::optional(std::move(map));
}

Result<UniqueFd> MapOfMaps::open(std::uint32_t number) const {
    auto found = find(number);
    if (!found) {
        return fail(std::move(found.error()));
    }
    return *found ? Result<UniqueFd>(std::move(**found))
                  : fail("row " + std::to_string(number) + " of " + raw_.name() + " names no map", ENOENT);
}

}  // namespace portcullis
