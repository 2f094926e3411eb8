// SPDX-License-Identifier: Apache-2.0
// Memory of the back end's maps, as the kernel accounts it, by the pins.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace portcullis::bench {

struct MapMemory {
    std::uint64_t bytes = 0;
    std::uint64_t per_cpu_bytes = 0;  // of them, what grows with the number of CPUs
};

// By the name of the pin; maps that are rows of another are counted with it. Pre: a PrivateBpffs holds the pins. Failure ends the process.
[[nodiscard]] std::map<std::string, MapMemory> map_memory();
[[nodiscard]] MapMemory sum_of(const std::map<std::string, MapMemory>& maps);
// What the sum would be on a machine of so many possible CPUs.
[[nodiscard]] std::uint64_t bytes_on(const MapMemory& memory, unsigned cpus);

}  // namespace portcullis::bench
