// SPDX-License-Identifier: Apache-2.0
// Native XDP by links (bpf(2) through libbpf's low-level calls), and where they are pinned: links/pc_xdp_N for device number N. A device
// has one XDP program; where another's is, ours is refused and theirs stays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"

namespace portcullis {

// Error code EBUSY or EEXIST: another program is there. EOPNOTSUPP: the driver has no native XDP. ENODEV: no such device.
[[nodiscard]] Result<UniqueFd> xdp_attach(std::uint32_t ifindex, int program_fd);
// Puts another program into the link, in place.
[[nodiscard]] Result<> xdp_replace(int link_fd, int program_fd);

struct XdpLink {
    std::uint32_t ifindex = 0;  // 0: the device is gone
    std::uint32_t program_id = 0;
};
// Fails when the descriptor is something else than an XDP link.
[[nodiscard]] Result<XdpLink> xdp_link(int link_fd);
// Number of the program that runs natively at a device of the calling thread's namespace; 0: none, or no device.
[[nodiscard]] std::uint32_t xdp_program_at(std::uint32_t ifindex);

// Those that run there in whatever way.
[[nodiscard]] std::vector<std::uint32_t> xdp_programs_at(std::uint32_t ifindex);

[[nodiscard]] std::string xdp_link_path(const std::string& links_directory, std::uint32_t ifindex);
// Every pin of such a link in the directory, by its path.
[[nodiscard]] Result<std::vector<std::string>> xdp_link_paths(const std::string& links_directory);
// The number in such a path; 0: there is none.
[[nodiscard]] std::uint32_t ifindex_of_path(const std::string& path);
// Takes the program off its device, whatever namespace that is in, and removes the pin.
[[nodiscard]] Result<> release_xdp_link(const std::string& path);

}  // namespace portcullis
