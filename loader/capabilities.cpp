// SPDX-License-Identifier: Apache-2.0
#include "loader/capabilities.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "core/result.h"
#include "core/unique_fd.h"
#include "loader/grace_period.h"
#include "loader/libbpf_log.h"
#include "loader/tcx.h"

namespace portcullis {
namespace {

constexpr std::uint32_t kLongFrame = 64;

// if (skb->len > 63) return TC_ACT_SHOT; return TC_ACT_UNSPEC;
Result<UniqueFd> load_scratch_program() {
    constexpr std::array<bpf_insn, 5> kCode{{
        {.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = 0 /* len */, .imm = 0},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = TC_ACT_SHOT},
        {.code = BPF_JMP | BPF_JGT | BPF_K, .dst_reg = BPF_REG_2, .src_reg = 0, .off = 1, .imm = kLongFrame - 1},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = TC_ACT_UNSPEC},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    UniqueFd program(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pc_probe", "Dual BSD/GPL", kCode.data(), kCode.size(), nullptr));
    if (!program.is_open()) {
        return fail(Error::from_errno("cannot load a scratch program", -program.value()));
    }
    return program;
}

Result<std::int32_t> verdict_on(int program_fd, std::uint32_t frame_bytes) {
    std::array<std::uint8_t, kLongFrame> frame{};
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = frame_bytes;
    if (const int result = ::bpf_prog_test_run_opts(program_fd, &options); result < 0) {
        return fail(Error::from_errno("cannot run a scratch program", -result));
    }
    return static_cast<std::int32_t>(options.retval);
}

Result<> probe_programs() {
    auto program = load_scratch_program();
    if (!program) {
        return fail(std::move(program.error()));
    }
    const auto passed = verdict_on(program->value(), kLongFrame / 2);
    const auto dropped = verdict_on(program->value(), kLongFrame);
    if (!passed || !dropped) {
        return fail(!passed ? passed.error() : dropped.error());
    }
    if (*passed != TC_ACT_UNSPEC || *dropped != TC_ACT_SHOT) {
        return fail("a scratch program gave other verdicts than it was written to give");
    }
    return {};
}

// *(u64 *)(r10 - 8) = 0; r0 = 0; r1 = 1; r0 = compare_and_swap(r10 - 8, r0, r1); return TC_ACT_UNSPEC;
Result<> probe_compare_and_swap() {
    constexpr std::array<bpf_insn, 6> kCode{{
        {.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = 0, .off = -8, .imm = 0},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .src_reg = 0, .off = 0, .imm = 1},
        {.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_1, .off = -8, .imm = BPF_CMPXCHG},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = TC_ACT_UNSPEC},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    }};
    const UniqueFd program(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pc_probe", "Dual BSD/GPL", kCode.data(), kCode.size(), nullptr));
    if (!program.is_open()) {
        return fail(Error::from_errno("cannot load a program that compares and swaps (since Linux 5.12)", -program.value()));
    }
    return {};
}

struct Kind {
    bpf_map_type type = BPF_MAP_TYPE_UNSPEC;
    std::uint32_t key_bytes = 0;
    std::uint32_t flags = 0;
    std::uint32_t value_bytes = sizeof(std::uint64_t);
    std::uint32_t entries = 1;
};

Result<> probe_map(const Kind& kind) {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.map_flags = kind.flags;
    const UniqueFd map(::bpf_map_create(kind.type, "pc_probe", kind.key_bytes, kind.value_bytes, kind.entries, &options));
    if (!map.is_open()) {
        return fail(Error::from_errno("cannot create a scratch map", -map.value()));
    }
    return {};
}

Result<> probe_maps() {
    constexpr std::uint32_t kRingBytes = 65536;  // a multiple of every page size
    constexpr std::array<Kind, 7> kKinds{{{.type = BPF_MAP_TYPE_ARRAY, .key_bytes = 4, .flags = BPF_F_MMAPABLE},
                                          {.type = BPF_MAP_TYPE_PERCPU_ARRAY, .key_bytes = 4},
                                          {.type = BPF_MAP_TYPE_HASH, .key_bytes = 4},
                                          {.type = BPF_MAP_TYPE_HASH, .key_bytes = 4, .flags = BPF_F_NO_PREALLOC},
                                          {.type = BPF_MAP_TYPE_LPM_TRIE, .key_bytes = 8, .flags = BPF_F_NO_PREALLOC},
                                          {.type = BPF_MAP_TYPE_QUEUE, .key_bytes = 0},
                                          {.type = BPF_MAP_TYPE_RINGBUF, .key_bytes = 0, .value_bytes = 0, .entries = kRingBytes}}};
    for (const Kind& kind : kKinds) {
        if (auto made = probe_map(kind); !made) {
            return made;
        }
    }
    return {};
}

Result<> probe_grace_period() {
    auto grace = GracePeriod::create();
    return grace ? grace->wait() : fail(std::move(grace.error()));
}

Result<> probe_btf() {
    constexpr const char* kFile = "/sys/kernel/btf/vmlinux";
    return ::access(kFile, R_OK) == 0 ? Result<>() : fail(Error::from_errno(std::string("cannot read ") + kFile, errno));
}

Capability capability(std::string name, bool is_needed, const Result<>& probed) {
    return {.name = std::move(name),
            .is_present = probed.has_value(),
            .is_needed = is_needed,
            .reason = probed ? std::string() : probed.error().message};
}

}  // namespace

Result<> Capabilities::check_usable() const {
    const auto missing = std::ranges::find_if(list, [](const Capability& one) { return one.is_needed && !one.is_present; });
    return missing == list.end() ? Result<>() : fail("this kernel cannot run the BPF back end: " + missing->reason);
}

bool Capabilities::has(std::string_view name) const {
    return std::ranges::any_of(list, [&](const Capability& one) { return one.name == name && one.is_present; });
}

Capabilities probe_capabilities() {
    const LibbpfSilence silence;  // reasons are returned
    return {.list = {capability("tc programs", true, probe_programs()), capability("compare and swap", true, probe_compare_and_swap()),
                     capability("maps", true, probe_maps()), capability("grace period", true, probe_grace_period()),
                     capability("tcx", false, probe_tcx()), capability("btf", false, probe_btf())}};
}

}  // namespace portcullis
