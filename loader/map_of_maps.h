// SPDX-License-Identifier: Apache-2.0
// A map of maps: rows that name other maps, which live as long as a row names them. Fills many rows in little time.
//
// Every write from user space waits for a grace period in the kernel. Waits that begin together end together, so many rows are written by
// several threads, which end before the call does; kernels since Linux 6.8 wait once for a whole batch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/bpf_map.h"

namespace portcullis {

class MapOfMaps {
   public:
    MapOfMaps() = default;  // of no map
    [[nodiscard]] static Result<MapOfMaps> adopt(UniqueFd fd);

    struct Row {
        std::uint32_t number = 0;
        UniqueFd map;
    };
    // Afterwards no program that began before uses what the rows named before.
    [[nodiscard]] Result<> write_all(std::span<const Row> rows);
    // The rows name nothing.
    [[nodiscard]] Result<> clear_all(std::span<const std::uint32_t> numbers);
    [[nodiscard]] std::uint32_t capacity() const { return raw_.capacity(); }
    // The map that a row names; none where it names none.
    [[nodiscard]] Result<std::optional<UniqueFd>> find(std::uint32_t number) const;
    // The same, where it names none an error.
    [[nodiscard]] Result<UniqueFd> open(std::uint32_t number) const;

   private:
    explicit MapOfMaps(RawMap raw) : raw_(std::move(raw)) {}
    RawMap raw_;
};

}  // namespace portcullis
