// SPDX-License-Identifier: Apache-2.0
// tcx links (since Linux 6.6), by bpf(2) through libbpf's low-level calls: libbpf 1.1 has no named helper for them and its headers lack
// the constants. A link holds its program at its hook for as long as a descriptor or a pin holds the link, and goes with the device.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/hook.h"

namespace portcullis {

// Whether the kernel has tcx; the error says why not.
[[nodiscard]] Result<> probe_tcx();

// A new link, in front of every program that is at the hook now.
[[nodiscard]] Result<UniqueFd> tcx_attach(const Hook& hook, int program_fd);
// Puts another program into the link: every packet is judged by the one or by the other.
[[nodiscard]] Result<> tcx_replace(int link_fd, int program_fd);
// A program that lets nothing pass, which stands in a link of ours while another takes its place (attachment.cpp).
[[nodiscard]] Result<UniqueFd> load_closed_program();
// Takes the program off the hook, whoever else holds the link. A link whose device is gone is no error.
[[nodiscard]] Result<> tcx_detach(int link_fd);

struct TcxLink {
    Hook hook;  // ifindex 0: the device is gone
    std::uint32_t program_id = 0;
};
// Fails when the descriptor is something else than a tcx link.
[[nodiscard]] Result<TcxLink> tcx_link(int link_fd);

// Numbers of the programs at the hook, in the order in which they run.
[[nodiscard]] Result<std::vector<std::uint32_t>> tcx_programs(const Hook& hook);

}  // namespace portcullis
