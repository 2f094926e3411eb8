// SPDX-License-Identifier: Apache-2.0
#include "tests/dataplane/foreign_objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
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

bpf_tc_opts filter() {
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.handle = 1;
    options.priority = 7;
    return options;
}

void check(int result, const char* doing) {
    if (result < 0 && result != -EEXIST) {
        errno = -result;
        end_test_run(doing);
    }
}

}  // namespace

ForeignProgram::ForeignProgram(const char* name) {
    constexpr std::array<bpf_insn, 2> code{{
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = TC_ACT_UNSPEC},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    program_ = UniqueFd(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name, "GPL", code.data(), code.size(), nullptr));
    check(program_.value(), "load a foreign program");
}

void ForeignProgram::attach(const Hook& hook, AttachMode mode) {
    if (mode == AttachMode::Tcx) {
        auto link = tcx_attach(hook, program_.value());
        check(link ? 0 : -link.error().code, "attach a foreign link");
        link_ = std::move(*link);
        return;
    }
    bpf_tc_hook tc = tc_hook(hook);
    check(::bpf_tc_hook_create(&tc), "make a clsact qdisc");
    bpf_tc_opts options = filter();
    options.prog_fd = program_.value();
    check(::bpf_tc_attach(&tc, &options), "attach a foreign filter");
}

bool ForeignProgram::is_attached(const Hook& hook, AttachMode mode) const {
    if (mode == AttachMode::Tcx) {
        const auto programs = tcx_programs(hook);
        return programs && std::ranges::find(*programs, id()) != programs->end();
    }
    const bpf_tc_hook tc = tc_hook(hook);
    bpf_tc_opts options = filter();
    return ::bpf_tc_query(&tc, &options) == 0 && options.prog_id == id();
}

void ForeignProgram::pin(const std::string& path) const { check(::bpf_obj_pin(program_.value(), path.c_str()), "pin a foreign program"); }

std::uint32_t ForeignProgram::id() const {
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    check(::bpf_obj_get_info_by_fd(program_.value(), &info, &bytes), "ask about a foreign program");
    return info.id;
}

}  // namespace portcullis::test
