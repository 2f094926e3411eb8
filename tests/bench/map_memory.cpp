// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/map_memory.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "core/unique_fd.h"
#include "tests/support/netns.h"
#include "tests/support/private_bpffs.h"

namespace portcullis::bench {
namespace {

std::uint64_t memory_of(int map) {
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(map));
    for (std::string word; file >> word;) {
        std::uint64_t bytes = 0;
        if (word == "memlock:" && file >> bytes) {
            return bytes;
        }
    }
    errno = ENOENT;
    test::end_test_run("read the memory of a map");
}

bpf_map_info info_of(int map) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(map, &info, &size) != 0) {
        test::end_test_run("ask for a map");
    }
    return info;
}

bool is_of_maps(const bpf_map_info& info) { return info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS; }
bool is_per_cpu(const bpf_map_info& info) {
    return info.type == BPF_MAP_TYPE_PERCPU_ARRAY || info.type == BPF_MAP_TYPE_PERCPU_HASH || info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

std::uint64_t memory_of_rows(int map, const bpf_map_info& info) {
    std::uint64_t bytes = 0;
    for (std::uint32_t row = 0; row < info.max_entries; ++row) {
        std::uint32_t id = 0;
        if (bpf_map_lookup_elem(map, &row, &id) == 0) {
            const UniqueFd inner(bpf_map_get_fd_by_id(id));
            bytes += inner.is_open() ? memory_of(inner.value()) : 0;
        }
    }
    return bytes;
}

}  // namespace

std::map<std::string, MapMemory> map_memory() {
    std::map<std::string, MapMemory> all;
    for (const auto& pin : std::filesystem::directory_iterator(test::PrivateBpffs::directory() + "/maps")) {
        const UniqueFd map(bpf_obj_get(pin.path().c_str()));
        if (!map.is_open()) {
            test::end_test_run("open " + pin.path().string());
        }
        const bpf_map_info info = info_of(map.value());
        MapMemory& memory = all[pin.path().filename().string()];
        memory.bytes = memory_of(map.value()) + (is_of_maps(info) ? memory_of_rows(map.value(), info) : 0);
        memory.per_cpu_bytes = is_per_cpu(info) ? memory.bytes : 0;
    }
    return all;
}

MapMemory sum_of(const std::map<std::string, MapMemory>& maps) {
    MapMemory sum;
    for (const auto& [name, memory] : maps) {
        sum.bytes += memory.bytes;
        sum.per_cpu_bytes += memory.per_cpu_bytes;
    }
    return sum;
}

std::uint64_t bytes_on(const MapMemory& memory, unsigned cpus) {
    const auto here = static_cast<std::uint64_t>(libbpf_num_possible_cpus());
    return memory.bytes - memory.per_cpu_bytes + memory.per_cpu_bytes / here * cpus;
}

}  // namespace portcullis::bench
