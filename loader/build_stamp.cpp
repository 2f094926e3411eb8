// SPDX-License-Identifier: Apache-2.0
#include "loader/build_stamp.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace portcullis {
namespace {

constexpr std::uint32_t kRow = 0;

std::uint64_t number_of(std::string_view object_file) { return std::hash<std::string_view>{}(object_file); }

}  // namespace

Result<UniqueFd> make_build_stamp(std::string_view object_file) {
    const std::uint64_t number = number_of(object_file);
    // What bpftool shows it by, like the maps of the object: two integers.
    const std::unique_ptr<btf, decltype(&::btf__free)> types(::btf__new_empty(), ::btf__free);
    if (types == nullptr) {
        return fail(Error::from_errno("cannot make the types of " + std::string(kBuildStamp), errno));
    }
    const int row = ::btf__add_int(types.get(), "unsigned int", sizeof(kRow), 0);
    const int value = ::btf__add_int(types.get(), "unsigned long long", sizeof(number), 0);
    const int loaded = row < 0 ? row : value < 0 ? value : ::btf__load_into_kernel(types.get());
    if (loaded < 0) {
        return fail(Error::from_errno("cannot load the types of " + std::string(kBuildStamp), -loaded));
    }
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.btf_fd = static_cast<std::uint32_t>(::btf__fd(types.get()));
    options.btf_key_type_id = static_cast<std::uint32_t>(row);
    options.btf_value_type_id = static_cast<std::uint32_t>(value);
    UniqueFd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, kBuildStamp, sizeof(kRow), sizeof(number), 1, &options));
    const int result = map.is_open() ? ::bpf_map_update_elem(map.value(), &kRow, &number, BPF_ANY) : map.value();
    if (result < 0) {
        return fail(Error::from_errno("cannot make " + std::string(kBuildStamp), -result));
    }
    return map;
}

bool is_stamp_of(int map, std::string_view object_file) {
    bpf_map_info info{};
    std::uint32_t bytes = sizeof(info);
    std::uint64_t found = 0;
    return ::bpf_obj_get_info_by_fd(map, &info, &bytes) == 0 && info.type == BPF_MAP_TYPE_ARRAY && info.key_size == sizeof(kRow) &&
           info.value_size == sizeof(found) && ::bpf_map_lookup_elem(map, &kRow, &found) == 0 && found == number_of(object_file);
}

}  // namespace portcullis
