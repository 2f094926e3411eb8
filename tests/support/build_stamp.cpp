// SPDX-License-Identifier: Apache-2.0
#include "tests/support/build_stamp.h"

#include <bpf/bpf.h>

#include <cstdint>

#include "core/unique_fd.h"
#include "tests/support/netns.h"

namespace portcullis::test {

void pretend_another_build(const std::string& directory) {
    const UniqueFd map(::bpf_obj_get((directory + "/maps/pc_build").c_str()));
    const std::uint32_t row = 0;
    std::uint64_t number = 0;
    if (!map.is_open() || ::bpf_map_lookup_elem(map.value(), &row, &number) != 0) {
        end_test_run("read pc_build");
    }
    ++number;
    if (::bpf_map_update_elem(map.value(), &row, &number, BPF_ANY) != 0) {
        end_test_run("write pc_build");
    }
}

}  // namespace portcullis::test
