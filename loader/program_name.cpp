// SPDX-License-Identifier: Apache-2.0
#include "loader/program_name.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cstring>

#include "core/unique_fd.h"

namespace portcullis {

std::string name_of_program(std::uint32_t program_id) {
    const std::string number = "program " + std::to_string(program_id);
    const UniqueFd program(::bpf_prog_get_fd_by_id(program_id));
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    if (!program.is_open() || ::bpf_obj_get_info_by_fd(program.value(), &info, &bytes) != 0) {
        return number;
    }
    return number + " (" +
           std::string(static_cast<const char*>(info.name), ::strnlen(static_cast<const char*>(info.name), BPF_OBJ_NAME_LEN)) + ")";
}

}  // namespace portcullis
