// SPDX-License-Identifier: Apache-2.0
// All filters of a clsact qdisc, everybody's, in the order in which the kernel asks them: what stands before ours is seen by nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "loader/hook.h"

struct mnl_socket;

namespace portcullis {

struct ListedFilter {
    std::uint32_t handle = 0;
    std::uint32_t priority = 0;
    std::string kind;              // "bpf", "flower"
    std::uint32_t program_id = 0;  // of a BPF filter
};

class FilterList {
   public:
    // Speaks for the network namespace that the calling thread is in now.
    [[nodiscard]] static Result<FilterList> open();
    // Of the chain that packets begin with. None where there is no filter, no qdisc or no device.
    [[nodiscard]] Result<std::vector<ListedFilter>> read(const Hook& hook);

   private:
    struct Closer {
        void operator()(mnl_socket* socket) const noexcept;
    };
    std::unique_ptr<mnl_socket, Closer> socket_;
    std::vector<char> buffer_;
    std::uint32_t sequence_ = 0;
};

}  // namespace portcullis
