// SPDX-License-Identifier: Apache-2.0
#include "loader/clsact.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "loader/libbpf_log.h"

namespace portcullis {
namespace {

// Holds the place of our filter while that goes from the one place to the other. There for a moment, or where a daemon died meanwhile.
constexpr std::uint32_t kSpareHandle = kClsactHandle + 1;

bpf_tc_hook tc_hook(const Hook& hook) {
    LIBBPF_OPTS(bpf_tc_hook, tc);
    tc.ifindex = static_cast<int>(hook.ifindex);
    tc.attach_point = hook.direction == Direction::Outbound ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    return tc;
}

bpf_tc_opts filter_with(std::uint32_t handle) {
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.handle = handle;
    options.priority = kClsactPriority;
    return options;
}

// The qdisc serves both directions; libbpf makes it whichever is named.
int make_qdisc(bpf_tc_hook& tc) {
    const LibbpfSilence silence;  // that it is there already is what is hoped for
    return ::bpf_tc_hook_create(&tc);
}

// What the kernel answers where there is nothing to find: no filter, no qdisc (EINVAL, or EOPNOTSUPP of older kernels), no device.
bool is_absence(int code) { return code == ENOENT || code == EINVAL || code == EOPNOTSUPP || code == ENODEV; }

// A filter that is new is asked before the others of its priority; one that is there already keeps its place.
Result<> put_filter(const Hook& hook, std::uint32_t handle, int program_fd) {
    const bpf_tc_hook tc = tc_hook(hook);
    bpf_tc_opts filter = filter_with(handle);
    filter.prog_fd = program_fd;
    filter.flags = BPF_TC_F_REPLACE;
    if (const int result = ::bpf_tc_attach(&tc, &filter); result < 0) {
        return fail(Error::from_errno("cannot attach to " + hook.to_string() + " by a filter of priority 1", -result));
    }
    return {};
}

Result<> remove_filter(const Hook& hook, std::uint32_t handle) {
    const LibbpfSilence silence;
    const bpf_tc_hook tc = tc_hook(hook);
    const bpf_tc_opts filter = filter_with(handle);
    const int result = ::bpf_tc_detach(&tc, &filter);
    if (result < 0 && !is_absence(-result)) {
        return fail(Error::from_errno("cannot remove the filter from " + hook.to_string(), -result));
    }
    return {};
}

}  // namespace

Result<> clsact_attach(const Hook& hook, int program_fd) {
    bpf_tc_hook tc = tc_hook(hook);
    if (const int result = make_qdisc(tc); result < 0 && result != -EEXIST) {
        return fail(Error::from_errno("cannot make the clsact qdisc for " + hook.to_string(), -result));
    }
    auto put = put_filter(hook, kClsactHandle, program_fd);
    return put ? remove_filter(hook, kSpareHandle) : put;
}

Result<> clsact_put_first(const Hook& hook, int program_fd) {
    auto done = put_filter(hook, kSpareHandle, program_fd);
    done = done ? remove_filter(hook, kClsactHandle) : done;
    done = done ? put_filter(hook, kClsactHandle, program_fd) : done;
    return done ? remove_filter(hook, kSpareHandle) : done;
}

Result<> clsact_detach(const Hook& hook) {
    auto removed = remove_filter(hook, kClsactHandle);
    return removed ? remove_filter(hook, kSpareHandle) : removed;
}

Result<std::optional<std::uint32_t>> clsact_program(const Hook& hook) {
    const LibbpfSilence silence;
    const bpf_tc_hook tc = tc_hook(hook);
    bpf_tc_opts filter = filter_with(kClsactHandle);
    const int result = ::bpf_tc_query(&tc, &filter);
    if (result == 0) {
        return filter.prog_id;
    }
    if (is_absence(-result)) {
        return std::nullopt;
    }
    return fail(Error::from_errno("cannot read back " + hook.to_string(), -result));
}

}  // namespace portcullis
