// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/netlink_attributes.h"

#include <libmnl/libmnl.h>

namespace portcullis {
namespace {

int call(const nlattr* attribute, void* take) {
    (*static_cast<const OnAttribute*>(take))(attribute);
    return MNL_CB_OK;
}

// libmnl hands it back to `call`, which takes it as what it is.
void* untyped(const OnAttribute& take) { return const_cast<OnAttribute*>(&take); }

}  // namespace

// The callback never fails, and neither does what calls it.
void each_attribute(const nlmsghdr* message, std::size_t header_bytes, const OnAttribute& take) {
    (void)mnl_attr_parse(message, static_cast<unsigned>(header_bytes), call, untyped(take));
}

void each_nested_attribute(const nlattr* attribute, const OnAttribute& take) {
    (void)mnl_attr_parse_nested(attribute, call, untyped(take));
}

}  // namespace portcullis
