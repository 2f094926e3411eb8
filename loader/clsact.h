// SPDX-License-Identifier: Apache-2.0
// Filters of a clsact qdisc, for kernels without tcx. Ours has a handle and a priority of its own; other filters are not touched, and the
// qdisc is never deleted: it may carry somebody else's. A filter stays until it is removed or the device goes.
#pragma once

#include <cstdint>
#include <optional>

#include "core/result.h"
#include "loader/hook.h"

namespace portcullis {

// Lowest priority number: filters run in its order.
inline constexpr std::uint32_t kClsactPriority = 1;
inline constexpr std::uint32_t kClsactHandle = 0x7063;  // "pc"

// Puts the program into our filter of the hook, in place of the one it holds, or into a new one; makes the qdisc where there is none.
[[nodiscard]] Result<> clsact_attach(const Hook& hook, int program_fd);
// Makes our filter the first of its priority, which others may have too. The hook holds the program all the while, for a moment twice.
[[nodiscard]] Result<> clsact_put_first(const Hook& hook, int program_fd);
// Removes our filter; that there is none, or no device, is no error.
[[nodiscard]] Result<> clsact_detach(const Hook& hook);
// Number of the program that our filter holds; none where there is no such filter, no qdisc or no device.
[[nodiscard]] Result<std::optional<std::uint32_t>> clsact_program(const Hook& hook);

}  // namespace portcullis
