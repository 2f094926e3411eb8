// SPDX-License-Identifier: Apache-2.0
#include "loader/tcx.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace portcullis {
namespace {

// Numbers of the kernel's interface that <linux/bpf.h> of Linux 6.1 does not have yet.
constexpr std::uint32_t kTcxIngress = 46;   // BPF_TCX_INGRESS
constexpr std::uint32_t kTcxEgress = 47;    // BPF_TCX_EGRESS
constexpr std::uint32_t kLinkTypeTcx = 11;  // BPF_LINK_TYPE_TCX
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE; without a relative: first
constexpr std::uint32_t kMaxPrograms = 64;  // BPF_MPROG_MAX

// The beginning of struct bpf_link_info as of Linux 6.6, for a tcx link.
struct LinkInfo {
    std::uint32_t type;
    std::uint32_t id;
    std::uint32_t program_id;
    std::uint32_t pad;
    std::uint32_t ifindex;
    std::uint32_t attach_type;
};
static_assert(offsetof(LinkInfo, ifindex) == offsetof(bpf_link_info, xdp.ifindex), "the kernel's layout");

bpf_attach_type attach_type_of(Direction direction) {
    return static_cast<bpf_attach_type>(direction == Direction::Outbound ? kTcxIngress : kTcxEgress);
}

}  // namespace

Result<> probe_tcx() {
    // Device 1 is the loopback device of every network namespace.
    const auto programs = tcx_programs(Hook{.ifindex = 1, .direction = Direction::Outbound});
    if (programs) {
        return {};
    }
    if (programs.error().code == EINVAL) {
        return fail("the kernel has no tcx hooks (since Linux 6.6)", EINVAL);
    }
    return fail(programs.error());
}

Result<UniqueFd> tcx_attach(const Hook& hook, int program_fd) {
    LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = kBefore;
    const int result = ::bpf_link_create(program_fd, static_cast<int>(hook.ifindex), attach_type_of(hook.direction), &options);
    if (result < 0) {
        return fail(Error::from_errno("cannot attach to " + hook.to_string(), -result));
    }
    return UniqueFd(result);
}

Result<> tcx_replace(int link_fd, int program_fd) {
    if (const int result = ::bpf_link_update(link_fd, program_fd, nullptr); result < 0) {
        return fail(Error::from_errno("cannot replace the program of a tcx link", -result));
    }
    return {};
}

Result<UniqueFd> load_closed_program() {
    const std::array<bpf_insn, 2> code{{
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = TC_ACT_SHOT},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    UniqueFd program(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pc_closed", "GPL", code.data(), code.size(), nullptr));
    if (!program.is_open()) {
        return fail(Error::from_errno("cannot load a program that lets nothing pass", -program.value()));
    }
    return program;
}

Result<> tcx_detach(int link_fd) {
    const int result = ::bpf_link_detach(link_fd);
    if (result < 0 && result != -ENOLINK) {
        return fail(Error::from_errno("cannot detach a tcx link", -result));
    }
    return {};
}

Result<TcxLink> tcx_link(int link_fd) {
    LinkInfo info{};
    std::uint32_t bytes = sizeof(info);
    if (const int result = ::bpf_obj_get_info_by_fd(link_fd, &info, &bytes); result < 0) {
        return fail(Error::from_errno("cannot ask the kernel about a link", -result));
    }
    if (info.type != kLinkTypeTcx || (info.attach_type != kTcxIngress && info.attach_type != kTcxEgress)) {
        return fail("it is not a tcx link");
    }
    return TcxLink{
        .hook = {.ifindex = info.ifindex, .direction = info.attach_type == kTcxIngress ? Direction::Outbound : Direction::Inbound},
        .program_id = info.program_id};
}

Result<std::vector<std::uint32_t>> tcx_programs(const Hook& hook) {
    std::vector<std::uint32_t> ids(kMaxPrograms);
    std::uint32_t count = kMaxPrograms;
    std::uint32_t flags = 0;
    const int result = ::bpf_prog_query(static_cast<int>(hook.ifindex), attach_type_of(hook.direction), 0, &flags, ids.data(), &count);
    if (result < 0) {
        return fail(Error::from_errno("cannot read back " + hook.to_string(), -result));
    }
    ids.resize(count);
    return ids;
}

}  // namespace portcullis
