// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/foreign_objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/tcx.h"
#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

bpf_tc_hook tc_hook(const Hook& hook) {
    LIBBPF_OPTS(bpf_tc_hook, tc);
    tc.ifindex = static_cast<int>(hook.ifindex);
    tc.attach_point = hook.direction == Direction::Outbound ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    return tc;
}

bpf_tc_opts filter(std::uint32_t handle, std::uint32_t priority) {
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.handle = handle;
    options.priority = priority;
    return options;
}

void check(int result, const char* doing) {
    if (result < 0 && result != -EEXIST) {
        errno = -result;
        end_test_run(doing);
    }
}

UniqueFd load_returning(bpf_prog_type type, const char* name, int verdict) {
    const std::array<bpf_insn, 2> code{{
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = verdict},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    UniqueFd program(::bpf_prog_load(type, name, "GPL", code.data(), code.size(), nullptr));
    check(program.value(), "load a foreign program");
    return program;
}

std::uint32_t id_of(const UniqueFd& program) {
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    check(::bpf_obj_get_info_by_fd(program.value(), &info, &bytes), "ask about a foreign program");
    return info.id;
}

}  // namespace

ForeignProgram::ForeignProgram(const char* name, int verdict) : program_(load_returning(BPF_PROG_TYPE_SCHED_CLS, name, verdict)) {}

void ForeignProgram::attach(const Hook& hook, AttachMode mode, std::uint32_t priority) {
    if (mode == AttachMode::Tcx) {
        auto link = tcx_attach(hook, program_.value());
        check(link ? 0 : -link.error().code, "attach a foreign link");
        link_ = std::move(*link);
        return;
    }
    bpf_tc_hook tc = tc_hook(hook);
    check(::bpf_tc_hook_create(&tc), "make a clsact qdisc");
    priority_ = priority;
    bpf_tc_opts options = filter(id(), priority);
    options.prog_fd = program_.value();
    check(::bpf_tc_attach(&tc, &options), "attach a foreign filter");
}

bool ForeignProgram::is_attached(const Hook& hook, AttachMode mode) const {
    if (mode == AttachMode::Tcx) {
        const auto programs = tcx_programs(hook);
        return programs && std::ranges::find(*programs, id()) != programs->end();
    }
    const bpf_tc_hook tc = tc_hook(hook);
    bpf_tc_opts options = filter(id(), priority_);
    return ::bpf_tc_query(&tc, &options) == 0 && options.prog_id == id();
}

void ForeignProgram::pin(const std::string& path) const { check(::bpf_obj_pin(program_.value(), path.c_str()), "pin a foreign program"); }

std::uint32_t ForeignProgram::id() const { return id_of(program_); }

void detach_pinned_link(const std::string& path) {
    const UniqueFd link(::bpf_obj_get(path.c_str()));
    check(link.value(), "open a pinned link");
    check(::bpf_link_detach(link.value()), "detach a link");
}

ForeignXdp::ForeignXdp() : program_(load_returning(BPF_PROG_TYPE_XDP, "foreign_xdp", XDP_PASS)) {}

void ForeignXdp::attach(std::uint32_t ifindex) const {
    check(::bpf_xdp_attach(static_cast<int>(ifindex), program_.value(), XDP_FLAGS_DRV_MODE, nullptr), "attach a foreign XDP program");
}

void ForeignXdp::detach(std::uint32_t ifindex) const {
    check(::bpf_xdp_detach(static_cast<int>(ifindex), XDP_FLAGS_DRV_MODE, nullptr), "detach a foreign XDP program");
}

std::uint32_t ForeignXdp::id() const { return id_of(program_); }

}  // namespace portcullis::test
