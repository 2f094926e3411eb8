// SPDX-License-Identifier: Apache-2.0
#include "loader/clsact.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "loader/libbpf_log.h"

namespace portcullis {
namespace {

// Lowest priority number: filters run in its order.
constexpr std::uint32_t kPriority = 1;
constexpr std::uint32_t kHandle = 0x7063;  // "pc"

bpf_tc_hook tc_hook(const Hook& hook) {
    LIBBPF_OPTS(bpf_tc_hook, tc);
    tc.ifindex = static_cast<int>(hook.ifindex);
    tc.attach_point = hook.direction == Direction::Outbound ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    return tc;
}

bpf_tc_opts our_filter() {
    LIBBPF_OPTS(bpf_tc_opts, options);
    options.handle = kHandle;
    options.priority = kPriority;
    return options;
}

// The qdisc serves both directions; libbpf makes it whichever is named.
int make_qdisc(bpf_tc_hook& tc) {
    const LibbpfSilence silence;  // that it is there already is what is hoped for
    return ::bpf_tc_hook_create(&tc);
}

// What the kernel answers where there is nothing to find: no filter, no qdisc (EINVAL, or EOPNOTSUPP of older kernels), no device.
bool is_absence(int code) { return code == ENOENT || code == EINVAL || code == EOPNOTSUPP || code == ENODEV; }

}  // namespace

Result<> clsact_attach(const Hook& hook, int program_fd) {
    bpf_tc_hook tc = tc_hook(hook);
    if (const int result = make_qdisc(tc); result < 0 && result != -EEXIST) {
        return fail(Error::from_errno("cannot make the clsact qdisc for " + hook.to_string(), -result));
    }
    bpf_tc_opts filter = our_filter();
    filter.prog_fd = program_fd;
    filter.flags = BPF_TC_F_REPLACE;
    if (const int result = ::bpf_tc_attach(&tc, &filter); result < 0) {
        return fail(Error::from_errno("cannot attach to " + hook.to_string() + " by a filter of priority 1", -result));
    }
    return {};
}

Result<> clsact_detach(const Hook& hook) {
    const LibbpfSilence silence;
    const bpf_tc_hook tc = tc_hook(hook);
    const bpf_tc_opts filter = our_filter();
    const int result = ::bpf_tc_detach(&tc, &filter);
    if (result < 0 && !is_absence(-result)) {
        return fail(Error::from_errno("cannot remove the filter from " + hook.to_string(), -result));
    }
    return {};
}

Result<std::optional<std::uint32_t>> clsact_program(const Hook& hook) {
    const LibbpfSilence silence;
    const bpf_tc_hook tc = tc_hook(hook);
    bpf_tc_opts filter = our_filter();
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
