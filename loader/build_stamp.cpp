// SPDX-License-Identifier: Apache-2.0
#include "loader/build_stamp.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace portcullis {
namespace {

constexpr std::uint32_t kRow = 0;

std::uint64_t number_of(std::string_view object_file) { return std::hash<std::string_view>{}(object_file); }

// What bpftool shows it by, like the maps of the object: two integers.
struct Types {
    std::unique_ptr<btf, decltype(&::btf__free)> all{::btf__new_empty(), ::btf__free};
    int row = ::btf__add_int(all.get(), "unsigned int", sizeof(kRow), 0);
    int number = ::btf__add_int(all.get(), "unsigned long long", sizeof(std::uint64_t), 0);
};

}  // namespace

Result<UniqueFd> make_build_stamp(std::string_view object_file) {
    const std::uint64_t number = number_of(object_file);
    const Types types;
    if (types.all == nullptr || types.row < 0 || types.number < 0 || ::btf__load_into_kernel(types.all.get()) != 0) {
        return fail("cannot describe " + std::string(kBuildStamp));
    }
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.btf_fd = static_cast<std::uint32_t>(::btf__fd(types.all.get()));
    options.btf_key_type_id = static_cast<std::uint32_t>(types.row);
    options.btf_value_type_id = static_cast<std::uint32_t>(types.number);
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
