// SPDX-License-Identifier: Apache-2.0
#include "loader/xdp_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "loader/libbpf_log.h"
#include "loader/pin_sets.h"

namespace portcullis {
namespace {

constexpr std::string_view kPinName = "pc_xdp_";

}  // namespace

Result<UniqueFd> xdp_attach(std::uint32_t ifindex, int program_fd) {
    LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = XDP_FLAGS_DRV_MODE;
    const int result = ::bpf_link_create(program_fd, static_cast<int>(ifindex), BPF_XDP, &options);
    if (result < 0) {
        return fail(Error::from_errno("cannot attach to XDP of device " + std::to_string(ifindex), -result));
    }
    return UniqueFd(result);
}

Result<> xdp_replace(int link_fd, int program_fd) {
    if (const int result = ::bpf_link_update(link_fd, program_fd, nullptr); result < 0) {
        return fail(Error::from_errno("cannot replace the program of an XDP link", -result));
    }
    return {};
}

Result<XdpLink> xdp_link(int link_fd) {
    bpf_link_info info{};
    std::uint32_t bytes = sizeof(info);
    if (const int result = ::bpf_obj_get_info_by_fd(link_fd, &info, &bytes); result < 0) {
        return fail(Error::from_errno("cannot ask the kernel about a link", -result));
    }
    if (info.type != BPF_LINK_TYPE_XDP) {
        return fail("it is not an XDP link");
    }
    return XdpLink{.ifindex = info.xdp.ifindex, .program_id = info.prog_id};
}

std::uint32_t xdp_program_at(std::uint32_t ifindex) {
    const LibbpfSilence silence;
    std::uint32_t id = 0;
    return ::bpf_xdp_query_id(static_cast<int>(ifindex), XDP_FLAGS_DRV_MODE, &id) == 0 ? id : 0;
}

std::vector<std::uint32_t> xdp_programs_at(std::uint32_t ifindex) {
    const LibbpfSilence silence;
    LIBBPF_OPTS(bpf_xdp_query_opts, found);
    std::vector<std::uint32_t> ids;
    if (::bpf_xdp_query(static_cast<int>(ifindex), 0, &found) == 0) {
        ids = {found.hw_prog_id, found.drv_prog_id, found.skb_prog_id};
        std::erase(ids, 0U);
    }
    return ids;
}

std::string xdp_link_path(const std::string& links_directory, std::uint32_t ifindex) {
    return links_directory + "/" + std::string(kPinName) + std::to_string(ifindex);
}

Result<std::vector<std::string>> xdp_link_paths(const std::string& links_directory) {
    auto names = names_in(links_directory, kPinName);
    if (!names) {
        return fail(std::move(names.error()));
    }
    std::vector<std::string> paths;
    paths.reserve(names->size());
    for (const std::string& name : *names) {
        paths.push_back(links_directory);
        paths.back().append("/").append(name);
    }
    return paths;
}

std::uint32_t ifindex_of_path(const std::string& path) {
    const std::string_view number = std::string_view(path).substr(path.rfind('_') + 1);
    std::uint32_t ifindex = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), ifindex);
    return read.ec == std::errc{} && read.ptr == number.data() + number.size() ? ifindex : 0;
}

Result<> release_xdp_link(const std::string& path) {
    const UniqueFd link(::bpf_obj_get(path.c_str()));
    // Detached by hand: what a removed pin leaves behind, the kernel takes apart in the background.
    if (link.is_open() && xdp_link(link.value())) {
        if (const int result = ::bpf_link_detach(link.value()); result < 0 && result != -ENOLINK) {
            return fail(Error::from_errno("cannot detach the XDP link " + path, -result));
        }
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail(Error::from_errno("cannot remove the pin " + path, errno));
    }
    return {};
}

}  // namespace portcullis
