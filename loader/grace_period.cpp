// SPDX-License-Identifier: Apache-2.0
#include "loader/grace_period.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cstdint>

namespace portcullis {

Result<GracePeriod> GracePeriod::create() {
    UniqueFd inner(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "pc_grace_inner", sizeof(std::uint32_t), sizeof(std::uint32_t), 1, nullptr));
    if (!inner.is_open()) {
        return fail(Error::from_errno("cannot create the map pc_grace_inner", -inner.value()));
    }
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.inner_map_fd = static_cast<std::uint32_t>(inner.value());
    UniqueFd outer(::bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "pc_grace", sizeof(std::uint32_t), sizeof(std::uint32_t), 1, &options));
    if (!outer.is_open()) {
        return fail(Error::from_errno("cannot create the map pc_grace", -outer.value()));
    }
    return GracePeriod(std::move(outer), std::move(inner));
}

Result<> GracePeriod::wait() const {
    const std::uint32_t row = 0;
    const int inner = inner_.value();
    if (const int result = ::bpf_map_update_elem(outer_.value(), &row, &inner, BPF_ANY); result < 0) {
        return fail(Error::from_errno("cannot wait for running programs by an update of pc_grace", -result));
    }
    return {};
}

}  // namespace portcullis
